#include "pretend/chat.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pretend/manner.hpp"
#include "support/fake_clock.hpp"

namespace weir::pretend {
namespace {

using nlohmann::json;

ProviderSpec spec_of(Manner manner) {
  ProviderSpec spec;
  spec.name = "test";
  spec.manner = manner;
  spec.models = {"m", "n:free"};
  spec.words = 20;
  spec.context = 1000;
  return spec;
}

ChatAsk read(const ProviderSpec& spec, std::string_view body) {
  Reading reading = read_chat(spec, body);
  if (reading.refusal) ADD_FAILURE() << reading.refusal->body;
  return std::move(reading.ask);
}

int status_of(std::string_view body) {
  const Reading reading = read_chat(spec_of(Manner::plain), body);
  return reading.refusal ? reading.refusal->head.status : 200;
}

// The data of each event; "" for a comment.
std::vector<std::string> events_of(std::string_view stream) {
  std::vector<std::string> events;
  while (!stream.empty()) {
    const auto end = stream.find("\n\n");
    const std::string_view event = stream.substr(0, end);
    events.emplace_back(event.starts_with("data: ") ? event.substr(6) : "");
    stream.remove_prefix(end + 2);
  }
  return events;
}

std::string whole_stream(const ProviderSpec& spec, const ChatAsk& ask) {
  const Answer answer = compose(spec, ask, 1, test::FakeClock().now().wall);
  std::string stream;
  for (const Event& event : parts_of(spec.manner).shape->stream(ask, answer)) stream += event.text;
  return stream;
}

std::string answer_body(const ProviderSpec& spec, const ChatAsk& ask, const Answer& answer) {
  return parts_of(spec.manner).shape->whole(ask, answer);
}

constexpr std::string_view kHello = R"({"model":"m","messages":[{"role":"user","content":"hello there"}]})";

TEST(ReadChat, RefusesWhatAProviderRefuses) {
  EXPECT_EQ(status_of(kHello), 200);
  EXPECT_EQ(status_of(""), 400);
  EXPECT_EQ(status_of("[]"), 400);
  EXPECT_EQ(status_of(R"({"model":"m"})"), 400);
  EXPECT_EQ(status_of(R"({"model":"m","messages":[]})"), 400);
  EXPECT_EQ(status_of(R"({"model":"m","messages":["hi"]})"), 400);
  EXPECT_EQ(status_of(R"({"model":7,"messages":[{}]})"), 400);
  EXPECT_EQ(status_of(R"({"model":"other","messages":[{"role":"user","content":"x"}]})"), 404);
}

TEST(ReadChat, RefusesMoreThanTheContext) {
  EXPECT_EQ(
      status_of(R"({"model":"m","max_tokens":993,"messages":[{"role":"user","content":"hello there"}]})"),
      200);
  EXPECT_EQ(
      status_of(R"({"model":"m","max_tokens":994,"messages":[{"role":"user","content":"hello there"}]})"),
      400);
  EXPECT_EQ(
      status_of(
          R"({"model":"m","max_tokens":18446744073709551615,"messages":[{"role":"user","content":"x"}]})"),
      400);
}

TEST(ReadChat, CountsThePrompt) {
  const ProviderSpec spec = spec_of(Manner::plain);
  EXPECT_EQ(read(spec, kHello).ask.prompt_tokens, 7U);  // 4 for the message, 3 for 11 bytes
  EXPECT_EQ(read(spec, kHello).last_words, "hello there");
  const ChatAsk parts =
      read(spec, R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"abcd"}]}]})");
  EXPECT_EQ(parts.ask.prompt_tokens, 5U);
}

TEST(ReadChat, TakesTheNewerMaxTokensFirst) {
  const ChatAsk ask =
      read(spec_of(Manner::plain),
           R"({"model":"m","max_tokens":5,"max_completion_tokens":6,"messages":[{"role":"user"}]})");
  EXPECT_EQ(ask.ask.max_tokens, 6U);
}

