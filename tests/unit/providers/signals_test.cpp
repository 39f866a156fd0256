#include "weir/providers/signals.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <string>
#include <utility>

namespace weir::providers {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow = std::chrono::sys_days(std::chrono::year(2026) / 10 / 2) + 17h;

http::Fields fields_of(std::initializer_list<std::pair<std::string_view, std::string_view>> list) {
  http::Fields fields;
  for (const auto& [name, value] : list) fields.add(name, value);
  return fields;
}

Verdict verdict_of(int status, const http::Fields& fields = {}, std::string_view body = {},
                   std::string_view preset = "openai") {
  return classify(*find_signals(preset), {status, fields, body}, kNow);
}

std::string groq_words(std::string_view sentence) {
  return R"({"error":{"message":")" + std::string(sentence) +
         R"(","type":"tokens","code":"rate_limit_exceeded"}})";
}

TEST(RetryAfter, MillisecondsComeFirst) {
  EXPECT_EQ(retry_after(fields_of({{"retry-after", "6"}, {"retry-after-ms", "5432"}}), kNow),
            Duration(5432ms));
  EXPECT_EQ(retry_after(fields_of({{"Retry-After", "6"}, {"Retry-After-Ms", "soon"}}), kNow), Duration(6s));
}

TEST(RetryAfter, ReadsSecondsAndDates) {
  EXPECT_EQ(retry_after(fields_of({{"retry-after", "2"}}), kNow), Duration(2s));
  EXPECT_EQ(retry_after(fields_of({{"retry-after", "1.5"}}), kNow), Duration(1500ms));
  EXPECT_EQ(retry_after(fields_of({{"retry-after", "0"}}), kNow), Duration::zero());
  EXPECT_EQ(retry_after(fields_of({{"retry-after", "Fri, 02 Oct 2026 17:00:30 GMT"}}), kNow), Duration(30s));
}

// The provider's clock may be off; its date and its retry-after are off by the same.
TEST(RetryAfter, ADateCountsFromTheAnswersOwnDate) {
  const auto fields = fields_of(
      {{"date", "Fri, 02 Oct 2026 16:58:00 GMT"}, {"retry-after", "Fri, 02 Oct 2026 16:58:20 GMT"}});
  EXPECT_EQ(retry_after(fields, kNow), Duration(20s));
}

TEST(RetryAfter, IsNothingWhereItIsNonsense) {
  EXPECT_EQ(retry_after({}, kNow), std::nullopt);
  for (const char* value : {"", "-1", "soon", "1e9", "99999999999", "Thu, 01 Oct 2026 17:00:00 GMT"})
    EXPECT_EQ(retry_after(fields_of({{"retry-after", value}}), kNow), std::nullopt) << value;
}

TEST(Observations, OfAMonthThatEndsWithTheCalendarsSaySo) {
  const auto fields = fields_of(
      {{"x-ratelimit-limit-tokens-month", "4000000"}, {"x-ratelimit-remaining-tokens-month", "10"}});
  for (const auto& [preset, is_calendars] : {std::pair("mistral", true), std::pair("openai", false)}) {
    const auto all = observations(*find_signals(preset), fields, kNow);
    ASSERT_EQ(all.size(), 1U) << preset;
    EXPECT_EQ(all[0].period, quota::kMonthPeriod);
    EXPECT_EQ(all[0].by_calendar, is_calendars) << preset;
  }
}

