// What pretend providers say is what weir reads of the real ones.
#include "weir/providers/signals.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

#include "component/pretend/pretend_fixture.hpp"

namespace weir::test {
namespace {

using namespace std::chrono_literals;
using pretend::Manner;
using providers::AnswerClass;

struct Heard {
  std::vector<quota::Observation> observed;
  providers::Verdict verdict;
};

Heard hear(const RawAnswer& answer, std::string_view preset, WallTime now) {
  http::Fields fields;
  for (const auto& [name, value] : answer.fields)
    if (name != "date") fields.add(name, value);  // the test's clock is not the server's
  Heard heard;
  const providers::Signals& signals = *providers::find_signals(preset);
  heard.observed = providers::observations(signals, fields, now);
  heard.verdict = providers::classify(signals, {answer.status, fields, answer.body}, now);
  return heard;
}

TEST(PretendSignals, GroqsHeadersTellTheDayAndTheMinute) {
  RunningPretend pretend(instant_spec(Manner::groq, {.requests_per_day = 1000, .tokens_per_minute = 8000}));
  const Heard heard = hear(pretend.ask(chat()), "groq", pretend.now().wall);
  EXPECT_EQ(heard.verdict.answer_class, AnswerClass::ok);
  ASSERT_EQ(heard.observed.size(), 2U);
  EXPECT_EQ(heard.observed[0].period, quota::kDayPeriod);
  EXPECT_EQ(heard.observed[0].remaining, 999U);
  EXPECT_EQ(heard.observed[0].reset, Duration(86'400ms));
  EXPECT_EQ(heard.observed[1].dimension, quota::Dimension::tokens);
  EXPECT_EQ(heard.observed[1].limit, 8000U);
}

TEST(PretendSignals, GroqsRefusalNamesTheMinutesRequests) {
  RunningPretend pretend(instant_spec(Manner::groq, {.requests_per_minute = 1, .requests_per_day = 1000}));
  ASSERT_EQ(pretend.ask(chat()).status, 200);
  const Heard heard = hear(pretend.ask(chat()), "groq", pretend.now().wall);
  EXPECT_EQ(heard.verdict.answer_class, AnswerClass::rate_limited);
  EXPECT_EQ(heard.verdict.dimension, quota::Dimension::requests);
  EXPECT_EQ(heard.verdict.period, quota::kMinutePeriod);
  EXPECT_EQ(heard.verdict.wait, Duration(60s));
}

TEST(PretendSignals, GroqsWallIsTooLarge) {
  RunningPretend pretend(instant_spec(Manner::groq, {.tokens_per_minute = 100}));
  const Heard heard = hear(pretend.ask(chat(R"(,"max_tokens":500)")), "groq", pretend.now().wall);
  EXPECT_EQ(heard.verdict.answer_class, AnswerClass::request_too_large);
  ASSERT_TRUE(heard.verdict.stated);
  EXPECT_EQ(heard.verdict.stated->limit, 100U);
}

TEST(PretendSignals, OpenRoutersRefusalEndsWithTheMinute) {
  RunningPretend pretend(instant_spec(Manner::openrouter, {.requests_per_minute = 1}));
  pretend.advance(15s);
  ASSERT_EQ(pretend.ask(chat()).status, 200);
  const Heard heard = hear(pretend.ask(chat()), "openrouter", pretend.now().wall);
  EXPECT_EQ(heard.verdict.answer_class, AnswerClass::rate_limited);
  EXPECT_EQ(heard.verdict.wait, Duration(45s));
}

TEST(PretendSignals, OpenRoutersDayIsExhausted) {
  RunningPretend pretend(instant_spec(Manner::openrouter, {.requests_per_day = 1}));
  ASSERT_EQ(pretend.ask(chat()).status, 200);
  const Heard heard = hear(pretend.ask(chat()), "openrouter", pretend.now().wall);
  EXPECT_EQ(heard.verdict.answer_class, AnswerClass::quota_exhausted);
  EXPECT_EQ(heard.verdict.wait, Duration(24h));
}

TEST(PretendSignals, APlainRefusalTellsItsWait) {
  RunningPretend pretend(instant_spec(Manner::plain, {.requests_per_minute = 1}));
  pretend.advance(20s);
  ASSERT_EQ(pretend.ask(chat()).status, 200);
  const Heard heard = hear(pretend.ask(chat()), "openai_compatible", pretend.now().wall);
  EXPECT_EQ(heard.verdict.answer_class, AnswerClass::rate_limited);
  EXPECT_EQ(heard.verdict.wait, Duration(40s));
}

// Each manner's refusals, in its provider's own words: who reads them is of another hand than who writes.
struct Refusal {
  Manner manner;
  pretend::Limits limits;
  AnswerClass answer_class;
  std::optional<quota::Dimension> dimension;
  std::optional<quota::Period> period;
  providers::WaitRule rule;
  std::optional<Duration> wait;
  std::string_view scope;
};

// Asked for the first time 15 seconds after midnight UTC, refused at once.
const Refusal kRefusals[] = {
    {Manner::groq,
     {.tokens_per_day = 270},
     AnswerClass::quota_exhausted,
     quota::Dimension::tokens,
     quota::kDayPeriod,
     providers::WaitRule::seconds,
     {},
     "org+model"},
    {Manner::mistral,
     {.requests_per_minute = 1, .tokens_per_minute = 1000},
     AnswerClass::rate_limited,
     quota::Dimension::requests,
     quota::kMinutePeriod,
     providers::WaitRule::next_minute_boundary,
     45s,
     "org+model"},
    {Manner::mistral,
     {.requests_per_minute = 9, .tokens_per_minute = 18},
     AnswerClass::rate_limited,
     quota::Dimension::tokens,
     quota::kMinutePeriod,
     providers::WaitRule::next_minute_boundary,
     45s,
     "org+model"},
    {Manner::mistral,
     {.tokens_per_month = 18},
     AnswerClass::quota_exhausted,
     quota::Dimension::tokens,
     quota::kMonthPeriod,
     providers::WaitRule::next_month_utc,
     7 * 24h - 15s,
     "org"},
    {Manner::gemini,
     {.requests_per_minute = 1},
     AnswerClass::rate_limited,
     quota::Dimension::requests,
     quota::kMinutePeriod,
     providers::WaitRule::seconds,
     60s,
     "project+model"},
    {Manner::gemini,
     {.tokens_per_minute = 6},
     AnswerClass::rate_limited,
     quota::Dimension::input_tokens,
     quota::kMinutePeriod,
     providers::WaitRule::seconds,
     60s,
     "project+model"},
    {Manner::gemini,
     {.requests_per_minute = 1, .requests_per_day = 1},
     AnswerClass::quota_exhausted,
     quota::Dimension::requests,
     quota::kDayPeriod,
     providers::WaitRule::next_midnight_pacific,
     8h - 15s,
     "project+model"},
    {Manner::cerebras,
     {.requests_per_minute = 1},
     AnswerClass::rate_limited,
     quota::Dimension::requests,
     quota::kMinutePeriod,
     providers::WaitRule::seconds,
     57s,
     "org+model"},
    {Manner::cerebras,
     {.requests_per_hour = 1},
     AnswerClass::rate_limited,
     quota::Dimension::requests,
     quota::kHourPeriod,
     providers::WaitRule::seconds,
     3599s,
     "org+model"},
    {Manner::cerebras,
     {.tokens_per_minute = 16'390},
     AnswerClass::rate_limited,
     quota::Dimension::tokens,
     quota::kMinutePeriod,
     providers::WaitRule::seconds,
     57s,
     "org+model"},
    {Manner::cerebras,
     {.tokens_per_day = 16'390},
     AnswerClass::quota_exhausted,
     quota::Dimension::tokens,
     quota::kDayPeriod,
     providers::WaitRule::seconds,
     86'399s,
     "org+model"},
    {Manner::cohere,
     {.requests_per_minute = 1},
     AnswerClass::rate_limited,
     quota::Dimension::requests,
     quota::kMinutePeriod,
     providers::WaitRule::ladder,
     {},
     "account+model"},
    {Manner::cohere,
     {.requests_per_month = 1},
     AnswerClass::quota_exhausted,
     quota::Dimension::requests,
     quota::kMonthPeriod,
     providers::WaitRule::next_month_utc,
     7 * 24h - 15s,
     "account"},
    {Manner::nvidia,
     {.requests_per_minute = 1},
     AnswerClass::rate_limited,
     {},
     {},
     providers::WaitRule::ladder,
     {},
     "account"},
};

TEST(PretendSignals, EveryRefusalIsReadAsItIsMeant) {
  for (const Refusal& refusal : kRefusals) {
    RunningPretend pretend(instant_spec(refusal.manner, refusal.limits));
    pretend.advance(15s);
    ASSERT_EQ(pretend.ask(chat()).status, 200) << pretend::name(refusal.manner);
    pretend.advance(0s);  // so that the first has been settled
    const RawAnswer answer = pretend.ask(chat());
    ASSERT_EQ(answer.status, 429) << pretend::name(refusal.manner);
    const providers::Verdict verdict =
        hear(answer, pretend::name(refusal.manner), pretend.now().wall).verdict;
    const std::string where = std::string(pretend::name(refusal.manner)) + " " + answer.body;
    EXPECT_EQ(verdict.answer_class, refusal.answer_class) << where;
    EXPECT_EQ(verdict.dimension, refusal.dimension) << where;
    EXPECT_EQ(verdict.period, refusal.period) << where;
    EXPECT_EQ(providers::name(verdict.wait_rule), providers::name(refusal.rule)) << where;
    EXPECT_EQ(verdict.scope, refusal.scope) << where;
    if (refusal.wait) {
      EXPECT_EQ(verdict.wait, refusal.wait) << where;
    }
  }
}

}  // namespace
}  // namespace weir::test
