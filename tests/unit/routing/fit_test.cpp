#include "weir/routing/fit.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string_view>

#include "support/fake_clock.hpp"
#include "support/fake_random.hpp"
#include "support/providers.hpp"
#include "weir/routing/planner.hpp"

namespace weir::routing {
namespace {

using quota::ChargeRule;
using test::make_model;
using test::make_provider;
using test::tokens_per_minute;

quota::Limit output_per_minute(std::uint64_t amount) {
  return {.dimension = quota::Dimension::output_tokens, .amount = amount, .period = quota::kMinutePeriod};
}

// One target with such windows, charged by such a rule.
struct Fixture {
  explicit Fixture(std::vector<quota::Limit> limits, ChargeRule charge = {},
                   providers::Model model = make_model("m"))
      : catalogue(parts(std::move(limits), charge, std::move(model)), ledger, nullptr),
        route(*catalogue.find("p/m")),
        target(*route.candidates[0].target) {}

  static Catalogue::Parts parts(std::vector<quota::Limit> limits, const ChargeRule& charge,
                                providers::Model model) {
    Catalogue::Parts out;
    out.providers.push_back(make_provider("p", {std::move(model)}, std::move(limits)));
    out.providers[0].charge = charge;
    return out;
  }

  // What is sent in place of the client's word; 0: nothing.
  [[nodiscard]] std::uint64_t sent(const Ask& ask) const {
    return fit(target, ask, clock.now()).max_tokens.value_or(0);
  }
  [[nodiscard]] std::uint64_t charged(const Ask& ask) const {
    return fit(target, ask, clock.now()).cost.tokens;
  }
  std::variant<Choice, NoRoom> chosen(const Ask& ask) {
    test::FakeRandom random({0.5});
    return choose(route, ask, {}, clock.now(), random);
  }

