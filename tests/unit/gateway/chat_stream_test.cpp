#include "gateway/chat_stream.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace weir::gateway {
namespace {

using nlohmann::json;

std::string event(std::string_view members) {
  return R"(data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m",)" +
         std::string(members) + "}\n\n";
}

const std::string kRole = event(R"("choices":[{"index":0,"delta":{"role":"assistant","content":""}}])");
const std::string kText = event(R"("choices":[{"index":0,"delta":{"role":"assistant","content":"hello"}}])");
const std::string kStop = event(R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}])");
const std::string kUsage =
    event(R"("choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11})");
const std::string kDone = "data: [DONE]\n\n";

std::string joined(const std::vector<std::string>& events) {
  std::string out;
  for (const auto& one : events) out += one;
  return out;
}

constexpr wire::AnswerOrigin kOrigin{.request_id = "req_1", .model = "upstream", .created = 42};

// A stream to a client that asks for usage or not, whose prompt was estimated at 7 tokens.
class Stream : public ChatStream {
 public:
  explicit Stream(bool wants_usage) : ChatStream({.wants_usage = wants_usage, .prompt_tokens = 7}, kOrigin) {}

  std::string pass(std::string_view bytes) {
    std::string out;
    EXPECT_TRUE(take(bytes, out));
    return out;
  }
};

// The data of all events but [DONE].
std::vector<json> chunks(std::string_view stream) {
  wire::SseFramer framer;
  EXPECT_TRUE(framer.feed(stream));
  std::vector<json> all;
  while (const auto one = framer.next())
    if (!one->data.empty() && one->data != "[DONE]") all.push_back(json::parse(one->data));
  EXPECT_EQ(framer.rest(), "");
  return all;
}

// Every usage object that the client sees.
std::vector<json> usages(std::string_view stream) {
  std::vector<json> all;
  for (const json& chunk : chunks(stream))
    if (chunk.contains("usage") && chunk["usage"].is_object()) all.push_back(chunk["usage"]);
  return all;
}

TEST(ChatStream, BytesPassUnchanged) {
  Stream stream(true);
  const std::string all = joined({": hello\r\n\r\n", kRole, kText, kStop, kUsage, kDone});
  EXPECT_EQ(stream.pass(all), all);
}

TEST(ChatStream, SplitAnywhereTheSameBytesComeOut) {
  const std::string all = joined({kRole, kText, kStop, kUsage, kDone});
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    Stream stream(true);
    std::string out = stream.pass(std::string_view(all).substr(0, cut));
    out += stream.pass(std::string_view(all).substr(cut));
    ASSERT_EQ(out, all) << cut;
    ASSERT_EQ(stream.text_bytes(), 5U);
  }
}

TEST(ChatStream, ARoleAloneAndACommentDoNotCommit) {
  Stream stream(false);
  stream.pass(joined({": OPENROUTER PROCESSING\n\n", kRole}));
  EXPECT_FALSE(stream.committed());
  stream.pass(kText);
  EXPECT_TRUE(stream.committed());
}

TEST(ChatStream, TheUsageChunkIsKeptFromAClientThatDidNotAsk) {
  Stream stream(false);
  EXPECT_EQ(stream.pass(joined({kText, kStop, kUsage, kDone})), joined({kText, kStop, kDone}));
  ASSERT_TRUE(stream.usage());
  EXPECT_EQ(stream.usage()->completion_tokens, 2U);
}

TEST(ChatStream, AnErrorEventStopsTheStreamAndDoesNotGoOn) {
  Stream stream(false);
  EXPECT_EQ(
      stream.pass(joined({kText, "data: {\"error\":{\"message\":\"overloaded\",\"code\":503}}\n\n", kText})),
      kText);
  ASSERT_TRUE(stream.error());
  EXPECT_EQ(stream.error()->text.message, "overloaded");
  EXPECT_EQ(stream.error()->text.code, "503");
}

