// What pretend providers say is what weir reads of the real ones.
#include "weir/providers/signals.hpp"

#include <gtest/gtest.h>

#include <chrono>

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

}  // namespace
}  // namespace weir::test