TEST(Refusals, StateAmountsInTheWaysThatPeopleWriteThem) {
  const auto limit_in = [](std::string_view words) -> std::optional<std::uint64_t> {
    const Verdict verdict = verdict_of(429, {}, groq_words(words));
    return verdict.stated ? verdict.stated->limit : std::nullopt;
  };
  EXPECT_EQ(limit_in("Rate limit reached: Limit 30k tokens per minute"), 30'000U);
  EXPECT_EQ(limit_in("You exceeded the limit of 1.5M tokens per day"), 1'500'000U);
  EXPECT_EQ(limit_in("Rate limit: 200K tokens per minute."), 200'000U);
  EXPECT_EQ(limit_in("You may use at most 10 000 tokens per minute"), 10'000U);
  EXPECT_EQ(limit_in("Your rate limit is 60 queries per minute."), 60U);
  EXPECT_EQ(limit_in("limit is 10,000 tokens per minute, used 9,990"), 10'000U);
  // Of a status, a name or a fraction.
  for (const char* words : {"Error 429 too many requests per minute", "rate limit 429: requests per minute",
                            "Llama 3 requests per minute exceeded", "Llama 3.1 requests per minute exceeded",
                            "limit 8x22b tokens per minute exceeded"})
    EXPECT_EQ(limit_in(words), std::nullopt) << words;
}

// As long as what was refused can justify: a day, or a longer window that was named.
TEST(Refusals, ClaimNoLongerWaitThanTheirWindow) {
  const auto wait_of = [](std::string_view body, const http::Fields& fields, int status = 429) {
    return classify(*find_signals("openai"), {.status = status, .fields = fields, .body = body}, kNow).wait;
  };
  constexpr std::string_view kUnnamed = R"({"error":{"message":"Too many requests"}})";
  EXPECT_EQ(wait_of(kUnnamed, fields_of({{"retry-after", "86400"}})), Duration(24h));
  EXPECT_EQ(wait_of(kUnnamed, fields_of({{"retry-after", "90000"}})), Duration(25h));
  EXPECT_EQ(wait_of(kUnnamed, fields_of({{"retry-after", "90001"}})), Duration(25h));
  EXPECT_EQ(wait_of(kUnnamed, fields_of({{"retry-after", "300000000"}})), Duration(25h));
  EXPECT_EQ(wait_of(kUnnamed, fields_of({{"retry-after-ms", "300000000000"}})), Duration(25h));
  EXPECT_EQ(wait_of(kUnnamed, fields_of({{"retry-after", "Thu, 02 Oct 2031 17:00:00 GMT"}})), Duration(25h));
  EXPECT_EQ(wait_of("", fields_of({{"retry-after", "300000000"}}), 503), Duration(25h));
  constexpr std::string_view kInBody =
      R"({"error":{"message":"q","details":[{"metadata":{"quotaResetDelay":"%"}}]}})";
  const auto in_body = [&](std::string_view delay) {
    std::string body(kInBody);
    return wait_of(body.replace(body.find('%'), 1, delay), {});
  };
  EXPECT_EQ(in_body("700h0m0s"), Duration(700h));
  EXPECT_EQ(in_body("9000h0m0s"), Duration(31 * 24h));
}

TEST(Observations, AWindowIsOneObservation) {
  const auto fields = fields_of({{"X-RateLimit-Limit-Requests", "60"},
                                 {"X-RateLimit-Remaining-Requests", "59"},
                                 {"X-RateLimit-Reset-Requests", "1s"}});
  const auto all = observations(*find_signals("openai"), fields, kNow);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].dimension, quota::Dimension::requests);
  EXPECT_EQ(all[0].period, quota::kMinutePeriod);
  EXPECT_EQ(all[0].limit, 60U);
  EXPECT_EQ(all[0].remaining, 59U);
  EXPECT_EQ(all[0].reset, Duration(1s));
}

TEST(Observations, MissingIsUnknownAndNeverZero) {
  EXPECT_TRUE(observations(*find_signals("groq"), {}, kNow).empty());
  const auto all =
      observations(*find_signals("groq"), fields_of({{"x-ratelimit-limit-tokens", "8000"}}), kNow);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].remaining, std::nullopt);
  EXPECT_EQ(all[0].reset, std::nullopt);
}

TEST(Observations, NonsenseIsUnknown) {
  for (const char* value : {"-1", "", "many", "1e3", "7.5", "99999999999999999999"})
    EXPECT_TRUE(
        observations(*find_signals("groq"), fields_of({{"x-ratelimit-remaining-tokens", value}}), kNow)
            .empty())
        << value;
}