TEST(Compose, SaysWhoAnswers) {
  const ProviderSpec spec = spec_of(Manner::plain);
  const ChatAsk ask = read(spec, kHello);
  const json body = json::parse(answer_body(spec, ask, compose(spec, ask, 1, {})));
  const auto text = body["choices"][0]["message"]["content"].get<std::string>();
  EXPECT_TRUE(
      text.starts_with("This is test, a pretend provider, answering as m. You said: \"hello there\"."))
      << text;
  EXPECT_EQ(body["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(body["usage"]["completion_tokens"], 20);
  EXPECT_EQ(body["usage"]["total_tokens"], 27);
  EXPECT_EQ(body["model"], "m");
}

TEST(Compose, StopsAtMaxTokens) {
  const ProviderSpec spec = spec_of(Manner::plain);
  ChatAsk ask = read(spec, kHello);
  ask.ask.max_tokens = 3;
  const json body = json::parse(answer_body(spec, ask, compose(spec, ask, 1, {})));
  EXPECT_EQ(body["choices"][0]["message"]["content"], "This is test,");
  EXPECT_EQ(body["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(body["usage"]["completion_tokens"], 3);
}

TEST(Compose, EchoesOnlyWholeCharacters) {
  const ProviderSpec spec = spec_of(Manner::plain);
  ChatAsk ask = read(spec, kHello);
  ask.last_words.clear();
  for (int i = 0; i < 60; ++i) ask.last_words += "\xC3\xA4";
  ask.last_words.insert(0, "x");  // so that the cut would fall inside one
  const Answer answer = compose(spec, ask, 1, {});
  EXPECT_EQ(answer_body(spec, ask, answer).find("\xEF\xBF\xBD"), std::string::npos);
}

TEST(Stream, BringsTheWordsOfThePlainAnswer) {
  for (const Manner manner : kManners) {
    const ProviderSpec spec = spec_of(manner);
    const ChatAsk ask = read(spec, kHello);
    const auto events = events_of(whole_stream(spec, ask));
    ASSERT_EQ(events.back(), "[DONE]");
    std::string text;
    std::string finish;
    for (const std::string& event : events) {
      if (event.empty() || event == "[DONE]") continue;
      const json chunk = json::parse(event);
      for (const json& choice : chunk["choices"]) {
        text += choice["delta"].value("content", "");
        if (choice["finish_reason"].is_string()) finish = choice["finish_reason"].get<std::string>();
      }
    }
    const json plain = json::parse(answer_body(spec, ask, compose(spec, ask, 1, {})));
    EXPECT_EQ(text, plain["choices"][0]["message"]["content"].get<std::string>());
    EXPECT_EQ(finish, "stop");
  }
}

TEST(Stream, OfOpenRouterBeginsWithACommentAndEndsWithUsageUnasked) {
  const ProviderSpec spec = spec_of(Manner::openrouter);
  const auto events = events_of(whole_stream(spec, read(spec, kHello)));
  EXPECT_EQ(events.front(), "");
  const json last = json::parse(events[events.size() - 2]);
  EXPECT_TRUE(last["choices"].empty());
  EXPECT_EQ(last["usage"]["completion_tokens"], 20);
}

TEST(Stream, OfGroqCarriesUsageInItsFinishChunk) {
  const ProviderSpec spec = spec_of(Manner::groq);
  ChatAsk ask = read(spec, kHello);
  const auto last_of = [&] {
    const auto events = events_of(whole_stream(spec, ask));
    return json::parse(events[events.size() - 2]);
  };
  EXPECT_EQ(last_of()["x_groq"]["usage"]["total_tokens"], 27);
  EXPECT_FALSE(last_of().contains("usage"));
  ask.include_usage = true;
  EXPECT_EQ(last_of()["usage"]["total_tokens"], 27);
  EXPECT_EQ(last_of()["choices"].size(), 1U);
}

TEST(Stream, OfAPlainProviderHasUsageOnlyWhereItWasAskedFor) {
  const ProviderSpec spec = spec_of(Manner::plain);
  ChatAsk ask = read(spec, kHello);
  EXPECT_EQ(whole_stream(spec, ask).find("usage"), std::string::npos);
  ask.include_usage = true;
  const auto events = events_of(whole_stream(spec, ask));
  const json last = json::parse(events[events.size() - 2]);
  EXPECT_TRUE(last["choices"].empty());
  EXPECT_EQ(last["usage"]["total_tokens"], 27);
}

TEST(Models, AreListed) {
  const json body = json::parse(models_body(spec_of(Manner::groq)));
  ASSERT_EQ(body["data"].size(), 2U);
  EXPECT_EQ(body["data"][0]["id"], "m");
  EXPECT_EQ(body["data"][0]["context_window"], 1000);
}

}  // namespace
}  // namespace weir::pretend
