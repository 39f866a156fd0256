// Answers in each provider's own shape: reasoning, tool calls, usage and what else it adds.
#include "pretend/shape.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pretend/manner.hpp"

namespace weir::pretend {
namespace {

using nlohmann::json;

constexpr std::string_view kTools =
    R"("tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object",
      "properties":{"city":{"type":"string"},"days":{"type":"integer"},"unit":{"type":"string","enum":["C","F"]}},
      "required":["city","days","unit"]}}},{"type":"function","function":{"name":"get_time"}}])";

std::string request(const std::string& text, const std::string& more = "", const std::string& model = "m") {
  return R"({"model":")" + model + R"(","messages":[{"role":"user","content":")" + text + R"("}])" +
         (more.empty() ? "" : "," + more) + "}";
}

// Both forms of what a manner answers.
struct Answers {
  json whole;
  std::vector<json> chunks;  // without [DONE]
};

Answers answers(Manner manner, const std::string& body) {
  ProviderSpec spec;
  spec.name = "test";
  spec.manner = manner;
  spec.models = {"m", "magistral-small", "gpt-oss-120b", "gemini-3.5-flash"};
  spec.words = 4;
  const Reading reading = read_chat(spec, body);
  if (reading.refusal) ADD_FAILURE() << reading.refusal->body;
  const Answer answer = compose(spec, reading.ask, 7, {});
  const Shape& shape = *parts_of(manner).shape;
  Answers both;
  both.whole = json::parse(shape.whole(reading.ask, answer));
  for (const Event& event : shape.stream(reading.ask, answer)) {
    const auto data = event.text.find("data: ");
    if (event.text.find("[DONE]") == std::string::npos)
      both.chunks.push_back(json::parse(event.text.substr(data + 6)));
  }
  return both;
}

// Of all deltas, the pieces of one member.
std::vector<json> pieces(const Answers& both, const char* member) {
  std::vector<json> pieces;
  for (const json& chunk : both.chunks)
    for (const json& choice : chunk["choices"])
      if (choice["delta"].contains(member)) pieces.push_back(choice["delta"][member]);
  return pieces;
}

json call_of(const Answers& both) {
  return both.whole["choices"][0]["message"]["tool_calls"][0];
}

json last_choice(const Answers& both) {
  json last;
  for (const json& chunk : both.chunks)
    if (!chunk["choices"].empty()) last = chunk["choices"][0];
  return last;
}

TEST(Tools, AreCalledInEveryManner) {
  for (const Manner manner : kManners) {
    const Answers both = answers(manner, request("Please get_weather for Rome", std::string(kTools)));
    EXPECT_EQ(both.whole["choices"][0]["finish_reason"], "tool_calls");
    EXPECT_EQ(last_choice(both)["finish_reason"], "tool_calls") << name(manner);
    const json call = call_of(both);
    EXPECT_EQ(call["function"]["name"], "get_weather");
    EXPECT_EQ(call["function"]["arguments"], R"({"city":"get_weather for Rome","days":1,"unit":"C"})");
    std::string arguments;
    std::string id;
    for (const json& calls : pieces(both, "tool_calls")) {
      ASSERT_EQ(calls.size(), 1U);
      arguments += calls[0]["function"]["arguments"].get<std::string>();
      id += calls[0].value("id", "");
    }
    EXPECT_EQ(arguments, call["function"]["arguments"].get<std::string>());
    EXPECT_EQ(id, call["id"].get<std::string>());
  }
}

TEST(Tools, AreChosenAsTheRequestSays) {
  const auto called = [](const std::string& text, const std::string& choice) {
    const Answers both = answers(Manner::plain, request(text, std::string(kTools) + choice));
    std::string names;
    for (const json& call : both.whole["choices"][0]["message"].value("tool_calls", json::array()))
      names += call["function"]["name"].get<std::string>() + " ";
    return names;
  };
  EXPECT_EQ(called("hello", ""), "");
  EXPECT_EQ(called("get_time and get_weather", ""), "get_weather get_time ");
  EXPECT_EQ(called("get_time and get_weather", R"(,"parallel_tool_calls":false)"), "get_weather ");
  EXPECT_EQ(called("get_time", R"(,"tool_choice":"none")"), "");
  EXPECT_EQ(called("hello", R"(,"tool_choice":"required")"), "get_weather ");
  EXPECT_EQ(called("get_time", R"(,"tool_choice":"any")"), "get_time ");
  EXPECT_EQ(called("hello", R"(,"tool_choice":{"type":"function","function":{"name":"get_time"}})"),
            "get_time ");
}

TEST(Tools, ResultsAreQuoted) {
  const Answers both = answers(
      Manner::plain,
      R"({"model":"m","tools":[{"type":"function","function":{"name":"f"}}],"messages":[{"role":"user","content":"f"},
         {"role":"assistant","tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]},
         {"role":"tool","tool_call_id":"1","content":"22 degrees"}]})");
  const auto text = both.whole["choices"][0]["message"]["content"].get<std::string>();
  EXPECT_NE(text.find("The tool said: \"22 degrees\"."), std::string::npos) << text;
}