TEST(Classify, FollowsTheStatusWhereNothingElseIsSaid) {
  const std::pair<int, AnswerClass> table[] = {
      {200, AnswerClass::ok},
      {201, AnswerClass::ok},
      {302, AnswerClass::server_error},
      {400, AnswerClass::invalid_request},
      {401, AnswerClass::auth},
      {402, AnswerClass::payment_required},
      {403, AnswerClass::auth},
      {404, AnswerClass::model_unavailable},
      {405, AnswerClass::invalid_request},
      {408, AnswerClass::server_error},
      {409, AnswerClass::server_error},
      {410, AnswerClass::model_unavailable},
      {413, AnswerClass::request_too_large},
      {422, AnswerClass::invalid_request},
      {429, AnswerClass::rate_limited},
      {498, AnswerClass::capacity},
      {500, AnswerClass::server_error},
      {502, AnswerClass::server_error},
      {503, AnswerClass::capacity},
      {529, AnswerClass::capacity},
  };
  for (const auto& [status, expected] : table) {
    const Verdict verdict = verdict_of(status);
    EXPECT_EQ(name(verdict.answer_class), name(expected)) << status;
    EXPECT_EQ(verdict.wait, std::nullopt) << status;
    EXPECT_EQ(verdict.dimension, std::nullopt) << status;
    EXPECT_EQ(verdict.whole_account, status == 401) << status;
  }
}

TEST(Classify, AnEmptyWindowOfADayIsExhausted) {
  const Verdict verdict =
      verdict_of(429, fields_of({{"x-ratelimit-remaining-requests", "0"}, {"retry-after", "2"}}), {}, "groq");
  EXPECT_EQ(verdict.answer_class, AnswerClass::quota_exhausted);
  EXPECT_EQ(verdict.dimension, quota::Dimension::requests);
  EXPECT_EQ(verdict.period, quota::kDayPeriod);
  EXPECT_EQ(verdict.wait, Duration(2s));
}

TEST(Classify, AWaitOverAMinuteIsExhausted) {
  EXPECT_EQ(verdict_of(429, fields_of({{"retry-after", "60"}})).answer_class, AnswerClass::rate_limited);
  EXPECT_EQ(verdict_of(429, fields_of({{"retry-after", "61"}})).answer_class, AnswerClass::quota_exhausted);
}

// Groq's day bucket says when it is full again; waiting for that would waste hours.
TEST(Classify, TheResetOfALongWindowIsNoWait) {
  const Verdict verdict = verdict_of(
      429, fields_of({{"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-reset-requests", "23h59m"}}), {},
      "groq");
  EXPECT_EQ(verdict.wait, std::nullopt);
}

// The words blame the minute's requests, which stand in no header; the resets that do are of other windows.
TEST(Classify, TheResetOfAnotherWindowIsNoWait) {
  const Verdict verdict =
      verdict_of(429, fields_of({{"x-ratelimit-remaining-tokens", "0"}, {"x-ratelimit-reset-tokens", "59s"}}),
                 groq_words("on requests per minute (RPM): Limit 30, Used 30, Requested 1."), "groq");
  EXPECT_EQ(verdict.dimension, quota::Dimension::requests);
  EXPECT_EQ(verdict.period, quota::kMinutePeriod);
  EXPECT_EQ(verdict.wait, std::nullopt);
}

// Whole seconds may be rounded down.
TEST(Classify, TheWaitIsNeverShorterThanTheWordsSay) {
  const std::string body =
      groq_words("on tokens per minute (TPM): Limit 6, Used 5, Requested 1. Please try again in 4.77s.");
  EXPECT_EQ(verdict_of(429, fields_of({{"retry-after", "4"}}), body).wait, Duration(4770ms));
  EXPECT_EQ(verdict_of(429, fields_of({{"retry-after", "5"}}), body).wait, Duration(5s));
}

