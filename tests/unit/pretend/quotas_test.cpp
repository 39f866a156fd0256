#include "pretend/quotas.hpp"

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

ProviderSpec spec_of(Manner manner, Limits limits) {
  ProviderSpec spec;
  spec.name = "test";
  spec.manner = manner;
  spec.limits = limits;
  spec.default_max_tokens = 100;
  return spec;
}

std::unique_ptr<Quotas> quotas_of(const ProviderSpec& spec) {
  return parts_of(spec.manner).make_quotas(spec);
}

Ask ask_of(const std::string& model, std::uint64_t prompt = 10,
           std::optional<std::uint64_t> max_tokens = {}) {
  return {.model = model, .prompt_tokens = prompt, .max_tokens = max_tokens};
}

std::string message_of(const Reply& reply) {
  return json::parse(reply.body)["error"]["message"].get<std::string>();
}

TEST(GroqQuotas, TellTheMinutesRequestsOnlyInWords) {
  const test::FakeClock clock;
  const auto quotas = quotas_of(spec_of(Manner::groq, {.requests_per_minute = 2, .requests_per_day = 1000}));
  ASSERT_FALSE(quotas->admit(ask_of("m"), clock.now()));
  ASSERT_FALSE(quotas->admit(ask_of("m"), clock.now()));
  const auto refusal = quotas->admit(ask_of("m"), clock.now());
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->head.status, 429);
  EXPECT_EQ(message_of(*refusal),
            "Rate limit reached for model `m` in organization `org_pretend` service tier `on_demand` on "
            "requests per "
            "minute (RPM): Limit 2, Used 2, Requested 1. Please try again in 30s.");
  EXPECT_EQ(refusal->head.fields.get("retry-after"), "30");
  EXPECT_EQ(refusal->head.fields.get("x-ratelimit-limit-requests"), "1000");
  EXPECT_EQ(refusal->head.fields.get("x-ratelimit-remaining-requests"), "998");
  EXPECT_EQ(refusal->head.fields.get("x-ratelimit-reset-requests"), "2m52.8s");
}

TEST(GroqQuotas, EachModelHasItsOwn) {
  const test::FakeClock clock;
  const auto quotas = quotas_of(spec_of(Manner::groq, {.requests_per_minute = 1}));
  ASSERT_FALSE(quotas->admit(ask_of("a"), clock.now()));
  EXPECT_FALSE(quotas->admit(ask_of("b"), clock.now()));
  EXPECT_TRUE(quotas->admit(ask_of("a"), clock.now()));
}

TEST(GroqQuotas, ChargeMaxTokensAtAdmissionAndGiveBackTheRest) {
  const test::FakeClock clock;
  const auto quotas = quotas_of(spec_of(Manner::groq, {.tokens_per_minute = 1000}));
  const Ask ask = ask_of("m", 10, 500);
  ASSERT_FALSE(quotas->admit(ask, clock.now()));
  http::Fields fields;
  quotas->describe(ask, 0, clock.now(), fields);
  EXPECT_EQ(fields.get("x-ratelimit-remaining-tokens"), "490");
  EXPECT_EQ(fields.get("x-ratelimit-reset-tokens"), "30.6s");
  quotas->finish(ask, 40, clock.now());
  fields.clear();
  quotas->describe(ask, 0, clock.now(), fields);
  EXPECT_EQ(fields.get("x-ratelimit-remaining-tokens"), "950");
}

TEST(GroqQuotas, ChargeADefaultWhereNoMaxTokensIsGiven) {
  const test::FakeClock clock;
  const auto quotas = quotas_of(spec_of(Manner::groq, {.tokens_per_minute = 1000}));
  ASSERT_FALSE(quotas->admit(ask_of("m"), clock.now()));
  http::Fields fields;
  quotas->describe(ask_of("m"), 0, clock.now(), fields);
  EXPECT_EQ(fields.get("x-ratelimit-remaining-tokens"), "890");
}

TEST(GroqQuotas, AWallIsA413) {
  const test::FakeClock clock;
  const auto quotas = quotas_of(spec_of(Manner::groq, {.tokens_per_minute = 1000}));
  const auto refusal = quotas->admit(ask_of("m", 600, 401), clock.now());
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->head.status, 413);
  EXPECT_NE(message_of(*refusal).find("(TPM): Limit 1000, Requested 1001, please reduce"), std::string::npos);
  EXPECT_FALSE(quotas->admit(ask_of("m", 600, 400), clock.now()));
}

TEST(GroqQuotas, ARefusalChargesNothing) {
  test::FakeClock clock;
  const auto quotas =
      quotas_of(spec_of(Manner::groq, {.requests_per_minute = 60, .tokens_per_minute = 1000}));
  ASSERT_FALSE(quotas->admit(ask_of("m", 500, 400), clock.now()));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(quotas->admit(ask_of("m", 500, 400), clock.now()));
  clock.advance(48s);  // 900 used, 1800 asked: 800 must drain
  EXPECT_FALSE(quotas->admit(ask_of("m", 500, 400), clock.now()));
}

