#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "weir/wire/sse.hpp"

namespace weir::wire {
namespace {

std::string delta(const std::string& members) {
  return R"({"choices":[{"index":0,"delta":{)" + members + R"(},"finish_reason":null}]})";
}

TEST(EventFacts, CommitOnTheFirstThingThatIsAnAnswer) {
  const std::vector<std::pair<std::string, std::size_t>> commits = {
      {delta(R"("content":"Hi")"), 2},
      {delta(R"("content":"\u20ac\n")"), 4},
      {delta(R"("content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},)"
             R"({"type":"text","text":"x"}])"),
       3},
      {delta(R"("content":"","reasoning":"so")"), 2},
      {delta(R"("reasoning_content":"so")"), 2},
      {delta(R"("reasoning":null,"reasoning_details":[{"type":"reasoning.encrypted","data":"x"}])"), 0},
      {delta(R"("refusal":"no")"), 2},
      {delta(R"("tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":""}}])"), 0},
      {delta(R"("tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}])"), 5},
      {delta(R"("function_call":{"name":"f","arguments":"{}"})"), 2},
      {R"({"choices":[{"delta":{},"finish_reason":"stop"}]})", 0},
      {R"({"choices":[{"text":"abc","finish_reason":null}]})", 3},
      {R"({"choices":[{"delta":{"role":"assistant"}},{"delta":{"content":"b"}}]})", 1},
      {R"({"choices":[{"delta":{"cont\u0065nt":"b"}}]})", 1},
  };
  for (const auto& [data, bytes] : commits) {
    const EventFacts facts = read_event(data);
    EXPECT_TRUE(facts.commits) << data;
    EXPECT_FALSE(facts.error || facts.done || facts.usage_only) << data;
    EXPECT_EQ(facts.text_bytes, bytes) << data;
  }
}

TEST(EventFacts, DoNotCommitBeforeThat) {
  for (const std::string& data : {
           delta(R"("role":"assistant","content":"")"),
           delta(R"("role":"assistant","content":null)"),
           delta(""),
           delta(R"("tool_calls":[],"reasoning":"","refusal":null,"content":[],"reasoning_details":[])"),
           std::string(R"({"choices":[],"prompt_filter_results":[{}]})"),
           std::string(R"({"choices":[{"delta":{},"finish_reason":""}]})"),
           std::string("{}"),
           std::string("[]"),
           std::string("null"),
           std::string("7"),
           std::string(R"("text")"),
           std::string("not json"),
           std::string(""),
           std::string(R"({"choices":[{"delta":{"content":"cut off)"),
           std::string(R"({"choices":{"delta":{"content":"x"}}})"),
           std::string(R"({"choices":["x",[],7]})"),
       }) {
    const EventFacts facts = read_event(data);
    EXPECT_FALSE(facts.commits || facts.finished || facts.error || facts.done || facts.usage_only ||
                 facts.usage)
        << data;
  }
}

TEST(EventFacts, KnowTheEnd) {
  EXPECT_TRUE(read_event("[DONE]").done);
  EXPECT_TRUE(read_event(" [DONE] ").done);
  EXPECT_FALSE(read_event("[DONE]x").done);
  EXPECT_FALSE(read_event("DONE").done);
  EXPECT_TRUE(
      read_event(R"({"choices":[{"delta":{"content":"all of it"},"finish_reason":"length"}]})").finished);
}

TEST(EventFacts, KnowErrorsInsideA200) {
  for (const std::string& data : {
           std::string(R"({"error":{"code":429,"message":"Provider returned error"}})"),
           std::string(R"([{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}])"),
           std::string(R"({"error":"overloaded"})"),
           std::string(R"({"id":"g","error":{"code":502},"choices":[{"index":0,"delta":{"content":""},)"
                       R"("finish_reason":"error"}]})"),
           std::string(R"({"choices":[{"delta":{"content":"some"},"finish_reason":"error"}]})"),
           std::string(R"({"choices":[{"delta":{},"error":{"code":502}}]})"),
           std::string(R"({"choices":[],"x_groq":{"id":"r","error":"internal"}})"),
           std::string(R"({"error":{"id":"","message":"queue"},"status_code":503})"),
           std::string(R"({"object":"error","message":"out of memory"})"),
       }) {
    const EventFacts facts = read_event(data);
    EXPECT_TRUE(facts.error) << data;
    EXPECT_FALSE(facts.commits || facts.finished) << data;
  }
  for (const char* none :
       {R"("error":null,)", R"("error":"",)", R"("error":false,)", R"("x_groq":{"error":null},)"}) {
    const EventFacts facts =
        read_event("{" + std::string(none) + R"("choices":[{"delta":{"content":"x"}}]})");
    EXPECT_TRUE(facts.commits && !facts.error) << none;
  }
}