TEST(Classify, WhatNeverFitsIsNotAWait) {
  const Verdict verdict = verdict_of(
      429, fields_of({{"retry-after", "9"}}),
      groq_words(
          "on tokens per minute (TPM): Limit 7000, Used 0, Requested ~12903. Please try again in 50.5s."));
  EXPECT_EQ(verdict.answer_class, AnswerClass::request_too_large);
  EXPECT_EQ(verdict.wait, std::nullopt);
}

TEST(Classify, MoreUsedThanTheLimitLeavesNothing) {
  const Verdict verdict = verdict_of(429, {}, groq_words("(TPD): Limit 100, Used 130, Requested 5."));
  ASSERT_TRUE(verdict.stated);
  EXPECT_EQ(verdict.stated->remaining, 0U);
  EXPECT_EQ(verdict.stated->limit, 100U);
}

TEST(Classify, TheFirstWindowNamedIsTheOneThatRefused) {
  const Verdict day = verdict_of(429, {}, groq_words("(TPD): Limit 9, Used 9, Requested 1. See also (RPM)."));
  EXPECT_EQ(day.dimension, quota::Dimension::tokens);
  EXPECT_EQ(day.period, quota::kDayPeriod);
  const Verdict minute =
      verdict_of(429, {}, groq_words("(RPM): Limit 9, Used 9, Requested 1. See also (TPD)."));
  EXPECT_EQ(minute.dimension, quota::Dimension::requests);
  EXPECT_EQ(minute.period, quota::kMinutePeriod);
}

TEST(Classify, WhatWasRequestedIsACountWhereItIsKnownWhatItCounts) {
  const std::string tpm =
      groq_words("(TPM): Limit 6000, Used 5034, Requested 1443. Please try again in 4.77s.");
  EXPECT_EQ(verdict_of(429, {}, tpm, "groq").admission_tokens, 1443U);
  EXPECT_EQ(verdict_of(429, {}, tpm, "groq").prompt_tokens, std::nullopt);
  EXPECT_EQ(verdict_of(429, {}, tpm, "openai").admission_tokens, std::nullopt) << "guessed from the length";
  const std::string wall =
      groq_words("on tokens per minute (TPM): Limit 8000, Requested 11088, please reduce");
  EXPECT_EQ(verdict_of(413, {}, wall, "groq").admission_tokens, 11088U);
  EXPECT_EQ(
      verdict_of(429, {}, groq_words("(TPD): Limit 100, Used 99, Requested 5."), "groq").admission_tokens,
      5U);
  EXPECT_EQ(verdict_of(429, {}, groq_words("(ITPM): Limit 9, Used 9, Requested 7."), "groq").prompt_tokens,
            7U);
}

TEST(Classify, WhatWasRequestedIsNoCountOfOtherThingsNorARoughOne) {
  for (const char* words : {"(RPM): Limit 30, Used 30, Requested 1.", "(OTPM): Limit 9, Used 9, Requested 7.",
                            "(TPM): Limit 7000, Used 0, Requested ~12903.",
                            "(TPM): Limit 9, Used 9, Requested 0.", "(TPM): Limit 9, Used 9."}) {
    const Verdict verdict = verdict_of(429, {}, groq_words(words), "groq");
    EXPECT_EQ(verdict.admission_tokens, std::nullopt) << words;
    EXPECT_EQ(verdict.prompt_tokens, std::nullopt) << words;
  }
}

TEST(Classify, AContextThatIsTooShortMayTellThePrompt) {
  const auto told = [](const std::string& body) { return verdict_of(400, {}, body).prompt_tokens; };
  EXPECT_EQ(told(R"x({"error":{"code":400,"type":"exceed_context_size_error","n_prompt_tokens":5000,)x"
                 R"x("n_ctx":4096,"message":"request (5000 tokens) exceeds the available context size"}})x"),
            5000U);
  const std::string words =
      R"x({"error":{"message":"This model's maximum context length is 8192 tokens. However, you requested )x"
      R"x(16163 tokens (1163 in the messages, )x";
  EXPECT_EQ(told(words + R"x(15000 in the completion).","code":400}})x"), 1163U);
  EXPECT_EQ(told(words + R"x(900 in the functions, 14100 in the completion).","code":400}})x"), std::nullopt)
      << "tools are part of the prompt";
}