TEST(ChatStream, WhatComesBehindDoneIsDropped) {
  Stream stream(false);
  EXPECT_EQ(stream.pass(joined({kText, kStop, kDone, kText})), joined({kText, kStop, kDone}));
  EXPECT_TRUE(stream.done());
  EXPECT_EQ(stream.ending(), "");
}

// By a chunk of its own kind, for who reads no error events.
TEST(ChatStream, ABrokenOneEndsWithAChunkAndTheErrorAndNoDone) {
  Stream stream(false);
  const std::string error = R"(data: {"error":{"message":"broken off\nhere",)";
  const std::string nothing = stream.breaking({ErrorKind::upstream_closed, "broken off\nhere"}, "req_1");
  EXPECT_TRUE(
      nothing.starts_with(R"(data: {"id":"chatcmpl-req_1","object":"chat.completion.chunk","created":42,)"))
      << nothing;
  stream.pass(kText);
  const std::string chunk = event(R"("choices":[{"index":0,"delta":{},"finish_reason":"error"}])");
  const std::string events = stream.breaking({ErrorKind::upstream_closed, "broken off\nhere"}, "req_1");
  ASSERT_TRUE(events.starts_with(chunk + error)) << events;
  EXPECT_EQ(events.find("[DONE]"), std::string::npos);
  const std::string told = events.substr(chunk.size() + 6);
  EXPECT_EQ(json::parse(told)["error"]["weir"]["request_id"], "req_1");
  EXPECT_TRUE(told.ends_with("}\n\n"));
}

TEST(ChatStream, AnEndWithoutFinishReasonOrDoneIsATruncation) {
  Stream cut(false);
  cut.pass(kText);
  EXPECT_FALSE(cut.whole());
  Stream whole(false);
  whole.pass(joined({kText, kStop}));
  EXPECT_TRUE(whole.whole());
}

TEST(ChatStream, OfSeveralChoicesAllThatBeganMustFinish) {
  const auto choice = [](int index, std::string_view rest) {
    return event(R"("choices":[{"index":)" + std::to_string(index) + "," + std::string(rest) + "}]");
  };
  constexpr std::string_view kSays = R"("delta":{"role":"assistant","content":"a"})";
  constexpr std::string_view kEnds = R"("delta":{},"finish_reason":"stop")";
  for (const int other : {1, 15, 127}) {
    Stream stream(false);
    stream.pass(joined({choice(0, kSays), choice(other, kSays), choice(0, kEnds)}));
    EXPECT_FALSE(stream.whole()) << other;
    stream.pass(choice(other, kEnds));
    EXPECT_TRUE(stream.whole()) << other;
    EXPECT_EQ(stream.ending(), kDone) << other;
  }
  Stream done(false);
  EXPECT_EQ(done.pass(joined({choice(0, kSays), choice(1, kSays), choice(0, kEnds), kDone})),
            joined({choice(0, kSays), choice(1, kSays), choice(0, kEnds), kDone}));
  EXPECT_TRUE(done.whole());
}

TEST(ChatStream, AFinishReasonIsSaidBeforeDoneWhereTheProviderSaidNone) {
  Stream stream(false);
  EXPECT_EQ(stream.pass(joined({kText, kDone})), joined({kText, kStop, kDone}));

  Stream calls(false);
  const std::string call =
      event(R"("choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","type":"function",)"
            R"("function":{"name":"f","arguments":"{}"}}]}}])");
  const auto all = chunks(calls.pass(joined({call, kDone})));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1]["choices"][0]["finish_reason"], "tool_calls");
}

TEST(ChatStream, AFinishedStreamThatEndsWithoutDoneIsGivenIt) {
  Stream silent(false);
  silent.pass(joined({kText, kStop}));
  EXPECT_EQ(silent.ending(), kDone);

  Stream asking(true);
  asking.pass(joined({kText, kStop}));
  const std::string ending = asking.ending();
  EXPECT_EQ(usages(ending).size(), 1U);
  EXPECT_TRUE(ending.ends_with(kDone));
}

