#include "weir/tokens/estimator.hpp"

#include <gtest/gtest.h>

#include <string>

#include "weir/tokens/encoder.hpp"

namespace weir::tokens {
namespace {

PromptFacts facts_of(std::string_view text) {
  PromptFacts facts{.messages = 1};
  add_traits(facts.text, text);
  return facts;
}

TEST(Family, IsToldByTheModelsName) {
  EXPECT_EQ(family_of("openai/gpt-oss-120b"), Family::gpt_oss);
  EXPECT_EQ(family_of("gpt-4o-mini"), Family::gpt);
  EXPECT_EQ(family_of("meta-llama/Llama-3.3-70B-Instruct"), Family::llama);
  EXPECT_EQ(family_of("deepseek-r1-distill-llama-70b"), Family::llama);
  EXPECT_EQ(family_of("deepseek-ai/DeepSeek-V3.1"), Family::deepseek);
  EXPECT_EQ(family_of("qwen/qwen3-32b"), Family::qwen);
  EXPECT_EQ(family_of("gemini-3.5-flash"), Family::gemma);
  EXPECT_EQ(family_of("codestral-latest"), Family::mistral);
  EXPECT_EQ(family_of("command-a-03-2025"), Family::command);
  EXPECT_EQ(family_of("kimi-k2"), Family::unknown);
}

// Numbers of facts that were measured with the families' own tokenizers: digits are what they differ in most.
TEST(Estimate, CountsEachDigitWhereTheFamilyDoes) {
  std::string table;
  for (int i = 0; i < 300; ++i) table += std::to_string(100'000 + i * 7919 % 900'000) + ",";
  const PromptSize size = by_bytes(facts_of(table));
  for (const Family each : {Family::qwen, Family::gemma, Family::mistral, Family::command})
    EXPECT_GT(size.of(each) / size.of(Family::gpt), 1.6) << name(each);
  for (const Family grouped : {Family::llama, Family::deepseek})
    EXPECT_NEAR(size.of(grouped) / size.of(Family::gpt), 1, 0.2) << name(grouped);
}

// Signs weigh more among themselves than in prose, and the terms that say so never take all.
TEST(Estimate, OfWhateverIsThereIsSomething) {
  const double nothing = by_bytes(facts_of("")).of(Family::llama);
  std::string accents;
  std::string code;
  std::string mixed;
  for (int i = 0; i < 200; ++i) {
    accents += "\xC3\xA9";
    code += "};(";
    mixed += "a\xC3\xA9 ";
  }
  for (const std::string& text :
       {accents, code, mixed, std::string("word \xC3\xA9"), std::string("a"), std::string(500, 'x') + ";"})
    for (std::size_t i = 0; i < kFamilies; ++i) {
      const auto family = static_cast<Family>(i);
      EXPECT_GT(by_bytes(facts_of(text)).of(family), by_bytes(facts_of("")).of(family))
          << text << name(family);
    }
  EXPECT_LT(by_bytes(facts_of(accents)).of(Family::llama) - nothing, 3.5 * 200);
}

TEST(Estimate, CodeAndProseAreBothNearTheirCount) {
  if (!has_encoder()) GTEST_SKIP() << "built without a vocabulary";
  for (const std::string_view line :
       {"for (const auto& window : windows) {\n  if (window.limit > 0) total += window.used;\n}\n",
        "const names = list.filter((one) => one.ready).map(({ name, key }) => `${name}#${key}`);\n",
        "The daemon keeps what it counted, and a restart finds it as it was. "}) {
    std::string text;
    for (int i = 0; i < 50; ++i) text += line;
    EXPECT_NEAR(by_bytes(facts_of(text)).of(Family::gpt) / static_cast<double>(count(text)), 1, 0.15) << line;
  }
}

TEST(Estimate, FramesCountByTheTemplate) {
  const PromptFacts none{};
  const PromptFacts two{.messages = 2};
  EXPECT_EQ(by_bytes(two).of(Family::llama) - by_bytes(none).of(Family::llama), 10);
  EXPECT_GT(by_bytes(none).of(Family::gpt_oss), 70);  // harmony's preamble
}

TEST(Estimate, ImagesCount) {
  const PromptFacts none{.messages = 1};
  const PromptFacts one{.messages = 1, .images = 1};
  EXPECT_EQ(by_bytes(one).of(Family::gemma) - by_bytes(none).of(Family::gemma), 258);
  EXPECT_EQ(by_bytes(one).of(Family::gpt) - by_bytes(none).of(Family::gpt), 765);
}

TEST(Estimate, WithTheEncoderIsExactWhereItsVocabularyIs) {
  if (!has_encoder()) GTEST_SKIP() << "built without a vocabulary";
  for (const std::string_view text : {"Why does this not compile? I have tried both compilers.", "x",
                                      "123,456;789", "\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82"}) {
    const PromptSize size = by_encoder(facts_of(text), count(text));
    EXPECT_NEAR(size.of(Family::gpt), static_cast<double>(count(text)) + 7, 0.01) << text;
  }
}

TEST(Estimate, OfNothingIsTheTemplate) {
  EXPECT_EQ(by_encoder({}, 0).of(Family::gpt), by_bytes({}).of(Family::gpt));
}

}  // namespace
}  // namespace weir::tokens
