#include "gateway/usage_bounds.hpp"

#include <gtest/gtest.h>

#include <string>

namespace weir::gateway {
namespace {

constexpr std::uint64_t kFrame = 32 * 1024;  // around a prompt
constexpr std::uint64_t kAnswerFrame = 1024;

class UsageBoundsTest : public ::testing::Test {
 protected:
  UsageBounds bounds(const std::string& members, std::optional<std::uint64_t> sent = std::nullopt) {
    body_ = R"({"model":"m","messages":[{"role":"user","content":)" + content_ + "}]" + members + "}";
    wire::ChatRequest chat;
    EXPECT_EQ(wire::read_chat_request(body_, chat), std::nullopt);
    return usage_bounds(chat, body_, model_, sent ? sent : chat.max_tokens, chat.choices);
  }

  providers::Model model_{.context = 100'000, .max_output = 8'000, .capabilities_known = true};
  std::string content_ = R"("hello")";
  std::string body_;
};

TEST_F(UsageBoundsTest, APromptHasNoMoreTokensThanBytesAndAFrame) {
  const std::uint64_t prompt = bounds("").prompt;
  EXPECT_EQ(prompt, body_.size() + kFrame);
}

TEST_F(UsageBoundsTest, WhatIsNoTextMayFillTheContext) {
  for (const std::string_view part :
       {R"({"type":"image_url","image_url":{"url":"http://x"}})", R"({"type":"file","file":{"file_id":"f"}})",
        R"({"type":"input_audio","input_audio":{"data":"","format":"wav"}})"}) {
    content_ = "[" + std::string(part) + "]";
    EXPECT_EQ(bounds("").prompt, 100'000U) << part;
  }
  model_.context = 0;
  EXPECT_GT(bounds("").prompt, 10'000'000U);
  content_ = R"([{"type":"text","text":"hello"}])";
  const std::uint64_t prompt = bounds("").prompt;
  EXPECT_EQ(prompt, body_.size() + kFrame);
}

TEST_F(UsageBoundsTest, AnAnswerHasWhatWasAskedOrWhatTheModelCan) {
  EXPECT_EQ(bounds("").completion, 8'000U + kAnswerFrame);
  EXPECT_EQ(bounds(R"(,"max_tokens":50)").completion, 50U + kAnswerFrame);
  EXPECT_EQ(bounds(R"(,"max_tokens":50)", 70).completion, 70U + kAnswerFrame);
  EXPECT_EQ(bounds(R"(,"max_tokens":9000)").completion, 9'000U + kAnswerFrame);
  model_.max_output = 0;
  EXPECT_EQ(bounds("").completion, 100'000U + kAnswerFrame);
  model_.context = 0;
  EXPECT_GT(bounds("").completion, 10'000'000U);
}

TEST_F(UsageBoundsTest, ThinkingNeedNotCountTowardsMaxTokens) {
  model_.capabilities = static_cast<providers::Capabilities>(providers::Capability::reasoning);
  EXPECT_EQ(bounds(R"(,"max_tokens":50)").completion, 8'000U + kAnswerFrame);
  model_.capabilities = 0;
  model_.capabilities_known = false;
  EXPECT_EQ(bounds(R"(,"max_tokens":50)").completion, 8'000U + kAnswerFrame);
}

TEST_F(UsageBoundsTest, EachOfSeveralAnswersMayBeAsLong) {
  EXPECT_EQ(bounds(R"(,"n":3,"max_tokens":50)").completion, 3 * (50U + kAnswerFrame));
  EXPECT_EQ(bounds(R"(,"n":0,"max_tokens":50)").completion, 50U + kAnswerFrame);
  EXPECT_EQ(bounds(R"(,"n":"x","max_tokens":50)").completion, 50U + kAnswerFrame);
  EXPECT_LE(bounds(R"(,"n":99999999999999999999,"max_tokens":50)").completion, 128 * (50U + kAnswerFrame));
}

TEST(UsageBoundsHold, WhatLiesWithinAndNothingAbove) {
  const UsageBounds bounds{.prompt = 100, .completion = 50};
  EXPECT_TRUE(bounds.hold({}, 0));
  EXPECT_TRUE(bounds.hold({100, 50, 150, 100}, 0));
  EXPECT_FALSE(bounds.hold({101, 50, 150, 0}, 0));
  EXPECT_FALSE(bounds.hold({100, 51, 150, 0}, 0));
  EXPECT_FALSE(bounds.hold({100, 50, 151, 0}, 0));
  EXPECT_FALSE(bounds.hold({100, 50, 150, 101}, 0));
  // Who ignores max_tokens has written all the same.
  EXPECT_TRUE(bounds.hold({100, 400, 500, 0}, 400));
  EXPECT_FALSE(bounds.hold({100, 401, 501, 0}, 400));
}

}  // namespace
}  // namespace weir::gateway