TEST(ToldCost, IsReadWhereAProviderTellsIt) {
  const auto told = [](const char* value, const char* provider = "mistral") {
    return told_cost(*find_signals(provider), fields_of({{"X-RateLimit-Tokens-Query-Cost", value}}));
  };
  EXPECT_EQ(told("52"), 52U);
  for (const char* value : {"", "0", "-5", "many", "5.5"}) EXPECT_EQ(told(value), std::nullopt) << value;
  EXPECT_EQ(told("52", "groq"), std::nullopt);
  EXPECT_EQ(told_cost(*find_signals("mistral"), {}), std::nullopt);
}

TEST(Classify, NoCreditIsAStateOnlyWithoutAWait) {
  const std::string_view body =
      R"({"error":{"message":"quota","type":"insufficient_quota","code":"insufficient_quota"}})";
  const Verdict broke = verdict_of(429, {}, body);
  EXPECT_EQ(broke.answer_class, AnswerClass::payment_required);
  EXPECT_TRUE(broke.whole_account);
  const Verdict tomorrow = verdict_of(429, fields_of({{"retry-after", "30000"}}), body);
  EXPECT_EQ(tomorrow.answer_class, AnswerClass::quota_exhausted);
  EXPECT_FALSE(tomorrow.whole_account);
}

// OpenAI and Gemini begin with the same sentence; words alone are no state that needs a person.
TEST(Classify, TheWordQuotaAloneMeansNothing) {
  const Verdict verdict = verdict_of(
      429, {},
      R"({"error":{"message":"You exceeded your current quota, please check your plan and billing details."}})");
  EXPECT_EQ(verdict.answer_class, AnswerClass::rate_limited);
  EXPECT_FALSE(verdict.whole_account);
}

TEST(Classify, CapacityKeepsItsWait) {
  EXPECT_EQ(verdict_of(503, fields_of({{"retry-after", "7"}})).wait, Duration(7s));
  EXPECT_EQ(verdict_of(500, fields_of({{"retry-after-ms", "7"}})).wait, Duration(7ms));
}

TEST(Classify, PassesTheProvidersWordsOn) {
  EXPECT_EQ(
      verdict_of(400, {}, R"([{"error":{"code":400,"message":"Developer instruction is not enabled"}}])")
          .message,
      "Developer instruction is not enabled");
  EXPECT_EQ(verdict_of(200, {}, R"({"error":{"message":"not read"}})").message, "");
}

// OpenRouter's high demand is 50 a minute of one model, whoever asks; our pool's 20 must not become 50.
TEST(Classify, AProvidersOwnLimitOfAModelIsNoWindowOfOurs) {
  const Verdict verdict = verdict_of(
      429, {},
      R"({"error":{"message":"Rate limit exceeded: limit_rpm/m/1. High demand for m:free - limited to 50 requests per minute."}})",
      "openrouter");
  EXPECT_TRUE(verdict.violated);
  EXPECT_EQ(verdict.dimension, std::nullopt);
  EXPECT_EQ(verdict.stated, std::nullopt);
  EXPECT_FALSE(verdict.whole_account);
}

// A 402 without a code may be about this one request.
TEST(Classify, ACodeOfPaymentIsAStateOfTheAccount) {
  EXPECT_FALSE(verdict_of(402, {}, R"({"error":{"message":"can only afford 7"}})").whole_account);
  EXPECT_TRUE(verdict_of(402, {}, R"({"message":"Pay.","code":"payment_required"})").whole_account);
}

