#include "weir/tokens/calibration.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "weir/base/random.hpp"

namespace weir::tokens {
namespace {

PromptSize size_of(double tokens, Method method = Method::bytes) {
  PromptSize size{.method = method};
  size.tokens.fill(static_cast<float>(tokens));
  return size;
}

TEST(Calibration, BeginsWithTheEstimateAndWhatIsUsual) {
  const Calibration fresh(Family::qwen);
  const auto [likely, upper] = fresh.prompt(size_of(1000), 0.9);
  EXPECT_EQ(likely, 1000U);
  EXPECT_GT(upper, 1100U);
  EXPECT_LT(upper, 1250U);
  EXPECT_FALSE(fresh.output(0.9));
}

TEST(Calibration, LearnsARatioAndAnOverhead) {
  Calibration model(Family::llama);
  SystemRandom random;
  for (int i = 0; i < 40; ++i) {
    const double tokens = std::exp(3 + 6 * random.unit());  // 20 to 8,000
    model.learn_prompt(size_of(tokens), static_cast<std::uint64_t>(1.2 * tokens + 25));
  }
  EXPECT_NEAR(static_cast<double>(model.prompt(size_of(50), 0.9).likely), 85, 4);
  EXPECT_NEAR(static_cast<double>(model.prompt(size_of(5000), 0.9).likely), 6025, 120);
}

TEST(Calibration, StaysWithinTheQuantileAskedFor) {
  Calibration model(Family::llama);
  SystemRandom random;
  int within = 0;
  constexpr int kAnswers = 2000;
  for (int i = 0; i < kAnswers + 50; ++i) {
    const double noise = (random.unit() + random.unit() + random.unit() + random.unit() - 2) * 0.2;
    const auto tokens = static_cast<std::uint64_t>(1000 * (1 + noise));
    if (i >= 50 && tokens <= model.prompt(size_of(1000), 0.9).upper) ++within;
    model.learn_prompt(size_of(1000), tokens);
  }
  EXPECT_GT(within, kAnswers * 87 / 100);
  EXPECT_LT(within, kAnswers * 94 / 100);
}

// How far the traits of these texts are off says nothing of the encoder's count.
TEST(Calibration, KeepsRatiosThatBytesTeachApartFromTheEncoders) {
  Calibration model(Family::gpt);
  for (int i = 0; i < 60; ++i) {
    const double size = 500 + 100 * (i % 20);
    model.learn_prompt(size_of(size, Method::bytes), static_cast<std::uint64_t>(1.3 * size));
  }
  EXPECT_NEAR(static_cast<double>(model.prompt(size_of(1000, Method::bytes), 0.5).likely), 1300, 30);
  EXPECT_NEAR(static_cast<double>(model.prompt(size_of(1000, Method::encoder), 0.5).likely), 1000, 30);
}

// A provider's own words in front of a prompt are there however we count.
TEST(Calibration, KnowsAnOverheadForBothMethods) {
  Calibration model(Family::gpt);
  for (int i = 0; i < 60; ++i) {
    const double size = 20 + 40 * (i % 20);
    model.learn_prompt(size_of(size, Method::bytes), static_cast<std::uint64_t>(size + 400));
  }
  EXPECT_NEAR(static_cast<double>(model.prompt(size_of(100, Method::encoder), 0.5).likely), 500, 25);
}

TEST(Calibration, KnowsARatioForBothMethodsWhereNothingElseTellsIt) {
  Calibration model(Family::unknown);
  for (int i = 0; i < 60; ++i) {
    const double size = 500 + 100 * (i % 20);
    model.learn_prompt(size_of(size, Method::bytes), static_cast<std::uint64_t>(1.3 * size));
  }
  EXPECT_NEAR(static_cast<double>(model.prompt(size_of(1000, Method::encoder), 0.5).likely), 1300, 40);
}

TEST(Calibration, FollowsAModelThatChanges) {
  Calibration model(Family::gpt);
  for (int i = 0; i < 200; ++i) model.learn_prompt(size_of(1000), 1000);
  for (int i = 0; i < 150; ++i) model.learn_prompt(size_of(1000), 1400);
  EXPECT_NEAR(static_cast<double>(model.prompt(size_of(1000), 0.5).likely), 1380, 40);
}

TEST(Calibration, NothingOneProviderSaysDrivesItOff) {
  Calibration model(Family::gpt);
  for (const std::uint64_t odd : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 40U, UINT64_MAX})
    for (int i = 0; i < 100; ++i) model.learn_prompt(size_of(1000), odd);
  const auto [likely, upper] = model.prompt(size_of(1000), 0.99);
  EXPECT_GE(likely, 300U);
  EXPECT_LE(likely, 2500U + 16384U);
  EXPECT_GE(upper, likely);
}

TEST(Calibration, LearnsHowLongAnswersAre) {
  Calibration model;
  for (std::uint64_t i = 1; i <= 9; ++i) model.learn_output(100);
  EXPECT_FALSE(model.output(0.9)) << "nine answers are too few";
  SystemRandom random;
  for (int i = 0; i < 500; ++i) model.learn_output(1 + random.bits() % 1000);
  EXPECT_NEAR(static_cast<double>(*model.output(0.5)), 500, 130);
  EXPECT_NEAR(static_cast<double>(*model.output(0.95)), 950, 130);
  EXPECT_LE(*model.output(0.5), *model.output(0.9));
}

TEST(Calibration, ComesBackAsItWas) {
  Calibration model(Family::qwen);
  for (int i = 0; i < 30; ++i) {
    model.learn_prompt(size_of(500 + 10 * i), 700);
    model.learn_prompt(size_of(500 + 10 * i, Method::encoder), 600);
    model.learn_output(300);
  }
  Calibration other(Family::qwen);
  ASSERT_TRUE(other.restore(model.save()));
  EXPECT_EQ(other.save(), model.save());
  EXPECT_EQ(other.prompt(size_of(640), 0.9).upper, model.prompt(size_of(640), 0.9).upper);
  EXPECT_EQ(other.output(0.95), model.output(0.95));
}

TEST(Calibration, RestoresNothingElse) {
  Calibration model;
  const std::string good = model.save();
  for (const std::string& bad :
       {std::string(), std::string("1"), std::string("2") + good.substr(1), good + " 1",
        good.substr(0, good.size() - 2), "1 nan" + good.substr(3), "1 -1" + good.substr(3)})
    EXPECT_FALSE(model.restore(bad)) << bad;
  EXPECT_EQ(model.save(), good);
}

}  // namespace
}  // namespace weir::tokens