  test::FakeClock clock;
  quota::Ledger ledger;
  Catalogue catalogue;
  const Route& route;
  const Target& target;
};

constexpr ChargeRule kAtAdmission{.tokens = ChargeRule::Tokens::prompt_plus_max_tokens};

Ask with_max(std::uint64_t prompt, std::uint64_t max_tokens, std::optional<std::uint64_t> min_output = 1024) {
  return {.prompt_tokens = prompt,
          .output_tokens = max_tokens,
          .max_tokens = max_tokens,
          .min_output = min_output};
}
Ask without_max(std::uint64_t prompt) {
  return {.prompt_tokens = prompt, .output_tokens = 512, .max_tokens = {}, .min_output = 1024};
}

TEST(Fit, SaysHowMuchOfTheOutputLikelyComesBack) {
  const Fixture f({tokens_per_minute(8000)});
  EXPECT_EQ(fit(f.target, with_max(100, 4000), f.clock.now()).cost.unused, 4000U) << "nothing is known";
  Target measured = f.target;
  tokens::Calibration counting;
  for (int i = 0; i < 20; ++i) counting.learn_output(1000);
  measured.counting = &counting;
  const quota::Cost cost = fit(measured, with_max(100, 4000), f.clock.now()).cost;
  EXPECT_NEAR(static_cast<double>(cost.likely().tokens), 1100, 500);
  EXPECT_EQ(cost.likely().output_tokens, cost.likely().tokens - 100);
  EXPECT_EQ(fit(measured, with_max(100, 10), f.clock.now()).cost.unused, 0U);
}

TEST(Fit, WhatIsChargedForGoodDoesNotComeBack) {
  const Fixture f({tokens_per_minute(8000)}, {.tokens = ChargeRule::Tokens::prompt_plus_max_tokens,
                                              .settle = ChargeRule::Settle::admission});
  EXPECT_EQ(fit(f.target, with_max(100, 4000), f.clock.now()).cost.unused, 0U);
}

TEST(Fit, WhatTheWindowHoldsIsLeftAlone) {
  const Fixture f({tokens_per_minute(8000)}, kAtAdmission);
  EXPECT_EQ(f.sent(with_max(1000, 7000)), 0U);
  EXPECT_EQ(f.charged(with_max(1000, 7000)), 8000U);
}

TEST(Fit, WhatNoWindowCanEverHoldBecomesWhatThePromptLeaves) {
  for (const ChargeRule& charge : {kAtAdmission, ChargeRule{}}) {
    const Fixture f({tokens_per_minute(8000), tokens_per_minute(9000)}, charge);
    // A quarter of the prompt stays free: the estimate may be too low by as much.
    EXPECT_EQ(f.sent(with_max(800, 80'000)), 7000U);
    EXPECT_EQ(f.charged(with_max(800, 80'000)), 7800U);
  }
}

TEST(Fit, ItIsComparedWithTheLimitAndNotWithTheRoom) {
  Fixture f({tokens_per_minute(8000)}, kAtAdmission);
  auto first = f.chosen(with_max(1000, 4000));
  ASSERT_TRUE(std::holds_alternative<Choice>(first));
  EXPECT_EQ(f.sent(with_max(1000, 5000)), 0U) << "it will fit in a minute";
  EXPECT_TRUE(std::holds_alternative<NoRoom>(f.chosen(with_max(1000, 5000))));
}

TEST(Fit, WhatADayKeepsForOthersIsNoRoom) {
  quota::Limit day = tokens_per_minute(100'000);
  day.period = quota::kDayPeriod;
  const Fixture f({day}, kAtAdmission);
  Ask ask = with_max(800, 80'000);
  EXPECT_EQ(f.sent(ask), 0U);
  ask.day.kept = 0.5;
  EXPECT_EQ(f.sent(ask), 49'000U);
}

TEST(Fit, NothingIsLoweredBelowTheLeastOutput) {
  Fixture f({tokens_per_minute(8000)}, kAtAdmission);
  EXPECT_EQ(f.sent(with_max(5580, 80'000)), 1025U);
  EXPECT_EQ(f.sent(with_max(5600, 80'000)), 0U);
  const auto none = f.chosen(with_max(5600, 80'000));
  ASSERT_TRUE(std::holds_alternative<NoRoom>(none));
  EXPECT_TRUE(std::get<NoRoom>(none).skips[0].too_large);
  EXPECT_EQ(f.sent(with_max(5600, 80'000, 900)), 1000U) << "the user may want less";
}

TEST(Fit, ALoweredOneIsReservedAndChosen) {
  Fixture f({tokens_per_minute(8000)}, kAtAdmission);
  auto chosen = f.chosen(with_max(800, 80'000));
  ASSERT_TRUE(std::holds_alternative<Choice>(chosen));
  EXPECT_EQ(std::get<Choice>(chosen).fitted.max_tokens, 7000U);
  EXPECT_EQ(f.target.pool.view(f.clock.now())[0].reserved, 7800U);
}

TEST(Fit, SwitchedOffEverythingGoesAsItIs) {
  providers::Model model = make_model("m");
  model.max_output = 4096;
  Fixture f({tokens_per_minute(8000)}, kAtAdmission, model);
  EXPECT_EQ(f.sent(with_max(800, 80'000, std::nullopt)), 0U);
  EXPECT_EQ(f.sent({.prompt_tokens = 800, .output_tokens = 512}), 0U);
  EXPECT_TRUE(std::holds_alternative<NoRoom>(f.chosen(with_max(800, 80'000, std::nullopt))));
}

TEST(Fit, NoMoreIsAskedThanTheModelCanWrite) {
  providers::Model model = make_model("m");
  model.max_output = 500;
  model.context = 2000;
  Fixture f({}, {}, model);
  EXPECT_EQ(f.sent(with_max(800, 80'000)), 500U) << "even below min_output: it can't do more";
  EXPECT_TRUE(std::holds_alternative<Choice>(f.chosen(with_max(1500, 80'000))));
  EXPECT_TRUE(std::holds_alternative<NoRoom>(f.chosen(with_max(1501, 80'000)))) << "the context is too small";
}

TEST(Fit, WindowsOfTheOutputAloneBoundIt) {
  const Fixture f({output_per_minute(3000)}, {.tokens = ChargeRule::Tokens::input});
  EXPECT_EQ(f.sent(with_max(50'000, 80'000)), 3000U);
  const Fixture input({tokens_per_minute(8000)}, {.tokens = ChargeRule::Tokens::input});
  EXPECT_EQ(input.sent(with_max(1000, 80'000)), 0U) << "its output isn't counted";
}

TEST(Fit, SeveralAnswersTakeTheOutputOfEach) {
  const Fixture f({tokens_per_minute(25'000)}, kAtAdmission);
  Ask ask = with_max(1000, 1000);
  ask.choices = 8;
  EXPECT_EQ(f.sent(ask), 0U);
  EXPECT_EQ(f.charged(ask), 9000U);
  Ask too_long = with_max(1000, 80'000);
  too_long.choices = 8;
  EXPECT_EQ(f.sent(too_long), 2968U) << "an eighth of what the prompt leaves";
  too_long.choices = 24;
  EXPECT_EQ(f.sent(too_long), 0U) << "less than the least output is left for each";
  Ask unbound = without_max(1000);
  unbound.choices = 2;
  EXPECT_EQ(f.sent(unbound), 4096U);
  EXPECT_EQ(f.charged(unbound), 9192U);
}

// A dialect that keeps no `n` asks for one.
TEST(Fit, OneAnswerIsReckonedWithWhereOnlyOneIsAskedFor) {
  static constexpr std::array<std::string_view, 1> kNames{"n"};
  static constexpr std::array kRules{
      providers::DialectRule{.edit = providers::DialectEdit::drop, .names = kNames}};
  providers::Preset preset = test::kBlankPreset;
  preset.dialect = kRules;
  Catalogue::Parts parts = Fixture::parts({tokens_per_minute(25'000)}, kAtAdmission, make_model("m"));
  parts.providers[0].preset = &preset;
  quota::Ledger ledger;
  const Catalogue catalogue(std::move(parts), ledger, nullptr);
  const test::FakeClock clock;
  Ask ask = with_max(1000, 1000);
  ask.choices = 8;
  const Fitted fitted = fit(*catalogue.find("p/m")->candidates[0].target, ask, clock.now());
  EXPECT_EQ(fitted.choices, 1U);
  EXPECT_EQ(fitted.cost.tokens, 2000U);
}

TEST(Fit, CreditThatIsUsedUpIsNoRoomForLater) {
  quota::Limit credit = tokens_per_minute(8000);
  credit.window = quota::WindowKind::credit;
  credit.period = {};
  Fixture f({credit}, kAtAdmission);
  auto first = f.chosen(with_max(1000, 3000));
  ASSERT_TRUE(std::holds_alternative<Choice>(first));
  EXPECT_EQ(f.sent(with_max(800, 5000)), 3000U);
}

TEST(Fit, WhereMaxTokensIsChargedAndNoneWasSentOneIs) {
  const Fixture f({tokens_per_minute(60'000)},
                  {.tokens = ChargeRule::Tokens::prompt_plus_max_tokens, .default_max_tokens = 16'384});
  EXPECT_EQ(f.sent(without_max(1000)), 4096U);
  EXPECT_EQ(f.charged(without_max(1000)), 5096U);
  const Fixture tight({tokens_per_minute(4000)}, kAtAdmission);
  EXPECT_EQ(tight.sent(without_max(800)), 3000U);
  const Fixture by_usage({tokens_per_minute(4000)});
  EXPECT_EQ(by_usage.sent(without_max(800)), 0U);
  EXPECT_EQ(by_usage.charged(without_max(800)), 1312U);
}

TEST(Fit, WhatIsSentWithoutBeingAskedIsBoundByModelAndContext) {
  providers::Model model = make_model("m");
  model.max_output = 2000;
  EXPECT_EQ(Fixture({}, kAtAdmission, model).sent(without_max(100)), 2000U);
  model.max_output = 0;
  model.context = 4000;
  EXPECT_EQ(Fixture({}, kAtAdmission, model).sent(without_max(800)), 3000U);
  EXPECT_EQ(Fixture({}, kAtAdmission, model).sent(without_max(3000)), 0U) << "the provider may judge that";
}

}  // namespace
}  // namespace weir::routing