TEST(ChatStream, WhatAStreamLeavesOutOfItsChunksIsTheSameInAll) {
  Stream stream(true);
  const auto all = chunks(
      stream.pass(joined({"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n",
                          "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"b\"}}]}\n\n", kDone})));
  ASSERT_EQ(all.size(), 4U);  // a finish_reason and usage behind them
  for (const json& chunk : all) {
    EXPECT_EQ(chunk["id"], "chatcmpl-req_1");
    EXPECT_EQ(chunk["object"], "chat.completion.chunk");
    EXPECT_EQ(chunk["created"], 42);
    EXPECT_EQ(chunk["model"], "upstream");
  }
}

// Usage as Gemini tells it: cumulative, in every chunk.
TEST(ChatStream, CumulativeUsageIsToldOnceAtTheEnd) {
  const std::string first = event(
      R"("choices":[{"index":0,"delta":{"role":"assistant","content":"a"}}],"usage":{"prompt_tokens":9,"total_tokens":10,"completion_tokens":1})");
  const std::string last = event(
      R"("choices":[{"index":0,"delta":{"content":"b"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"total_tokens":11,"completion_tokens":2})");
  Stream asking(true);
  const std::string out = asking.pass(joined({first, last, kDone}));
  EXPECT_EQ(
      out,
      joined({event(R"("choices":[{"index":0,"delta":{"role":"assistant","content":"a"}}],"usage":null)"),
              event(R"("choices":[{"index":0,"delta":{"content":"b"},"finish_reason":"stop"}],"usage":null)"),
              event(R"("choices":[],"usage":{"prompt_tokens":9,"total_tokens":11,"completion_tokens":2})"),
              kDone}));
  EXPECT_EQ(asking.usage()->completion_tokens, 2U);

  Stream silent(false);
  EXPECT_EQ(silent.pass(joined({first, last, kDone})), joined({first, last, kDone}));
}

TEST(ChatStream, UsageIsToldExactlyOnceWhereverTheProviderSaysIt) {
  const std::string in_text = event(
      R"("choices":[{"index":0,"delta":{"role":"assistant","content":"a"}}],"usage":{"prompt_tokens":9,"completion_tokens":2})");
  const std::string in_stop = event(
      R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2})");
  const std::string behind_stop = event(
      R"("choices":[{"index":0,"delta":{"content":""},"finish_reason":null}],"usage":{"prompt_tokens":9,"completion_tokens":2})");
  const std::string groq = event(
      R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"usage":{"prompt_tokens":9,"completion_tokens":2}})");
  const std::vector<std::vector<std::string>> streams = {
      {kText, kStop, kUsage},        {kText, in_stop},   {kText, in_stop, kUsage},
      {kText, kUsage, in_stop},      {in_text, kStop},   {in_text, in_stop},
      {in_text, kStop, kUsage},      {in_text, in_text}, {kText, kStop, behind_stop},
      {kText, in_stop, behind_stop}, {kText, groq},      {kText, kUsage, kUsage, kStop},
      {kText, in_stop, in_stop},
  };
  for (const auto& events : streams) {
    Stream stream(true);
    const auto told = usages(stream.pass(joined(events) + kDone));
    ASSERT_EQ(told.size(), 1U) << joined(events);
    EXPECT_EQ(told[0]["prompt_tokens"], 9) << joined(events);
    EXPECT_EQ(told[0]["completion_tokens"], 2) << joined(events);
    EXPECT_FALSE(told[0].contains("estimated")) << joined(events);
  }
}

