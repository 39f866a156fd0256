#include "weir/quota/charge.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace weir::quota {
namespace {

using Tokens = ChargeRule::Tokens;
using Settle = ChargeRule::Settle;

constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();

ChargeRule rule(Tokens tokens, Settle settle = Settle::usage) {
  ChargeRule rule;
  rule.tokens = tokens;
  rule.settle = settle;
  return rule;
}

TEST(AdmissionCost, ReservesTheEstimateWhereUsageIsCharged) {
  const Cost cost = admission_cost(rule(Tokens::usage), 100, 512, 4000);
  EXPECT_EQ(cost.requests, 1U);
  EXPECT_EQ(cost.tokens, 612U);
  EXPECT_EQ(cost.input_tokens, 100U);
  EXPECT_EQ(cost.output_tokens, 512U);
}

TEST(AdmissionCost, ExpectsNoMoreOutputThanTheRequestAllows) {
  EXPECT_EQ(admission_cost(rule(Tokens::usage), 100, 512, 50).tokens, 150U);
  EXPECT_EQ(admission_cost(rule(Tokens::usage), 100, 512, 0).tokens, 100U);
}

TEST(AdmissionCost, ChargesAllThatMaxTokensAllows) {
  EXPECT_EQ(admission_cost(rule(Tokens::prompt_plus_max_tokens), 2745, 512, 8186).tokens, 10931U);
}

TEST(AdmissionCost, ChargesTheProvidersDefaultWhereTheRequestNamesNone) {
  ChargeRule cerebras = rule(Tokens::prompt_plus_max_tokens);
  cerebras.default_max_tokens = 16384;
  EXPECT_EQ(admission_cost(cerebras, 100, 512, std::nullopt).tokens, 16484U);
  EXPECT_EQ(admission_cost(cerebras, 100, 512, 20).tokens, 120U);
}

TEST(AdmissionCost, TakesTheExpectedOutputWhereTheDefaultIsUnknown) {
  EXPECT_EQ(admission_cost(rule(Tokens::prompt_plus_max_tokens), 100, 512, std::nullopt).tokens, 612U);
}

TEST(AdmissionCost, ChargesThePromptOnlyWhereInputIsCharged) {
  const Cost cost = admission_cost(rule(Tokens::input), 100, 512, 4000);
  EXPECT_EQ(cost.tokens, 100U);
  EXPECT_EQ(cost.output_tokens, 512U);  // a limit on output tokens counts them all the same
}

TEST(AdmissionCost, OfSeveralAnswersTakesEachOnesOutput) {
  const Cost cost = admission_cost(rule(Tokens::usage), 100, 512, 4000, 8);
  EXPECT_EQ(cost.requests, 1U);
  EXPECT_EQ(cost.input_tokens, 100U);
  EXPECT_EQ(cost.output_tokens, 4096U);
  EXPECT_EQ(cost.tokens, 4196U);
  EXPECT_EQ(admission_cost(rule(Tokens::prompt_plus_max_tokens), 100, 512, 4000, 8).tokens, 32'100U);
  EXPECT_EQ(admission_cost(rule(Tokens::usage), 100, kHuge / 2, {}, 3).tokens, kHuge);
}

TEST(AdmissionCost, StopsAtTheLargestNumber) {
  EXPECT_EQ(admission_cost(rule(Tokens::prompt_plus_max_tokens), 100, 512, kHuge).tokens, kHuge);
}

TEST(SettledCost, IsTheUsage) {
  const ChargeRule usage = rule(Tokens::usage);
  const Cost cost = settled_cost(usage, admission_cost(usage, 100, 512, 4000), 120, 40, 0);
  EXPECT_EQ(cost.tokens, 160U);
  EXPECT_EQ(cost.input_tokens, 120U);
  EXPECT_EQ(cost.output_tokens, 40U);
}

TEST(SettledCost, GivesTheDifferenceBackWhereTheProviderDoes) {
  const ChargeRule groq = rule(Tokens::prompt_plus_max_tokens, Settle::usage);
  EXPECT_EQ(settled_cost(groq, admission_cost(groq, 100, 512, 4000), 100, 40, 0).tokens, 140U);
}

TEST(SettledCost, KeepsMaxTokensWhereTheProviderDoes) {
  const ChargeRule strict = rule(Tokens::prompt_plus_max_tokens, Settle::admission);
  const Cost admitted = admission_cost(strict, 100, 512, 4000);
  const Cost cost = settled_cost(strict, admitted, 100, 40, 0);
  EXPECT_EQ(cost.tokens, admitted.tokens);
  EXPECT_EQ(cost.output_tokens, 4000U);
}

TEST(SettledCost, CorrectsAWrongPromptEstimateEvenThere) {
  const ChargeRule strict = rule(Tokens::prompt_plus_max_tokens, Settle::admission);
  EXPECT_EQ(settled_cost(strict, admission_cost(strict, 100, 512, 4000), 130, 40, 0).tokens, 4130U);
}

TEST(SettledCost, IsThePromptWhereInputIsCharged) {
  const ChargeRule gemini = rule(Tokens::input);
  const Cost cost = settled_cost(gemini, admission_cost(gemini, 100, 512, 4000), 90, 700, 0);
  EXPECT_EQ(cost.tokens, 90U);
  EXPECT_EQ(cost.output_tokens, 700U);
}

TEST(SettledCost, LeavesCachedTokensOutWhereTheyAreFree) {
  ChargeRule free_cache = rule(Tokens::usage);
  const Cost admitted = admission_cost(free_cache, 100, 10, {});
  EXPECT_EQ(settled_cost(free_cache, admitted, 100, 10, 80).tokens, 110U);
  free_cache.cached_free = true;
  EXPECT_EQ(settled_cost(free_cache, admitted, 100, 10, 80).tokens, 30U);
  EXPECT_EQ(settled_cost(free_cache, admitted, 100, 10, 80).input_tokens, 20U);
  EXPECT_EQ(settled_cost(free_cache, admitted, 100, 10, 300).tokens, 10U);  // more cached than there was
}

TEST(SettledCost, TakesAnExplicitZeroAtItsWord) {
  const ChargeRule usage = rule(Tokens::usage);
  EXPECT_EQ(settled_cost(usage, admission_cost(usage, 100, 512, {}), 0, 0, 0).tokens, 0U);
}

}  // namespace
}  // namespace weir::quota