TEST(OpenRouterQuotas, AreOnePoolOverFreeModels) {
  const test::FakeClock clock;
  const auto quotas = quotas_of(spec_of(Manner::openrouter, {.requests_per_minute = 2}));
  ASSERT_FALSE(quotas->admit(ask_of("a:free"), clock.now()));
  ASSERT_FALSE(quotas->admit(ask_of("b:free"), clock.now()));
  EXPECT_TRUE(quotas->admit(ask_of("c:free"), clock.now()));
  EXPECT_FALSE(quotas->admit(ask_of("paid"), clock.now()));
}

TEST(OpenRouterQuotas, NameTheMinutesEndInEpochMilliseconds) {
  test::FakeClock clock;
  const auto quotas =
      quotas_of(spec_of(Manner::openrouter, {.requests_per_minute = 1, .requests_per_day = 50}));
  clock.advance(10s);
  ASSERT_FALSE(quotas->admit(ask_of("a:free"), clock.now()));
  const auto refusal = quotas->admit(ask_of("a:free"), clock.now());
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->head.status, 429);
  EXPECT_EQ(refusal->head.fields.get("x-ratelimit-reset"), "1795478460000");  // 2026-11-24T00:01:00Z
  const json body = json::parse(refusal->body);
  EXPECT_EQ(body["error"]["code"], 429);
  EXPECT_EQ(body["error"]["metadata"]["headers"]["X-RateLimit-Reset"], "1795478460000");
  EXPECT_EQ(body["error"]["metadata"]["limit_source"], "openrouter_free_tier_per_minute");
  clock.advance(50s);
  EXPECT_FALSE(quotas->admit(ask_of("a:free"), clock.now()));
}

TEST(OpenRouterQuotas, TheDayIsUtc) {
  test::FakeClock clock;
  const auto quotas = quotas_of(spec_of(Manner::openrouter, {.requests_per_day = 1}));
  ASSERT_FALSE(quotas->admit(ask_of("a:free"), clock.now()));
  clock.advance(23h + 59min);
  const auto refusal = quotas->admit(ask_of("a:free"), clock.now());
  ASSERT_TRUE(refusal);
  EXPECT_NE(message_of(*refusal).find("free-models-per-day"), std::string::npos);
  clock.advance(1min);
  EXPECT_FALSE(quotas->admit(ask_of("a:free"), clock.now()));
}

TEST(OpenRouterQuotas, SayNothingOnAServedAnswer) {
  const test::FakeClock clock;
  const auto quotas = quotas_of(spec_of(Manner::openrouter, {.requests_per_minute = 1}));
  ASSERT_FALSE(quotas->admit(ask_of("a:free"), clock.now()));
  http::Fields fields;
  quotas->describe(ask_of("a:free"), 0, clock.now(), fields);
  EXPECT_TRUE(fields.empty());
}

TEST(PlainQuotas, SayOnlyWhenToComeBack) {
  test::FakeClock clock;
  const auto quotas = quotas_of(spec_of(Manner::plain, {.requests_per_minute = 1}));
  clock.advance(19'500ms);
  ASSERT_FALSE(quotas->admit(ask_of("m"), clock.now()));
  const auto refusal = quotas->admit(ask_of("m"), clock.now());
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->head.status, 429);
  EXPECT_EQ(refusal->head.fields.get("retry-after"), "41");  // 40.5, rounded up
  EXPECT_EQ(refusal->head.fields.size(), 2U);                // with the content type
}

TEST(PlainQuotas, CountWhatIsUnderWay) {
  const test::FakeClock clock;
  const auto quotas = quotas_of(spec_of(Manner::plain, {.concurrency = 2}));
  ASSERT_FALSE(quotas->admit(ask_of("m"), clock.now()));
  ASSERT_FALSE(quotas->admit(ask_of("m"), clock.now()));
  EXPECT_TRUE(quotas->admit(ask_of("m"), clock.now()));
  quotas->finish(ask_of("m"), 5, clock.now());
  EXPECT_FALSE(quotas->admit(ask_of("m"), clock.now()));
}

TEST(PlainQuotas, CountTokensWhenTheyAreWritten) {
  const test::FakeClock clock;
  const auto quotas = quotas_of(spec_of(Manner::plain, {.tokens_per_minute = 100}));
  ASSERT_FALSE(quotas->admit(ask_of("m", 30), clock.now()));
  quotas->finish(ask_of("m", 30), 60, clock.now());
  EXPECT_FALSE(quotas->admit(ask_of("m", 10), clock.now()));
  EXPECT_TRUE(quotas->admit(ask_of("m", 1), clock.now()));
}

}  // namespace
}  // namespace weir::pretend