TEST(Classify, AMonthsCreditIsTheAccounts) {
  const Verdict verdict = verdict_of(402, {}, R"({"error":"monthly included credits"})", "huggingface");
  EXPECT_EQ(verdict.answer_class, AnswerClass::quota_exhausted);
  EXPECT_TRUE(verdict.whole_account);
  EXPECT_GT(verdict.wait, Duration(24h));
}

// The day ends at midnight in Los Angeles, at 07:00 UTC in summer and at 08:00 in winter.
TEST(Classify, ThePacificDayKnowsDaylightSaving) {
  const std::string body =
      R"([{"error":{"code":429,"details":[{"violations":[{"quotaId":"RequestsPerDay","quotaValue":"9"}]}]}}])";
  const auto wait_from = [&](WallTime now) {
    return classify(*find_signals("gemini"), {429, http::Fields{}, body}, now).wait;
  };
  EXPECT_EQ(wait_from(kNow), Duration(14h));
  EXPECT_EQ(wait_from(kNow + 24h * 60), Duration(15h));
}

TEST(Classify, AnUpperBoundIsMarked) {
  EXPECT_TRUE(verdict_of(429, fields_of({{"retry-after", "60"}}), {}, "cerebras").wait_at_most);
  EXPECT_FALSE(verdict_of(429, fields_of({{"retry-after", "60"}}), {}, "groq").wait_at_most);
}

// A proxy's own limits are not those of the provider behind it.
TEST(Observations, ForwardedHeadersComeBeforeTheProxysOwn) {
  const auto fields = fields_of(
      {{"x-ratelimit-limit-tokens-minute", "5"}, {"LLM_Provider-x-ratelimit-limit-tokens-minute", "6000"}});
  const auto all = observations(*find_signals("openai_compatible"), fields, kNow);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].limit, 6000U);
}

TEST(Observations, TheFirstOfTwoHeadersCounts) {
  const auto fields =
      fields_of({{"x-ratelimit-remaining-tokens", "7"}, {"X-RateLimit-Remaining-Tokens", "9"}});
  ASSERT_EQ(observations(*find_signals("groq"), fields, kNow).size(), 1U);
  EXPECT_EQ(observations(*find_signals("groq"), fields, kNow)[0].remaining, 7U);
}

// What a name doesn't say is not guessed: a day benched as a minute is refused, the other way wasted.
TEST(Observations, AWindowThatNobodyNamesIsNotForTheLedger) {
  const auto fields =
      fields_of({{"x-ratelimit-limit-requests", "60"}, {"x-ratelimit-remaining-requests", "0"}});
  EXPECT_TRUE(observations(*find_signals("openai_compatible"), fields, kNow).empty());
  EXPECT_EQ(windows(*find_signals("openai_compatible"), fields, kNow).size(), 1U);
}

TEST(AnswerClass, EachHasAName) {
  EXPECT_EQ(name(AnswerClass::ok), "ok");
  EXPECT_EQ(name(AnswerClass::quota_exhausted), "quota_exhausted");
  EXPECT_EQ(name(AnswerClass::server_error), "server_error");
}

// The words of the event are all there is: the fields of the head were a good answer's.
TEST(Classify, ARefusalInMidStreamWaitsForTheResetThatItNames) {
  const std::string body =
      R"({"error":{"message":"Rate limit exceeded: free-models-per-day","code":429,"metadata":{"headers":)"
      R"({"X-RateLimit-Limit":"50","X-RateLimit-Remaining":"0","X-RateLimit-Reset":"1790967600000"}}}})";
  const auto midway = [](std::string_view words) {
    return classify(
        *find_signals("openrouter"),
        {.status = 200, .fields = {}, .body = words, .is_error_in_answer = true, .is_midway = true}, kNow);
  };
  EXPECT_EQ(midway(body).answer_class, AnswerClass::quota_exhausted);
  EXPECT_EQ(midway(body).wait, Duration(2h));
  EXPECT_EQ(midway(R"({"error":{"message":"Rate limit exceeded","code":429}})").wait, std::nullopt);
}

}  // namespace
}  // namespace weir::providers
