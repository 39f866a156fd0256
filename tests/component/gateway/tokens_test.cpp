#include <gmock/gmock.h>

#include <mutex>
#include <nlohmann/json.hpp>

#include "component/gateway/gateway_fixture.hpp"
#include "weir/tokens/encoder.hpp"

namespace weir::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// A provider that keeps what it was sent, and counts prompts as it is told to.
class Tokens : public GatewayTest {
 protected:
  static std::string message(std::string_view role, std::string_view content) {
    return R"({"role":")" + std::string(role) + R"(","content":")" + std::string(content) + R"("})";
  }
  static std::string request(std::string_view messages, std::string_view more = "") {
    return R"({"model":"smart","messages":[)" + std::string(messages) + "]" + std::string(more) + "}";
  }
  static std::string words(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += " word";
    return text;
  }
  std::vector<std::string> upstream_contents() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> contents;
    const json request = json::parse(body_);
    for (const json& each : request["messages"])
      contents.push_back(each.value("content", json()).is_string() ? std::string(each["content"]) : "");
    return contents;
  }

  std::mutex mutex_;  // guards what follows
  std::string body_;
  int prompt_tokens_ = 9;
  RawProvider provider_{[this](RawConnection& peer) {
    while (const auto request = peer.read_request()) {
      json answer = json::parse(kGoodAnswer);
      {
        const std::lock_guard lock(mutex_);
        body_ = request->body;
        answer["usage"]["prompt_tokens"] = prompt_tokens_;
        answer["usage"]["total_tokens"] = prompt_tokens_ + 2;
      }
      if (!peer.send(RawProvider::answer(200, answer.dump(), "content-type: application/json\r\n"))) return;
    }
  }};
};

TEST_F(Tokens, AreCountedExactlyWhereTheEstimateLeavesItOpen) {
  if (!tokens::has_encoder()) GTEST_SKIP() << "built without a vocabulary";
  const std::string text = words(900);
  const std::uint64_t exact = tokens::count(text);
  // The minute holds a little more than this takes, and less than it might by its bytes.
  providers::Provider provider = provider_at("p", provider_.port(), {tokens_per_minute(exact + 90)});
  provider.models[0].id = "gpt-4o";
  gateway::Settings settings = settings_for({provider});
  settings.tokens.estimator = tokens::Estimator::bytes;
  start_with(settings);
  const RawAnswer by_bytes = chat(request(message("user", text), R"(,"max_tokens":10)"));
  EXPECT_NE(by_bytes.status, 200) << "the estimate is no longer unsure here: choose another text";
  EXPECT_EQ(provider_.requests(), 0U);

  settings.tokens.estimator = tokens::Estimator::automatic;
  gateway_->configure(settings);
  EXPECT_EQ(chat(request(message("user", text), R"(,"max_tokens":10)")).status, 200);
}

