#include "weir/quota/limit.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace weir::quota {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

Limit limit(Dimension dimension, Period period, WindowKind window = WindowKind::sliding,
            std::uint64_t amount = 60) {
  Limit limit;
  limit.dimension = dimension;
  limit.amount = amount;
  limit.period = period;
  limit.window = window;
  return limit;
}

TEST(ShortName, IsTheOneThatConfigurationUses) {
  EXPECT_EQ(short_name(limit(Dimension::requests, kSecondPeriod)), "rps");
  EXPECT_EQ(short_name(limit(Dimension::requests, kMinutePeriod)), "rpm");
  EXPECT_EQ(short_name(limit(Dimension::requests, kHourPeriod)), "rph");
  EXPECT_EQ(short_name(limit(Dimension::requests, kDayPeriod)), "rpd");
  EXPECT_EQ(short_name(limit(Dimension::requests, kMonthPeriod)), "rpmo");
  EXPECT_EQ(short_name(limit(Dimension::tokens, kMinutePeriod)), "tpm");
  EXPECT_EQ(short_name(limit(Dimension::tokens, kHourPeriod)), "tph");
  EXPECT_EQ(short_name(limit(Dimension::tokens, kDayPeriod)), "tpd");
  EXPECT_EQ(short_name(limit(Dimension::tokens, kMonthPeriod)), "tpmo");
  EXPECT_EQ(short_name(limit(Dimension::input_tokens, kMinutePeriod)), "itpm");
  EXPECT_EQ(short_name(limit(Dimension::output_tokens, kMinutePeriod)), "otpm");
  EXPECT_EQ(short_name(limit(Dimension::in_flight, kMinutePeriod, WindowKind::concurrency)), "concurrency");
}

TEST(ShortName, SpellsOutWhatHasNone) {
  EXPECT_EQ(short_name(limit(Dimension::requests, {Period::Unit::span, seconds(2)})), "requests per 2s");
  EXPECT_EQ(short_name(limit(Dimension::input_tokens, kDayPeriod)), "input_tokens per day");
  EXPECT_EQ(short_name(limit(Dimension::output_tokens, kMonthPeriod)), "output_tokens per month");
  EXPECT_EQ(short_name(limit(Dimension::tokens, {}, WindowKind::credit)), "tokens credit");
}

TEST(Names, AreTheWordsOfTheConfiguration) {
  EXPECT_EQ(name(Dimension::output_tokens), "output_tokens");
  EXPECT_EQ(name(WindowKind::first_use), "first_use");
  EXPECT_EQ(name(Source::header), "header");
}

TEST(EngineWindow, CountsTheseKindsAsTheyAre) {
  const EngineWindow sliding = engine_window(limit(Dimension::requests, kMinutePeriod));
  EXPECT_EQ(sliding.kind, WindowKind::sliding);
  EXPECT_TRUE(sliding.exact);
  EXPECT_EQ(sliding.reason, "");
  EXPECT_EQ(sliding.length, seconds(60));

  const EngineWindow fixed = engine_window(limit(Dimension::tokens, kHourPeriod, WindowKind::fixed));
  EXPECT_EQ(fixed.kind, WindowKind::fixed);
  EXPECT_TRUE(fixed.exact);

  EXPECT_TRUE(engine_window(limit(Dimension::in_flight, {}, WindowKind::concurrency)).exact);
}

TEST(EngineWindow, MetersACivilDayInUtcAsAnAlignedDay) {
  const EngineWindow day = engine_window(limit(Dimension::requests, kDayPeriod, WindowKind::calendar));
  EXPECT_EQ(day.kind, WindowKind::fixed);
  EXPECT_EQ(day.length, hours(24));
  EXPECT_TRUE(day.exact);
}

TEST(EngineWindow, MetersCivilDaysAndMonthsInAnyZone) {
  Limit pacific = limit(Dimension::requests, kDayPeriod, WindowKind::calendar);
  pacific.zone = "America/Los_Angeles";
  for (const Period& period : {kDayPeriod, kMonthPeriod}) {
    pacific.period = period;
    const EngineWindow engine = engine_window(pacific);
    EXPECT_EQ(engine.kind, WindowKind::calendar);
    EXPECT_TRUE(engine.exact);
    EXPECT_EQ(engine.reason, "");
    ASSERT_TRUE(engine.zone);
    EXPECT_EQ(engine.zone->name(), "America/Los_Angeles");
  }
}

TEST(EngineWindow, MetersACivilDayByTheLongestWhereTheZoneIsNotFound) {
  Limit lost = limit(Dimension::requests, kDayPeriod, WindowKind::calendar);
  lost.zone = "Atlantis/Capital";
  const EngineWindow day = engine_window(lost);
  EXPECT_EQ(day.kind, WindowKind::sliding);
  EXPECT_EQ(day.length, hours(25));  // 24 would let two days' quota into the one that ends daylight saving
  EXPECT_FALSE(day.exact);
  EXPECT_NE(day.reason, "");
}

TEST(EngineWindow, MetersAFixedMonthAsTheCivilOneInUtc) {
  for (const WindowKind kind : {WindowKind::fixed, WindowKind::calendar}) {
    const EngineWindow month = engine_window(limit(Dimension::requests, kMonthPeriod, kind));
    EXPECT_EQ(month.kind, WindowKind::calendar);
    ASSERT_TRUE(month.zone);
    EXPECT_EQ(month.zone->name(), "UTC");
    EXPECT_TRUE(month.exact);
  }
}

TEST(EngineWindow, MetersASlidingMonthAsTheLongest) {
  const EngineWindow month = engine_window(limit(Dimension::requests, kMonthPeriod));
  EXPECT_EQ(month.kind, WindowKind::sliding);
  EXPECT_EQ(month.length, hours(31 * 24));
  EXPECT_FALSE(month.exact);
}

TEST(EngineWindow, FollowsEveryOtherKindAsItIs) {
  for (const WindowKind kind :
       {WindowKind::first_use, WindowKind::refill, WindowKind::interval, WindowKind::credit}) {
    const EngineWindow engine = engine_window(limit(Dimension::requests, kMinutePeriod, kind));
    EXPECT_EQ(engine.kind, kind);
    EXPECT_TRUE(engine.exact);
  }
}

TEST(EngineWindow, CountsOnlyRequestsAtIntervals) {
  const EngineWindow engine =
      engine_window(limit(Dimension::tokens, kMinutePeriod, WindowKind::interval, 6000));
  EXPECT_EQ(engine.kind, WindowKind::sliding);
  EXPECT_EQ(engine.length, seconds(60));
  EXPECT_FALSE(engine.exact);
}

}  // namespace
}  // namespace weir::quota
