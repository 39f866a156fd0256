#include "weir/routing/calibrations.hpp"

#include <gtest/gtest.h>

namespace weir::routing {
namespace {

tokens::PromptSize size_of(float tokens) {
  tokens::PromptSize size;
  size.tokens.fill(tokens);
  return size;
}

TEST(Calibrations, KeepsEachModelsInItsPlace) {
  Calibrations table;
  tokens::Calibration& first = table.of("a/m", tokens::Family::qwen);
  (void)table.of("b/m", tokens::Family::llama);
  EXPECT_EQ(&table.of("a/m", tokens::Family::llama), &first);
  EXPECT_EQ(first.family(), tokens::Family::qwen);
}

TEST(Calibrations, GivesOutWhatChangedOnce) {
  Calibrations table;
  table.of("a/m", tokens::Family::qwen).learn_prompt(size_of(100), 120);
  (void)table.of("b/m", tokens::Family::llama);
  ASSERT_EQ(table.take(false).size(), 1U);
  EXPECT_TRUE(table.take(false).empty());
  EXPECT_EQ(table.take(true).size(), 1U) << "all that was learned; of the other there is nothing to tell";
}

TEST(Calibrations, ComesBackForModelsThatAreBoundLater) {
  Calibrations before;
  for (int i = 0; i < 20; ++i) before.of("a/m", tokens::Family::qwen).learn_prompt(size_of(100), 150);
  const auto kept = before.take(false);
  ASSERT_EQ(kept.size(), 1U);

  Calibrations after;
  after.restore(kept[0].first, kept[0].second);
  after.restore("b/m", "no sense");
  EXPECT_EQ(after.of("a/m", tokens::Family::qwen).save(), kept[0].second);
  EXPECT_EQ(after.of("b/m", tokens::Family::qwen).version(), 0U);
  EXPECT_TRUE(after.take(false).empty());
}

TEST(Calibrations, WhatWasLearnedMeanwhileStands) {
  Calibrations table;
  table.of("a/m", tokens::Family::qwen).learn_prompt(size_of(100), 200);
  const std::string now = table.of("a/m", tokens::Family::qwen).save();
  table.restore("a/m", tokens::Calibration(tokens::Family::qwen).save());
  EXPECT_EQ(table.of("a/m", tokens::Family::qwen).save(), now);
}

}  // namespace
}  // namespace weir::routing