// Zeros where it finishes, and the numbers behind it; or the other way round.
TEST(ChatStream, OfSeveralUsagesTheLastIsTold) {
  const std::string early = event(R"("choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0})");
  const std::string in_text = event(
      R"("choices":[{"index":0,"delta":{"content":"a"}}],"usage":{"prompt_tokens":0,"completion_tokens":0})");
  const std::string in_stop = event(
      R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":0,"completion_tokens":0})");
  const std::string in_last_stop = event(
      R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2})");
  const std::string without_choices = R"(data: {"id":"c","usage":{"prompt_tokens":9,"completion_tokens":2}})"
                                      "\n\n";
  const std::vector<std::vector<std::string>> streams = {
      {kText, in_stop, kUsage},     {in_text, in_stop, kUsage},     {kText, early, kStop, kUsage},
      {kText, early, in_last_stop}, {kText, in_stop, in_last_stop}, {kText, in_stop, without_choices}};
  for (const auto& events : streams) {
    Stream stream(true);
    const std::string out = stream.pass(joined(events) + kDone);
    const auto told = usages(out);
    ASSERT_EQ(told.size(), 1U) << joined(events);
    EXPECT_EQ(told[0]["prompt_tokens"], 9) << joined(events);
    EXPECT_EQ(told[0]["completion_tokens"], 2) << joined(events);
    EXPECT_EQ(chunks(out).back()["choices"], json::array()) << joined(events);
  }
}

// Some tell it before the words, with zeros for what isn't known yet.
TEST(ChatStream, OfAStandInOnlyWhatItSaysIsToldAndTheRestCounted) {
  const auto told = [](std::string_view early) {
    Stream stream(true);
    const auto all = usages(stream.pass(std::string(early) + kText + kStop + kDone));
    EXPECT_EQ(all.size(), 1U) << early;
    return all.empty() ? json() : all[0];
  };
  const json of_prompt =
      json::parse(R"({"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,"estimated":true})");
  EXPECT_EQ(told(event(R"("choices":[],"usage":{"prompt_tokens":9,"completion_tokens":0,"total_tokens":9})")),
            of_prompt);
  EXPECT_EQ(
      told(event(R"("choices":[{"index":0,"delta":{"role":"assistant"}}],"usage":{"prompt_tokens":9})")),
      of_prompt);
  const json of_nothing =
      json::parse(R"({"prompt_tokens":7,"completion_tokens":2,"total_tokens":9,"estimated":true})");
  EXPECT_EQ(told(event(R"("choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0})")),
            of_nothing);
  // What was written behind it counts on top.
  const std::string begun = event(
      R"("choices":[{"index":0,"delta":{"role":"assistant","content":"a"}}],"usage":{"prompt_tokens":9,"completion_tokens":4})");
  EXPECT_EQ(told(begun),
            json::parse(R"({"prompt_tokens":9,"completion_tokens":6,"total_tokens":15,"estimated":true})"));
  // So does what only the total has.
  const std::string thought = event(
      R"("choices":[{"index":0,"delta":{"role":"assistant","content":"a"}}],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":50})");
  EXPECT_EQ(told(thought),
            json::parse(R"({"prompt_tokens":9,"completion_tokens":43,"total_tokens":52,"estimated":true})"));
}

TEST(ChatStream, AUsageWithoutNumbersTakesNothingBack) {
  const std::string usage = R"(,"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11})";
  const std::string delta = R"("choices":[{"index":0,"delta":{}}])";
  const std::string stop = R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}])";
  for (const std::string& events :
       {kText + event(delta + usage) + event(stop + R"(,"usage":{})") + kDone,
        kText + event(stop + usage) + event(R"("choices":[],"usage":{ })") + kDone,
        kText + event(delta + usage) + event(stop + R"(,"usage":{"queue_time":0.1})") + kDone,
        kText + event(stop + R"(,"usage":{})") + event(R"("choices":[])" + usage) + kDone}) {
    Stream stream(true);
    const auto told = usages(stream.pass(events));
    ASSERT_EQ(told.size(), 1U) << events;
    EXPECT_EQ(told[0]["total_tokens"], 11) << events;
  }
}

TEST(ChatStream, UsageWithoutChoicesIsKeptFromAClientThatDidNotAsk) {
  for (const char* members : {R"("usage":{"prompt_tokens":9,"completion_tokens":2})",
                              R"("choices":null,"usage":{"prompt_tokens":9,"completion_tokens":2})"}) {
    Stream stream(false);
    EXPECT_EQ(stream.pass(joined({kText, kStop, event(members), kDone})), joined({kText, kStop, kDone}));
    EXPECT_EQ(stream.usage()->prompt_tokens, 9U);
  }
}

