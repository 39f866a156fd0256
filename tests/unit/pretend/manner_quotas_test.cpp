// The quotas of Mistral, Gemini, Cerebras, Cohere and NVIDIA: who is refused when, and in which words.
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "pretend/manner.hpp"
#include "support/fake_clock.hpp"

namespace weir::pretend {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

Ask ask_of(const std::string& model, std::uint64_t prompt = 10,
           std::optional<std::uint64_t> max_tokens = {}) {
  return {.model = model, .prompt_tokens = prompt, .max_tokens = max_tokens};
}

// One provider with a clock of its own.
class Counter {
 public:
  Counter(Manner manner, const Limits& limits) {
    ProviderSpec spec;
    spec.manner = manner;
    spec.limits = limits;
    quotas_ = parts_of(manner).make_quotas(spec);
  }

  bool admits(const Ask& ask) { return !quotas_->admit(ask, clock.now()); }
  Reply refusal(const Ask& ask) {
    const auto refusal = quotas_->admit(ask, clock.now());
    EXPECT_TRUE(refusal);
    return refusal.value_or(Reply());
  }
  http::Fields head(const Ask& ask, std::uint64_t completion_tokens = 0) const {
    http::Fields fields;
    quotas_->describe(ask, completion_tokens, clock.now(), fields);
    return fields;
  }
  http::Fields error_head(const Ask& ask) const {
    http::Fields fields;
    quotas_->describe_error(ask, clock.now(), fields);
    return fields;
  }
  void finish(const Ask& ask, std::uint64_t completion_tokens) {
    quotas_->finish(ask, completion_tokens, clock.now());
  }

  test::FakeClock clock;