TEST(Reasoning, StandsWhereEachProviderPutsIt) {
  const std::pair<Manner, const char*> places[] = {{Manner::groq, "reasoning"},
                                                   {Manner::openrouter, "reasoning"},
                                                   {Manner::cerebras, "reasoning"},
                                                   {Manner::nvidia, "reasoning_content"}};
  for (const auto& [manner, member] : places) {
    const Answers both = answers(manner, request("hi", "", "gpt-oss-120b"));
    std::string streamed;
    for (const json& piece : pieces(both, member)) streamed += piece.get<std::string>();
    EXPECT_EQ(streamed, "Words were said, and words will do for an answer.");
    EXPECT_EQ(both.whole["choices"][0]["message"][member], streamed);
    EXPECT_EQ(both.whole["usage"]["completion_tokens_details"]["reasoning_tokens"], 10);
    EXPECT_TRUE(pieces(answers(manner, request("hi")), member).empty());
  }
}

TEST(MistralShape, MagistralThinksInItsContent) {
  const Answers both = answers(Manner::mistral, request("hi", "", "magistral-small"));
  const json content = both.whole["choices"][0]["message"]["content"];
  ASSERT_EQ(content.size(), 2U);
  EXPECT_EQ(content[0]["type"], "thinking");
  EXPECT_EQ(content[0]["thinking"][0],
            json({{"type", "text"}, {"text", "Words were said, and words will do for an answer."}}));
  EXPECT_EQ(content[1]["type"], "text");
  const auto streamed = pieces(both, "content");
  EXPECT_EQ(streamed[1][0]["thinking"][0]["text"], "Words");
  EXPECT_TRUE(streamed.back().is_string());
  EXPECT_TRUE(answers(Manner::mistral, request("hi")).whole["choices"][0]["message"]["content"].is_string());
}

TEST(MistralShape, CallsWholeWithShortIdsAndUsageUnasked) {
  const Answers both = answers(Manner::mistral, request("get_time", std::string(kTools)));
  const auto id = call_of(both)["id"].get<std::string>();
  EXPECT_EQ(id.size(), 9U);
  EXPECT_TRUE(std::ranges::all_of(id, [](unsigned char c) { return std::isalnum(c) != 0; }));
  EXPECT_EQ(pieces(both, "tool_calls").size(), 1U);
  EXPECT_TRUE(both.chunks.back().contains("usage"));
  EXPECT_EQ(both.chunks.back()["choices"][0]["finish_reason"], "tool_calls");
}

TEST(GeminiShape, CallsAreSignedAndHaveNoIndex) {
  const Answers both =
      answers(Manner::gemini, request("get_weather and get_time", std::string(kTools), "gemini-3.5-flash"));
  const json calls = pieces(both, "tool_calls").at(0);
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_TRUE(calls[0]["id"].get<std::string>().starts_with("function-call-"));
  EXPECT_FALSE(calls[0].contains("index"));
  const auto signature = calls[0]["extra_content"]["google"]["thought_signature"].get<std::string>();
  EXPECT_TRUE(signature.starts_with(kPretendSignature));
  EXPECT_FALSE(calls[1].contains("extra_content"));
  EXPECT_EQ(call_of(both)["extra_content"]["google"]["thought_signature"], signature);
  EXPECT_FALSE(both.whole["choices"][0]["message"].contains("content"));
}

TEST(GeminiShape, UsageGrowsFromChunkToChunkWhereItIsAskedFor) {
  const Answers both = answers(Manner::gemini, request("hi", R"("stream_options":{"include_usage":true})"));
  std::uint64_t written = 0;
  for (const json& chunk : both.chunks) {
    EXPECT_EQ(chunk["usage"]["completion_tokens"], ++written);
    EXPECT_EQ(chunk["choices"][0]["delta"]["role"], "assistant");
  }
  EXPECT_EQ(both.chunks.back()["usage"], both.whole["usage"]);
  EXPECT_EQ(both.chunks.back()["choices"][0]["finish_reason"], "stop");
  for (const json& chunk : answers(Manner::gemini, request("hi")).chunks)
    EXPECT_FALSE(chunk.contains("usage"));
  const json thinking = answers(Manner::gemini, request("hi", R"("reasoning_effort":"low")")).whole["usage"];
  EXPECT_GT(thinking["total_tokens"].get<int>(),
            thinking["prompt_tokens"].get<int>() + thinking["completion_tokens"].get<int>());
}

TEST(CerebrasShape, TellsTimesInTheEnd) {
  const Answers both = answers(Manner::cerebras, request("hi"));
  EXPECT_TRUE(both.whole["time_info"].contains("total_time"));
  EXPECT_FALSE(both.chunks.front().contains("time_info"));
  EXPECT_TRUE(both.chunks.back().contains("time_info"));
  EXPECT_TRUE(both.chunks.back().contains("usage"));
}

TEST(NvidiaShape, CallsComeInPiecesWithoutAType) {
  const Answers both = answers(Manner::nvidia, request("get_weather", std::string(kTools)));
  const auto calls = pieces(both, "tool_calls");
  EXPECT_GT(calls.size(), 3U);
  for (const json& piece : calls) {
    EXPECT_EQ(piece[0]["index"], 0);
    EXPECT_FALSE(piece[0].contains("type"));
  }
  EXPECT_EQ(call_of(both)["type"], "function");
}

}  // namespace
}  // namespace weir::pretend
