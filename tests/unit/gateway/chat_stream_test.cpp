#include "gateway/chat_stream.hpp"

#include <gtest/gtest.h>

namespace weir::gateway {
namespace {

constexpr std::string_view kRole =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
constexpr std::string_view kText =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"}}]}\n\n";
constexpr std::string_view kStop =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
constexpr std::string_view kUsage =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,\"total_tokens\":11}}\n\n";
constexpr std::string_view kDone = "data: [DONE]\n\n";

std::string joined(std::initializer_list<std::string_view> events) {
  std::string out;
  for (const auto event : events) out += event;
  return out;
}

std::string pass(ChatStream& stream, std::string_view bytes) {
  std::string out;
  EXPECT_TRUE(stream.take(bytes, out));
  return out;
}

TEST(ChatStream, BytesPassUnchanged) {
  ChatStream stream(true);
  const std::string all = joined({": hello\r\n\r\n", kRole, kText, kStop, kUsage, kDone});
  EXPECT_EQ(pass(stream, all), all);
}

TEST(ChatStream, SplitAnywhereTheSameBytesComeOut) {
  const std::string all = joined({kRole, kText, kStop, kUsage, kDone});
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    ChatStream stream(true);
    std::string out = pass(stream, std::string_view(all).substr(0, cut));
    out += pass(stream, std::string_view(all).substr(cut));
    ASSERT_EQ(out, all) << cut;
    ASSERT_EQ(stream.text_bytes(), 5U);
  }
}

TEST(ChatStream, ARoleAloneAndACommentDoNotCommit) {
  ChatStream stream(false);
  pass(stream, joined({": OPENROUTER PROCESSING\n\n", kRole}));
  EXPECT_FALSE(stream.committed());
  pass(stream, kText);
  EXPECT_TRUE(stream.committed());
}

TEST(ChatStream, TheUsageChunkIsKeptFromAClientThatDidNotAsk) {
  ChatStream stream(false);
  EXPECT_EQ(pass(stream, joined({kText, kStop, kUsage, kDone})), joined({kText, kStop, kDone}));
  ASSERT_TRUE(stream.usage());
  EXPECT_EQ(stream.usage()->completion_tokens, 2U);
}

TEST(ChatStream, AnErrorEventStopsTheStreamAndDoesNotGoOn) {
  ChatStream stream(false);
  EXPECT_EQ(
      pass(stream, joined({kText, "data: {\"error\":{\"message\":\"overloaded\",\"code\":503}}\n\n", kText})),
      kText);
  ASSERT_TRUE(stream.error());
  EXPECT_EQ(stream.error()->message, "overloaded");
  EXPECT_EQ(stream.error()->code, "503");
}

TEST(ChatStream, WhatComesBehindDoneIsDropped) {
  ChatStream stream(false);
  EXPECT_EQ(pass(stream, joined({kText, kDone, kText})), joined({kText, kDone}));
  EXPECT_TRUE(stream.done());
}

TEST(ChatStream, AnEndWithoutFinishReasonOrDoneIsATruncation) {
  ChatStream cut(false);
  pass(cut, kText);
  EXPECT_FALSE(cut.whole());
  ChatStream whole(false);
  pass(whole, joined({kText, kStop}));
  EXPECT_TRUE(whole.whole());
}

}  // namespace
}  // namespace weir::gateway