 private:
  std::unique_ptr<Quotas> quotas_;
};

TEST(MistralQuotas, AreWallClockMinutesOfEachModel) {
  Counter counter(Manner::mistral, {.requests_per_minute = 1});
  counter.clock.advance(50s);
  ASSERT_TRUE(counter.admits(ask_of("a")));
  EXPECT_TRUE(counter.admits(ask_of("b")));
  EXPECT_FALSE(counter.admits(ask_of("a")));
  counter.clock.advance(10s);
  EXPECT_TRUE(counter.admits(ask_of("a")));
}

TEST(MistralQuotas, TellAllOnAPlainAnswerAndNothingOnAStream) {
  Counter counter(Manner::mistral, {.requests_per_minute = 50, .tokens_per_minute = 50'000});
  Ask ask = ask_of("m", 42);
  ASSERT_TRUE(counter.admits(ask));
  const http::Fields plain = counter.head(ask, 10);
  EXPECT_EQ(plain.size(), 5U);
  EXPECT_EQ(plain.get("x-ratelimit-limit-req-minute"), "50");
  EXPECT_EQ(plain.get("x-ratelimit-remaining-req-minute"), "49");
  EXPECT_EQ(plain.get("x-ratelimit-limit-tokens-minute"), "50000");
  EXPECT_EQ(plain.get("x-ratelimit-remaining-tokens-minute"), "49948");
  EXPECT_EQ(plain.get("x-ratelimit-tokens-query-cost"), "52");
  ask.stream = true;
  const http::Fields stream = counter.head(ask);
  EXPECT_EQ(stream.size(), 1U);
  EXPECT_EQ(stream.get("x-max-retry-attempts-reached"), "false");
}

TEST(MistralQuotas, ARefusalHasOnlyThePairOfItsRung) {
  Counter counter(Manner::mistral, {.requests_per_minute = 1, .tokens_per_minute = 100});
  ASSERT_TRUE(counter.admits(ask_of("requests")));
  const Reply requests = counter.refusal(ask_of("requests"));
  EXPECT_EQ(requests.head.status, 429);
  EXPECT_EQ(
      requests.body,
      R"({"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300","raw_status_code":429})");
  EXPECT_EQ(requests.head.fields.get("x-ratelimit-remaining-req-minute"), "0");
  EXPECT_FALSE(requests.head.fields.find("x-ratelimit-limit-tokens-minute"));
  EXPECT_FALSE(requests.head.fields.find("retry-after"));
  const Reply tokens = counter.refusal(ask_of("tokens", 101));
  EXPECT_EQ(tokens.head.fields.get("x-ratelimit-limit-tokens-minute"), "100");
  EXPECT_FALSE(tokens.head.fields.find("x-ratelimit-limit-req-minute"));
}

TEST(MistralQuotas, CountWhatIsWrittenAndTheMonth) {
  Counter counter(Manner::mistral, {.tokens_per_month = 100});
  ASSERT_TRUE(counter.admits(ask_of("m", 10)));
  counter.finish(ask_of("m", 10), 90);
  counter.clock.advance(6 * 24h);  // 30 November
  const Reply refusal = counter.refusal(ask_of("m", 1));
  EXPECT_EQ(refusal.body, R"({"message":"Rate limit exceeded","code":"1300"})");
  EXPECT_EQ(refusal.head.fields.get("x-ratelimit-remaining-tokens-month"), "0");
  counter.clock.advance(24h);
  EXPECT_TRUE(counter.admits(ask_of("m", 1)));
}

json gemini_error(const Reply& reply) {
  const json body = json::parse(reply.body);
  EXPECT_TRUE(body.is_array());
  return body[0]["error"];
}

TEST(GeminiQuotas, AMinuteIsSixtySecondsLong) {
  Counter counter(Manner::gemini, {.requests_per_minute = 1});
  counter.clock.advance(50s);
  ASSERT_TRUE(counter.admits(ask_of("m")));
  EXPECT_TRUE(counter.head(ask_of("m")).empty());
  counter.clock.advance(12'381ms);
  const Reply refusal = counter.refusal(ask_of("m"));
  EXPECT_EQ(refusal.head.fields.size(), 1U);  // the content type
  const json error = gemini_error(refusal);
  EXPECT_EQ(error["status"], "RESOURCE_EXHAUSTED");
  EXPECT_EQ(error["code"], 429);
  EXPECT_TRUE(error["message"].get<std::string>().ends_with(
      "\n* Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, "
      "limit: 1, model: m\nPlease retry in 47.619000000s."))
      << error["message"];
  const json violation = error["details"][1]["violations"][0];
  EXPECT_EQ(violation["quotaId"], "GenerateRequestsPerMinutePerProjectPerModel-FreeTier");
  EXPECT_EQ(violation["quotaValue"], "1");
  EXPECT_EQ(violation["quotaDimensions"]["model"], "m");
  EXPECT_EQ(error["details"][2]["retryDelay"], "47s");
  counter.clock.advance(47'619ms);
  EXPECT_TRUE(counter.admits(ask_of("m")));
}

TEST(GeminiQuotas, ADayEndsAtMidnightPacificWhateverTheDelaySays) {
  Counter counter(Manner::gemini, {.requests_per_day = 1});
  ASSERT_TRUE(counter.admits(ask_of("m")));
  const json error = gemini_error(counter.refusal(ask_of("m")));
  EXPECT_EQ(error["details"][1]["violations"][0]["quotaId"],
            "GenerateRequestsPerDayPerProjectPerModel-FreeTier");
  EXPECT_EQ(error["details"][2]["retryDelay"], "38s");
  counter.clock.advance(8h - 1s);  // 00:00 UTC is 16:00 there
  EXPECT_FALSE(counter.admits(ask_of("m")));
  counter.clock.advance(1s);
  EXPECT_TRUE(counter.admits(ask_of("m")));
}

TEST(GeminiQuotas, CountTheInputAlone) {
  Counter counter(Manner::gemini, {.tokens_per_minute = 100});
  ASSERT_TRUE(counter.admits(ask_of("m", 60, 5000)));
  counter.finish(ask_of("m", 60), 5000);
  EXPECT_TRUE(counter.admits(ask_of("m", 40)));
  const json error = gemini_error(counter.refusal(ask_of("m", 1)));
  EXPECT_EQ(error["details"][1]["violations"][0]["quotaId"],
            "GenerateContentInputTokensPerModelPerMinute-FreeTier");
}

TEST(CerebrasQuotas, TellSixBucketsOnAnAnswer) {
  Counter counter(Manner::cerebras, {.requests_per_minute = 5,
                                     .requests_per_hour = 150,
                                     .requests_per_day = 2400,
                                     .tokens_per_minute = 30'000,
                                     .tokens_per_hour = 1'000'000,
                                     .tokens_per_day = 1'000'000});
  const Ask ask = ask_of("m", 189, 6000);
  ASSERT_TRUE(counter.admits(ask));
  counter.finish(ask, 1);
  const http::Fields head = counter.head(ask);
  EXPECT_EQ(head.size(), 12U);
  EXPECT_EQ(head.get("x-ratelimit-limit-requests-minute"), "5");
  EXPECT_EQ(head.get("x-ratelimit-remaining-requests-minute"), "4");
  EXPECT_EQ(head.get("x-ratelimit-remaining-requests-hour"), "149");
  EXPECT_EQ(head.get("x-ratelimit-remaining-requests-day"), "2399");
  EXPECT_EQ(head.get("x-ratelimit-remaining-tokens-minute"), "23811");
  EXPECT_EQ(head.get("x-ratelimit-remaining-tokens-day"), "993811");
}

TEST(CerebrasQuotas, ReserveAtMost16384AndThatWhereNothingIsSaid) {
  for (const std::optional<std::uint64_t> most : {std::optional<std::uint64_t>(), {50'000}}) {
    Counter counter(Manner::cerebras, {.tokens_per_minute = 20'000});
    ASSERT_TRUE(counter.admits(ask_of("m", 16, most)));
    EXPECT_EQ(counter.head(ask_of("m")).get("x-ratelimit-remaining-tokens-minute"), "3600");
  }
}

TEST(CerebrasQuotas, ARefusalIsBareAndItsWaitTooLong) {
  Counter counter(Manner::cerebras, {.requests_per_minute = 5});
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(counter.admits(ask_of("m")));
  const Reply refusal = counter.refusal(ask_of("m"));
  EXPECT_EQ(
      refusal.body,
      R"({"message":"Requests per minute limit exceeded - too many requests sent.","type":"too_many_requests_error","param":"quota","code":"request_quota_exceeded"})");
  EXPECT_EQ(refusal.head.fields.get("retry-after"), "57");
  EXPECT_EQ(refusal.head.fields.size(), 2U);
  counter.clock.advance(12s);
  EXPECT_TRUE(counter.admits(ask_of("m")));
  Counter day(Manner::cerebras, {.tokens_per_day = 100});
  const Reply tokens = day.refusal(ask_of("m"));
  EXPECT_EQ(
      tokens.body,
      R"({"message":"Tokens per day limit exceeded - too many tokens processed.","type":"too_many_tokens_error","param":"quota","code":"token_quota_exceeded"})");
  EXPECT_EQ(tokens.head.fields.get("retry-after"), "86399");
}

TEST(CohereQuotas, TellTheMinuteEverywhereButOnARefusal) {
  Counter counter(Manner::cohere, {.requests_per_minute = 2, .requests_per_month = 1000});
  ASSERT_TRUE(counter.admits(ask_of("a")));
  for (const http::Fields& head : {counter.head(ask_of("a")), counter.error_head(ask_of("a"))}) {
    EXPECT_EQ(head.size(), 3U);
    EXPECT_EQ(head.get("x-trial-endpoint-call-limit"), "2");
    EXPECT_EQ(head.get("x-trial-endpoint-call-remaining"), "1");
    EXPECT_EQ(head.get("x-endpoint-monthly-call-limit"), "1000");
  }
  ASSERT_TRUE(counter.admits(ask_of("a")));
  EXPECT_TRUE(counter.admits(ask_of("b")));
  const Reply refusal = counter.refusal(ask_of("a"));
  EXPECT_EQ(refusal.head.fields.size(), 1U);
  const json body = json::parse(refusal.body);
  EXPECT_EQ(body.size(), 2U);
  EXPECT_TRUE(body["message"].get<std::string>().starts_with(
      "You are using a Trial key, which is limited to 2 API calls / minute."));
  counter.clock.advance(60s);
  EXPECT_TRUE(counter.admits(ask_of("a")));
}

TEST(CohereQuotas, TheMonthIsTheAccounts) {
  Counter counter(Manner::cohere, {.requests_per_minute = 20, .requests_per_month = 1});
  ASSERT_TRUE(counter.admits(ask_of("a")));
  const json body = json::parse(counter.refusal(ask_of("b")).body);
  EXPECT_NE(body["message"].get<std::string>().find("limited to 1 API calls / month."), std::string::npos);
  counter.clock.advance(7 * 24h);
  EXPECT_TRUE(counter.admits(ask_of("b")));
}

TEST(NvidiaQuotas, SayTwoWords) {
  Counter counter(Manner::nvidia, {.requests_per_minute = 1});
  ASSERT_TRUE(counter.admits(ask_of("a")));
  EXPECT_TRUE(counter.head(ask_of("a")).empty());
  const Reply refusal = counter.refusal(ask_of("b"));
  EXPECT_EQ(refusal.body, R"({"status":429,"title":"Too Many Requests"})");
  EXPECT_EQ(refusal.head.fields.size(), 1U);
  counter.clock.advance(60s);
  EXPECT_TRUE(counter.admits(ask_of("b")));
}

}  // namespace
}  // namespace weir::pretend