TEST_F(Tokens, WhatAnswersTeachIsReservedNextTime) {
  start({provider_at("p", provider_.port(), {tokens_per_minute(100'000)})});
  prompt_tokens_ = 1500;  // of what we take for about 1,000
  for (int i = 0; i < 30; ++i) ASSERT_EQ(chat(request(message("user", words(900)))).status, 200);
  take_turns(*loop_);  // the last answer is here before it is settled
  const auto& counting = memory_.calibrations.of("p/m", tokens::Family::unknown);
  EXPECT_EQ(counting.summary(tokens::Method::bytes).answers, 30U);
  tokens::PromptFacts facts{.messages = 1};
  tokens::add_traits(facts.text, words(900));
  EXPECT_LT(tokens::by_bytes(facts).of(tokens::Family::unknown), 1200);
  EXPECT_NEAR(static_cast<double>(counting.prompt(tokens::by_bytes(facts), 0.5).likely), 1500, 100);
}

TEST_F(Tokens, NothingIsLearnedWhereThatIsSwitchedOff) {
  gateway::Settings settings = settings_for({provider_at("p", provider_.port())});
  settings.tokens.calibrate = false;
  start_with(std::move(settings));
  ASSERT_EQ(ask().status, 200);
  take_turns(*loop_);
  EXPECT_EQ(memory_.calibrations.of("p/m", tokens::Family::unknown).version(), 0U);
}

TEST_F(Tokens, OfSeveralAnswersAreReservedForEachAndLearnedAsOnes) {
  json answer = json::parse(kGoodAnswer);
  answer["usage"] = {{"prompt_tokens", 9}, {"completion_tokens", 800}, {"total_tokens", 809}};
  RawProvider provider(answers(200, answer.dump()));
  start({provider_at("p", provider.port(), {tokens_per_minute(25'000)})});
  const std::string asked = request(message("user", "hi"), R"(,"n":8,"max_tokens":1000)");
  for (int i = 0; i < 12; ++i) {
    const RawAnswer got = chat(asked);
    EXPECT_EQ(got.status, 200);
    take_turns(*loop_);
  }
  const auto learned = memory_.calibrations.of("p/m", tokens::Family::unknown).output(0.95).value_or(0);
  EXPECT_GE(learned, 100U);
  EXPECT_LT(learned, 200U) << "of one of eight";
  // 12 were charged 9,708: a minute has room for one that may come to 8,000, and not for 16,000.
  EXPECT_EQ(chat(request(message("user", "hi"), R"(,"n":16,"max_tokens":1000)")).status, 429);
  EXPECT_EQ(provider.requests(), 12U);
}

// Their tokens would be taken for the text's.
TEST_F(Tokens, PicturesAndFilesTeachNothing) {
  start({provider_at("p", provider_.port())});
  for (const char* part :
       {R"({"type":"image_url","image_url":{"url":"data:,"}})", R"({"type":"file","file":{"file_id":"f1"}})",
        R"({"type":"video_url","video_url":{"url":"data:,"}})"}) {
    const RawAnswer answer = chat(request(
        R"({"role":"user","content":[{"type":"text","text":"what is this?"},)" + std::string(part) + "]}"));
    ASSERT_EQ(answer.status, 200) << part;
    take_turns(*loop_);
    EXPECT_EQ(memory_.calibrations.of("p/m", tokens::Family::unknown).summary(tokens::Method::bytes).answers,
              0U)
        << part;
  }
}

// A long one is counted on another thread, with the same end.
TEST_F(Tokens, AreCountedExactlyHoweverLong) {
  if (!tokens::has_encoder()) GTEST_SKIP() << "built without a vocabulary";
  for (const std::size_t size : {900U, 12'000U}) {
    const std::string text = words(size);
    providers::Provider provider = provider_at("p" + std::to_string(size), provider_.port(),
                                               {tokens_per_minute(tokens::count(text) * 102 / 100 + 60)});
    provider.models[0].id = "gpt-4o";
    gateway::Settings settings = settings_for({provider});
    settings.tokens.estimator = tokens::Estimator::exact;
    start_with(std::move(settings));
    EXPECT_EQ(chat(request(message("user", text), R"(,"max_tokens":10)")).status, 200) << size;
    stop();
  }
}

TEST_F(Tokens, OfATextAreToldWithoutAskingAProvider) {
  start({provider_at("p", provider_.port())});
  const auto tokenize = [&](std::string_view body) {
    return connect().exchange(
        "POST /v1/tokenize HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        "content-length: " +
        std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  };
  const json text = json::parse(tokenize(R"({"model":"smart","text":"hello world"})").body);
  const json talk =
      json::parse(tokenize(R"({"model":"smart","messages":[{"role":"user","content":"hello world"}]})").body);
  EXPECT_EQ(text, talk) << "a text is one user's message";
  EXPECT_EQ(text["count"], tokens::has_encoder() ? json(2) : json());
  ASSERT_EQ(text["targets"].size(), 1U);
  EXPECT_EQ(text["targets"][0]["target"], "p/m");
  EXPECT_GT(text["targets"][0]["upper"], text["targets"][0]["estimate"]);
  EXPECT_EQ(text["targets"][0]["answers"], 0);

  EXPECT_EQ(tokenize(R"({"model":"smart","text":7})").status, 400);
  EXPECT_EQ(tokenize(R"({"model":"other","text":"hello"})").status, 404);
  EXPECT_EQ(get("/v1/tokenize").status, 405);
  EXPECT_EQ(provider_.requests(), 0U);
}

TEST_F(Tokens, OfATextAreToldToWhoHasAKeyForTheModel) {
  gateway::Settings settings = settings_for({provider_at("p", provider_.port())});
  settings.client_keys = {{.name = "narrow", .digest = sha256("sk-narrow"), .models = {"other*"}}};
  start_with(std::move(settings));
  const std::string body = R"({"model":"smart","text":"hello"})";
  const auto with = [&](std::string_view fields) {
    return connect().exchange(
        "POST /v1/tokenize HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n" +
        std::string(fields) + "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  };
  EXPECT_EQ(with("").status, 401);
  EXPECT_EQ(with("authorization: Bearer sk-narrow\r\n").status, 403);
}

// What refusals and heads say of a request's size, as the providers of those names say it.
class ToldTokens : public GatewayTest {
 protected:
  void start_at(const char* signals, RawProvider& provider, std::vector<quota::Limit> limits = {}) {
    preset_.signals = providers::find_signals(signals);
    providers::Provider configured = provider_at("p", provider.port(), std::move(limits));
    configured.preset = &preset_;
    start({configured});
  }
  void ask_with(std::string_view more) {
    (void)chat(R"({"model":"smart","messages":[{"role":"user","content":"hi"}])" + std::string(more) + "}");
    take_turns(*loop_);  // the answer is here before it is settled
  }
  tokens::Calibration& counting() { return memory_.calibrations.of("p/m", tokens::Family::unknown); }
  std::uint64_t lessons() { return counting().summary(tokens::Method::bytes).answers; }
  double learned_overhead() { return counting().summary(tokens::Method::bytes).overhead; }

  providers::Preset preset_ = kBlankPreset;
};

constexpr std::string_view kTooLarge =
    R"({"error":{"message":"Request too large for model `m` on tokens per minute (TPM): Limit 6000, )"
    R"(Requested 6500, please reduce your message size and try again.","type":"tokens"}})";

TEST_F(ToldTokens, OfARefusalAreThePromptsWithoutItsMaxTokens) {
  RawProvider provider(answers(413, kTooLarge));
  start_at("groq", provider);
  ask_with(R"(,"max_tokens":5900)");
  ASSERT_EQ(lessons(), 1U);
  // 600 for what we take for less than 20: within what one lesson may teach.
  EXPECT_GT(learned_overhead(), 100);
  EXPECT_LT(learned_overhead(), 600);
}

TEST_F(ToldTokens, OfARefusalTeachNothingWhereTheOutputsPartIsUnknown) {
  RawProvider provider(answers(413, kTooLarge));
  start_at("groq", provider);
  ask_with(R"(,"max_tokens":6500)");  // first: of the next as much would be cut off as is beyond the limit
  ask_with("");
  ask_with(R"(,"max_tokens":100,"n":2)");
  EXPECT_EQ(provider.requests(), 3U);
  EXPECT_EQ(lessons(), 0U);
}

TEST_F(ToldTokens, OfARefusalTeachNothingThatCannotBe) {
  RawProvider provider(answers(429, R"({"error":{"message":"(TPM): Limit 900000000, Used 899999999, )"
                                    R"(Requested 90000000. Please try again in 1ms.","type":"tokens"}})"));
  start_at("groq", provider);
  ask_with(R"(,"max_tokens":100)");
  EXPECT_EQ(provider.requests(), 1U);
  EXPECT_EQ(lessons(), 0U);
}

TEST_F(ToldTokens, OfAContextThatIsTooShortAreThePrompts) {
  RawProvider provider(answers(
      400,
      R"({"error":{"message":"This model's maximum context length is 4096 tokens. However, you requested )"
      R"(5000 tokens (904 in the messages, 4096 in the completion).","code":400}})"));
  start_at("vllm", provider);
  ask_with("");
  EXPECT_EQ(lessons(), 1U);
}

std::string answer_with_usage(std::string_view usage) {
  return R"({"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":)"
         R"({"role":"assistant","content":"hello"},"finish_reason":"stop"}])" +
         std::string(usage) + "}";
}

TEST_F(ToldTokens, OfAHeadFillInWhatTheUsageLeavesOut) {
  RawProvider provider(answers(200, answer_with_usage(R"(,"usage":{"completion_tokens":2})"),
                               "x-ratelimit-tokens-query-cost: 302\r\n"));
  start_at("mistral", provider);
  ask_with("");
  EXPECT_EQ(lessons(), 1U);
  EXPECT_GT(learned_overhead(), 50);
}

// What of it was the prompt's nobody said.
TEST_F(ToldTokens, OfAHeadAloneAreChargedAndTeachNothing) {
  RawProvider provider(answers(200, answer_with_usage(""), "x-ratelimit-tokens-query-cost: 700\r\n"));
  start_at("mistral", provider, {tokens_per_minute(1400)});
  ask_with("");
  EXPECT_EQ(lessons(), 0U);
  ask_with("");
  ask_with("");
  EXPECT_EQ(provider.requests(), 2U) << "two took all of the minute";
}

TEST_F(ToldTokens, OfAHeadAloneAreChargedWhereTheyAreFewerThanWeThink) {
  RawProvider provider(answers(200, answer_with_usage(""), "x-ratelimit-tokens-query-cost: 200\r\n"));
  start_at("mistral", provider, {tokens_per_minute(2100)});
  std::string words;
  for (int i = 0; i < 900; ++i) words += " word";
  const std::string request =
      R"({"model":"smart","max_tokens":500,"messages":[{"role":"user","content":")" + words + R"("}]})";
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(chat(request).status, 200) << i;
    take_turns(*loop_);
  }
}

class Overflow : public Tokens {
 protected:
  // A context of 2,000 tokens.
  void start_with_overflow(tokens::Overflow overflow) {
    providers::Provider provider = provider_at("p", provider_.port());
    provider.models[0].context = 2000;
    gateway::Settings settings = settings_for({provider});
    settings.tokens.overflow = overflow;
    start_with(std::move(settings));
  }
  // Two turns of 1,000 words with an answer each, and a third.
  static std::string long_talk() {
    return request(message("system", "be brief") + "," + message("user", "first" + words(1000)) + "," +
                       message("assistant", "one") + "," + message("user", "second" + words(1000)) + "," +
                       message("assistant", "two") + "," + message("user", "third"),
                   R"(,"max_tokens":100)");
  }
};

TEST_F(Overflow, IsRefusedWithItsNumbers) {
  start_with_overflow(tokens::Overflow::reject);
  const RawAnswer answer = chat(long_talk());
  EXPECT_EQ(answer.status, 400);
  const json error = json::parse(answer.body)["error"];
  EXPECT_EQ(error["code"], "context_length_exceeded");
  EXPECT_THAT(std::string(error["message"]), HasSubstr("2000"));
  EXPECT_EQ(provider_.requests(), 0U);
}

TEST_F(Overflow, DropsAsFewOfTheOldestTurnsAsItTakesAndSaysSo) {
  start_with_overflow(tokens::Overflow::truncate);
  const RawAnswer answer = chat(long_talk());
  EXPECT_EQ(answer.status, 200);
  const auto contents = upstream_contents();
  EXPECT_EQ(contents, (std::vector<std::string>{"be brief", "second" + words(1000), "two", "third"}));
  EXPECT_THAT(std::string(answer.field("x-weir-truncated")),
              ::testing::MatchesRegex("2 messages, 1[0-9]+ tokens"));
}

TEST_F(Overflow, KeepsAToolCallAndItsResultTogether) {
  start_with_overflow(tokens::Overflow::truncate);
  const std::string call =
      R"({"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]})";
  const std::string result = R"({"role":"tool","tool_call_id":"c","content":")" + words(1500) + R"("})";
  const RawAnswer answer =
      chat(request(message("user", "first" + words(900)) + "," + call + "," + result + "," +
                       message("assistant", "done") + "," + message("user", "last"),
                   R"(,"max_tokens":100)"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(upstream_contents(), (std::vector<std::string>{"last"}));
}

TEST_F(Overflow, OfTheLastMessageAloneIsRefused) {
  start_with_overflow(tokens::Overflow::truncate);
  const RawAnswer answer = chat(request(message("system", "be brief") + "," + message("user", words(3000))));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(json::parse(answer.body)["error"]["code"], "context_length_exceeded");
  EXPECT_EQ(answer.field("x-weir-truncated"), "");
  EXPECT_EQ(provider_.requests(), 0U);
}

TEST_F(Overflow, OfAWindowIsTruncatedToo) {
  providers::Provider provider = provider_at("p", provider_.port(), {tokens_per_minute(2000)});
  gateway::Settings settings = settings_for({provider});
  settings.tokens.overflow = tokens::Overflow::truncate;
  start_with(std::move(settings));
  EXPECT_EQ(chat(long_talk()).status, 200);
  EXPECT_EQ(upstream_contents().size(), 4U);
}

// It was sent to nobody, neither whole nor shorter.
TEST_F(Overflow, OfWhatGotNoRoomIsNotToldAsIfItHadBeenSent) {
  providers::Provider provider = provider_at("p", provider_.port(), {tokens_per_minute(2500)});
  provider.models[0].context = 2000;
  gateway::Settings settings = settings_for({provider});
  settings.tokens.overflow = tokens::Overflow::truncate;
  start_with(std::move(settings));
  prompt_tokens_ = 1500;
  EXPECT_NE(chat(long_talk()).field("x-weir-truncated"), "");
  take_turns(*loop_);
  const RawAnswer refused = chat(long_talk());
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.field("x-weir-truncated"), "");
  EXPECT_EQ(provider_.requests(), 1U);
}

TEST_F(Overflow, IsToldWithTheErrorOfAProviderThatGotTheRest) {
  RawProvider refuses(
      answers(400, R"({"error":{"message":"no such parameter","type":"invalid_request_error"}})"));
  providers::Provider provider = provider_at("p", refuses.port());
  provider.models[0].context = 2000;
  gateway::Settings settings = settings_for({provider});
  settings.tokens.overflow = tokens::Overflow::truncate;
  start_with(std::move(settings));
  const RawAnswer answer = chat(long_talk());
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.field("x-weir-truncated"), "");
}

// What a message comes to is guessed by the whole, of which a part is no message's.
TEST_F(Overflow, IsCutAgainWhereOneCutDropsTooLittle) {
  providers::Provider provider = provider_at("p", provider_.port());
  provider.models[0].context = 4000;
  gateway::Settings settings = settings_for({provider});
  settings.tokens.overflow = tokens::Overflow::truncate;
  settings.tokens.estimator = tokens::Estimator::bytes;
  start_with(std::move(settings));
  prompt_tokens_ = 1500;  // of a few words
  for (int i = 0; i < 30; ++i) ASSERT_EQ(chat(request(message("user", "hello"))).status, 200);
  take_turns(*loop_);
  std::string talk;
  for (int i = 0; i < 60; ++i) talk += message(i % 2 == 0 ? "user" : "assistant", words(80)) + ",";
  const RawAnswer answer = chat(request(talk + message("user", "last"), R"(,"max_tokens":100)"));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_GT(upstream_contents().size(), 5U);
}

TEST_F(Overflow, OfWhatCannotBeCutEnoughIsRefusedWithTheNumbersOfTheWhole) {
  start_with_overflow(tokens::Overflow::reject);
  const std::string too_long = request(message("user", words(1000)) + "," + message("assistant", "one") +
                                       "," + message("user", words(3000)));
  const json whole = json::parse(chat(too_long).body);
  stop();
  start_with_overflow(tokens::Overflow::truncate);
  const json cut = json::parse(chat(too_long).body);
  EXPECT_EQ(cut["error"]["code"], "context_length_exceeded");
  EXPECT_EQ(cut["error"]["message"], whole["error"]["message"]);
}

TEST_F(Overflow, WhatFitsIsNotTouched) {
  start_with_overflow(tokens::Overflow::truncate);
  const RawAnswer answer = chat(
      request(message("user", "hi") + "," + message("assistant", "hello") + "," + message("user", "again")));
  EXPECT_EQ(upstream_contents().size(), 3U);
  EXPECT_EQ(answer.field("x-weir-truncated"), "");
}

}  // namespace
}  // namespace weir::test