TEST(EventFacts, FindUsageWhereProvidersPutIt) {
  // OpenAI and OpenRouter: an extra chunk.
  EventFacts facts =
      read_event(R"({"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,)"
                 R"("prompt_tokens_details":{"cached_tokens":4}}})");
  EXPECT_TRUE(facts.usage_only);
  ASSERT_TRUE(facts.usage);
  EXPECT_EQ(facts.usage->prompt_tokens, 9U);
  EXPECT_EQ(facts.usage->completion_tokens, 2U);
  EXPECT_EQ(facts.usage->total_tokens, 11U);
  EXPECT_EQ(facts.usage->cached_tokens, 4U);
  // Groq: in the finish chunk, twice where it was asked for. It counts once.
  facts = read_event(R"({"choices":[{"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"r",)"
                     R"("usage":{"prompt_tokens":5,"completion_tokens":6}}})");
  EXPECT_TRUE(facts.finished && !facts.usage_only);
  EXPECT_EQ(facts.usage->completion_tokens, 6U);
  facts = read_event(
      R"({"x_groq":{"usage":{"prompt_tokens":1}},"choices":[{"delta":{}}],"usage":{"prompt_tokens":5}})");
  EXPECT_EQ(facts.usage->prompt_tokens, 5U);
  // Google: in every chunk.
  facts = read_event(
      R"({"choices":[{"delta":{"content":"x"}}],"usage":{"prompt_tokens":3,"completion_tokens":1}})");
  EXPECT_TRUE(facts.commits && facts.usage && !facts.usage_only);
  // DeepSeek.
  facts = read_event(R"({"choices":[],"usage":{"prompt_tokens":3,"prompt_cache_hit_tokens":2}})");
  EXPECT_EQ(facts.usage->cached_tokens, 2U);
}

TEST(EventFacts, DoNotTrustTheNumbers) {
  const auto prompt = [](const std::string& number) {
    const auto facts =
        read_event(R"({"choices":[],"usage":{"completion_tokens":0,"prompt_tokens":)" + number + "}}");
    EXPECT_TRUE(facts.usage_only) << number;
    return facts.usage ? facts.usage->prompt_tokens : std::nullopt;
  };
  EXPECT_EQ(prompt("0"), 0U);
  EXPECT_EQ(prompt("12.0"), 12U);
  EXPECT_EQ(prompt("1099511627776"), 1099511627776U);
  for (const char* number :
       {"-1", "1099511627777", "1e30", "4611686018427387904", "123456789012345678901234567890", "1.5", "null",
        R"("12")", "true", "[1]", "{}"}) {
    EXPECT_EQ(prompt(number), std::nullopt) << number;
  }
  EXPECT_EQ(read_event(R"({"choices":[],"usage":{"completion_tokens":0}})").usage->completion_tokens, 0U)
      << "an explicit 0 is 0";
  EXPECT_FALSE(read_event(R"({"choices":[],"usage":{}})").usage);
  EXPECT_FALSE(read_event(R"({"choices":[],"usage":null})").usage_only);
  for (const char* data :
       {R"({"usage":{"prompt_tokens":1}})", R"({"choices":null,"usage":{"prompt_tokens":1}})"}) {
    EXPECT_TRUE(read_event(data).usage_only) << data;
    EXPECT_TRUE(read_event(data).lacks_choices) << data;
  }
  EXPECT_FALSE(read_event(R"({"choices":[],"usage":{}})").lacks_choices);
}

TEST(EventFacts, SurviveCharactersThatWereCutInTwo) {
  const EventFacts facts = read_event("{\"choices\":[{\"delta\":{\"content\":\"\xE2\x82\"}}]}");
  EXPECT_TRUE(facts.commits);
  EXPECT_EQ(facts.text_bytes, 2U);
}

TEST(EventFacts, SurviveDepth) {
  EXPECT_FALSE(read_event(std::string(100'000, '[')).commits);
  EXPECT_FALSE(
      read_event(delta(R"("content":)" + std::string(80, '[') + R"("x")" + std::string(80, ']'))).commits);
}

}  // namespace
}  // namespace weir::wire
