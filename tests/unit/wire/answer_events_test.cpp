#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "weir/wire/answer.hpp"

namespace weir::wire {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kAnswer =
    R"({"id":"c1","object":"chat.completion","created":7,"model":"m","choices":[
  {"index":0,"message":{"role":"assistant","content":"one\ntwo","tool_calls":[
    {"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},
    {"id":"b","type":"function","function":{"name":"g","arguments":"{\"x\":1}"}}]},"finish_reason":"tool_calls"},
  {"index":1,"message":{"role":"assistant","content":"three"},"finish_reason":"stop"}],
  "usage":{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}})";

// The chunks of a stream that must end with [DONE].
std::vector<Json> chunks_of(std::string_view events) {
  std::vector<Json> chunks;
  constexpr std::string_view kData = "data: ";
  while (!events.empty()) {
    const std::size_t end = events.find("\n\n");
    EXPECT_NE(end, std::string_view::npos);
    EXPECT_TRUE(events.starts_with(kData));
    const std::string_view data = events.substr(kData.size(), end - kData.size());
    events.remove_prefix(end + 2);
    if (data == "[DONE]") break;
    chunks.push_back(Json::parse(data));
  }
  EXPECT_TRUE(events.empty());
  return chunks;
}

TEST(AnswerEvents, SayWhatThePlainAnswerSaid) {
  const auto events = as_events(kAnswer, true);
  ASSERT_TRUE(events);
  EXPECT_TRUE(events->ends_with("data: [DONE]\n\n"));
  const auto chunks = chunks_of(*events);
  ASSERT_EQ(chunks.size(), 3U);
  for (const Json& chunk : chunks) {
    EXPECT_EQ(chunk["object"], "chat.completion.chunk");
    EXPECT_EQ(chunk["id"], "c1");
    EXPECT_EQ(chunk["created"], 7);
  }
  const Json& first = chunks[0]["choices"];
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0]["delta"]["content"], "one\ntwo");
  EXPECT_EQ(first[0]["delta"]["role"], "assistant");
  EXPECT_EQ(first[0]["delta"]["tool_calls"][0]["index"], 0);
  EXPECT_EQ(first[0]["delta"]["tool_calls"][1]["index"], 1);
  EXPECT_EQ(first[0]["delta"]["tool_calls"][1]["function"]["arguments"], "{\"x\":1}");
  EXPECT_TRUE(first[0]["finish_reason"].is_null());
  EXPECT_FALSE(first[0].contains("message"));
  EXPECT_EQ(first[1]["index"], 1);
  EXPECT_EQ(first[1]["delta"]["content"], "three");
  const Json& last = chunks[1]["choices"];
  EXPECT_EQ(last[0]["finish_reason"], "tool_calls");
  EXPECT_EQ(last[0]["delta"], Json::object());
  EXPECT_EQ(last[1]["index"], 1);
  EXPECT_EQ(last[1]["finish_reason"], "stop");
  EXPECT_FALSE(chunks[0].contains("usage"));
  EXPECT_FALSE(chunks[1].contains("usage"));
  EXPECT_EQ(chunks[2]["choices"], Json::array());
  EXPECT_EQ(chunks[2]["usage"]["total_tokens"], 8);
}

TEST(AnswerEvents, TellUsageOnlyToWhoAsked) {
  const auto events = as_events(kAnswer, false);
  ASSERT_TRUE(events);
  EXPECT_EQ(events->find("usage"), std::string::npos);
  EXPECT_EQ(chunks_of(*events).size(), 2U);
}

TEST(AnswerEvents, AreNotMadeOfWhatIsNoAnswer) {
  for (const std::string_view body : {"", "[]", "{}", R"({"choices":{}})", R"({"choices":[1]})",
                                      R"({"choices":[{"message":{"content":1e999}}]})"})
    EXPECT_FALSE(as_events(body, true)) << body;
}

TEST(AnswerEvents, OfAnAnswerWithoutChoicesAreNone) {
  const auto events = as_events(R"({"id":"c","choices":[]})", false);
  ASSERT_TRUE(events);
  for (const Json& chunk : chunks_of(*events)) EXPECT_EQ(chunk["choices"], Json::array());
}

}  // namespace
}  // namespace weir::wire