TEST(ChatStream, WithheldUsageKeepsAllItsMembers) {
  Stream stream(true);
  const std::string out = stream.pass(joined(
      {event(
           R"("choices":[{"index":0,"delta":{"role":"assistant","content":"a"}}],"usage":{"prompt_tokens":9,)"
           R"("completion_tokens":2,"cost":0.1000,"details":{"x":[1]}})"),
       kStop, kDone}));
  EXPECT_NE(
      out.find(
          R"("choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"cost":0.1000,"details":{"x":[1]}}})"),
      std::string::npos)
      << out;
}

TEST(ChatStream, OfAnAbsurdUsageObjectOnlyTheNumbersAreTold) {
  Stream stream(true);
  const auto told = usages(stream.pass(
      event(
          R"("choices":[{"index":0,"delta":{"role":"assistant","content":"a"}}],"usage":{"prompt_tokens":9,"completion_tokens":2,"x":")" +
          std::string(100'000, 'x') + "\"}") +
      kStop + kDone));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0], json::parse(R"({"prompt_tokens":9,"completion_tokens":2,"total_tokens":11})"));
}

TEST(ChatStream, UsageThatNobodyToldIsCountedAndSaysSo) {
  Stream stream(true);
  const std::string out = stream.pass(joined({kText, kStop, kDone}));
  EXPECT_EQ(out, joined({kText, kStop,
                         event(R"("choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2,)"
                               R"("total_tokens":9,"estimated":true})"),
                         kDone}));
  EXPECT_FALSE(stream.usage());  // it is not the provider's
}

TEST(ChatStream, AMendedEventKeepsItsOtherLines) {
  Stream stream(false);
  stream.pass(kText);
  EXPECT_EQ(
      stream.pass(
          "\r\n: note\r\nevent: message\r\ndata: {\"id\":\"c\",\"object\":\"chat.completion.chunk\","
          "\"created\":1,\"model\":\"m\",\"choices\":[{\"delta\":{\"reasoning\":\"hm\"}}]}\r\nid: 7\r\n\r\n"),
      "\r\n: note\r\nevent: message\r\ndata: {\"id\":\"c\",\"object\":\"chat.completion.chunk\","
      "\"created\":1,\"model\":\"m\",\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\r\nid: "
      "7\r\n\r\n");
}

TEST(ChatStream, DataInSeveralLinesBecomesOneWhereItIsMended) {
  Stream stream(false);
  EXPECT_EQ(stream.pass("data: {\"id\":\"c\",\ndata:\"object\":\"chat.completion.chunk\",\"created\":1,\n"
                        "data: \"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"a\"}}]}\n\n"),
            "data: {\"model\":\"upstream\",\"id\":\"c\", \"object\":\"chat.completion.chunk\",\"created\":1, "
            "\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"a\"}}]}\n\n");
}

TEST(ChatStream, TheRoleIsInTheFirstChunkEvenWhereThatIsOurs) {
  for (const std::string begin : {"", "data: not json\n\n", ": slow\n\n", "data: {\"choices\":[]}\n\n"}) {
    Stream stream(false);
    stream.pass(begin);
    const auto said = chunks(stream.pass(kDone));
    ASSERT_FALSE(said.empty());
    EXPECT_EQ(said.back()["choices"][0]["delta"]["role"], "assistant") << begin;
  }
  Stream stream(false);
  const auto said = chunks(stream.pass(kText + kDone));
  EXPECT_EQ(said.back()["choices"][0]["delta"], json::object()) << "said once";
}

TEST(ChatStream, WhatIsNoChunkPassesAsItIs) {
  for (const std::string odd :
       {"data: not json\n\n", "data: {\"type\":\"ping\"}\n\n", "data: {\"choices\":7}\n\n", "event: ping\n\n",
        ":\n\n", "data:\n\n", "data: [1]\n\n"}) {
    Stream stream(true);
    EXPECT_EQ(stream.pass(odd), odd);
  }
}

}  // namespace
}  // namespace weir::gateway
