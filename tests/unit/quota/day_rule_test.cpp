// A share of a day kept for others, and a class that is spread over the day.

#include <array>
#include <cmath>

#include "quota_fixture.hpp"

namespace weir::quota::test {
namespace {

constexpr Terms kEven{.day = {.kept = 0, .paced = true}};
constexpr Terms keeping(double share) {
  return {.day = {.kept = share, .paced = false}};
}

class DayRules : public QuotaTest {
 protected:
  // Whether it was taken; it is served at once.
  bool take(const Pool& pool, const Terms& terms, const Cost& cost = {}) {
    auto outcome = pool.reserve(cost, now(), terms);
    auto* const taken = std::get_if<Reservation>(&outcome);
    if (taken == nullptr) return false;
    taken->send(now());
    taken->settle(cost, now());
    return true;
  }
  std::size_t take_all(const Pool& pool, const Terms& terms) {
    std::size_t count = 0;
    while (take(pool, terms)) ++count;
    return count;
  }
  Duration wait(const Pool& pool, const Terms& terms, const Cost& cost = {}) {
    const auto refused = pool.refusal(cost, now(), terms);
    return refused ? refused->available_at - now().boot : Duration::zero();
  }
};

TEST_F(DayRules, WhatIsKeptIsThereForOthers) {
  for (const WindowKind kind : {WindowKind::sliding, WindowKind::fixed, WindowKind::calendar,
                                WindowKind::refill, WindowKind::first_use}) {
    const Pool pool = ledger_.bind(name(kind), "m", {}, std::vector{rpd(100, kind)}, {});
    EXPECT_EQ(take_all(pool, keeping(0.1)), 90U) << name(kind);
    EXPECT_EQ(take_all(pool, {}), 10U) << name(kind);
  }
}

TEST_F(DayRules, OnlyADaysWindowIsKept) {
  const Pool pool = bind({rpm(10), make_limit(Dimension::requests, 50, kHourPeriod)});
  EXPECT_EQ(take_all(pool, keeping(0.5)), 10U);
}

TEST_F(DayRules, WhatIsLargerThanAllThatIsNotKeptNeverFits) {
  const Pool pool = bind({make_limit(Dimension::tokens, 1000, kDayPeriod)});
  const auto refused = pool.refusal(tokens(901), now(), keeping(0.1));
  ASSERT_TRUE(refused);
  EXPECT_TRUE(refused->too_large);
  EXPECT_FALSE(pool.refusal(tokens(900), now(), keeping(0.1)));
  EXPECT_EQ(pool.ceiling(now(), {.kept = 0.1}).tokens, 900U);
}

TEST_F(DayRules, RoomForALowerClassComesBackWhenMoreThanTheKeptPartIsFree) {
  const Pool pool = bind({rpd(100)});
  EXPECT_EQ(take_all(pool, keeping(0.1)), 90U);
  pass(hours(1));
  EXPECT_EQ(take_all(pool, {}), 10U);
  pass(hours(23) + minutes(1));  // the ninety are free again, and the ten not yet
  EXPECT_EQ(take_all(pool, keeping(0.1)), 80U);
}

// 14,400 a day, asked for each second: one each six seconds, and all of it.
TEST_F(DayRules, EvenLastsTheDay) {
  const Pool pool = bind({rpd(14'400, WindowKind::fixed)});
  std::array<std::size_t, 24> by_hour{};
  Duration largest_gap{};
  Duration last{};
  const Instant begin = now();
  while (now().boot - begin.boot < kDay) {
    const Duration at = now().boot - begin.boot;
    if (take(pool, kEven)) {
      ++by_hour.at(static_cast<std::size_t>(at / hours(1)));
      largest_gap = std::max(largest_gap, at - last);
      last = at;
    }
    pass(seconds(1));
  }
  for (const std::size_t served : by_hour) EXPECT_EQ(served, 600U);
  EXPECT_EQ(largest_gap, seconds(6));
  EXPECT_LE(wait(pool, kEven), milliseconds(250)) << "the next day, but for the clocks' skew";
  pass(milliseconds(250));
  EXPECT_TRUE(take(pool, kEven));
}

TEST_F(DayRules, WhatWasLeftUnusedMayBeUsedUp) {
  const Pool pool = bind({rpd(240, WindowKind::calendar)});
  pass(hours(12));
  EXPECT_EQ(take_all(pool, kEven), 121U) << "half a day's, and the next one's turn is now";
  EXPECT_EQ(wait(pool, kEven), minutes(6));
}

TEST_F(DayRules, ABurstOfOthersIsMadeUpFor) {
  const Pool pool = bind({rpd(240, WindowKind::fixed)});
  for (int i = 0; i < 60; ++i) EXPECT_TRUE(take(pool, {}));  // six hours' worth
  EXPECT_EQ(wait(pool, kEven), hours(6));
  EXPECT_TRUE(take(pool, {})) << "who isn't paced goes on";
}

TEST_F(DayRules, TheMomentToldIsTheOneAtWhichItFits) {
  for (const WindowKind kind : {WindowKind::sliding, WindowKind::fixed, WindowKind::calendar,
                                WindowKind::refill, WindowKind::first_use}) {
    const Pool pool = ledger_.bind(name(kind), "m", {}, std::vector{rpd(500, kind)}, {});
    for (int i = 0; i < 300; ++i) {
      const Duration told = wait(pool, kEven);
      if (told > Duration::zero()) {
        pass(told - nanoseconds(1));
        EXPECT_FALSE(take(pool, kEven)) << name(kind);
        pass(nanoseconds(1));
      }
      ASSERT_TRUE(take(pool, kEven)) << name(kind) << " " << i;
    }
  }
}

// Where nothing resets: never more than a day's worth in a day, hardly less, and each hour has room.
TEST_F(DayRules, ARateIsKeptWhereNothingResets) {
  for (const WindowKind kind : {WindowKind::sliding, WindowKind::refill}) {
    const Pool pool = ledger_.bind(name(kind), "m", {}, std::vector{rpd(14'400, kind)}, {});
    std::array<std::size_t, 72> by_hour{};
    const Instant begin = now();
    while (now().boot - begin.boot < 3 * kDay) {
      if (take(pool, kEven)) ++by_hour.at(static_cast<std::size_t>((now().boot - begin.boot) / hours(1)));
      pass(seconds(2));
    }
    EXPECT_EQ(by_hour[0], 882U) << "half an hour's worth at once";
    std::size_t first_day = 0;
    for (std::size_t hour = 0; hour < by_hour.size(); ++hour) {
      EXPECT_GE(by_hour.at(hour), 580U) << name(kind) << " " << hour;
      if (hour < 24) first_day += by_hour.at(hour);
    }
    EXPECT_LE(first_day, 14'400U);
    EXPECT_GE(first_day, 14'390U);
  }
}

TEST_F(DayRules, WhatComesBackComesBackToThePace) {
  const Pool pool = bind({make_limit(Dimension::tokens, 48'000, kDayPeriod, WindowKind::refill)});
  const Cost cost = tokens(2000);  // an hour's worth
  auto unsent = pool.reserve(cost, now(), kEven);
  EXPECT_GT(wait(pool, kEven, cost), Duration::zero());
  std::get<Reservation>(unsent).refund(now());
  EXPECT_EQ(wait(pool, kEven, cost), Duration::zero());

  auto short_answer = pool.reserve(cost, now(), kEven);
  std::get<Reservation>(short_answer).send(now());
  std::get<Reservation>(short_answer).settle(tokens(500), now());
  EXPECT_EQ(wait(pool, kEven, cost), Duration::zero()) << "a quarter of an hour's worth";
}

TEST_F(DayRules, WhatWasUsedBeyondTheEstimateIsPaidForInTime) {
  for (const WindowKind kind : {WindowKind::sliding, WindowKind::refill}) {
    const Pool pool = ledger_.bind(
        name(kind), "m", {}, std::vector{make_limit(Dimension::tokens, 1'000'000, kDayPeriod, kind)}, {});
    std::array<std::uint64_t, 24> by_hour{};
    for (int minute = 0; minute < 24 * 60; ++minute) {
      auto outcome = pool.reserve(tokens(200), now(), kEven);
      if (auto* const taken = std::get_if<Reservation>(&outcome)) {
        taken->send(now());
        taken->settle(tokens(1000), now());
        by_hour.at(static_cast<std::size_t>(minute / 60)) += 1000;
      }
      pass(minutes(1));
    }
    for (std::size_t hour = 1; hour < by_hour.size(); ++hour) {
      EXPECT_GE(by_hour.at(hour), 38'000U) << name(kind) << " " << hour;
      EXPECT_LE(by_hour.at(hour), 43'000U) << name(kind) << " " << hour;
    }
  }
}

// A limit that use has shown rises where someone had to wait for it, not where we kept someone waiting.
TEST_F(DayRules, WhatARuleKeepsTeachesNothing) {
  const Pool pool = bind({from(Source::preset, rpd(1000, WindowKind::fixed))});
  for (int day = 0; day < 30; ++day) {
    for (int i = 0; i < 40; ++i) {
      (void)take(pool, {.day = {.kept = 0.98, .paced = true}});
      (void)take(pool, kEven);
      pass(kDay / 40);
    }
  }
  EXPECT_EQ(view(pool, "rpd").limit.amount, 1000U);
}

TEST_F(DayRules, SharesAreExact) {
  std::uint64_t number = 0;
  for (const double share : {0.07, 0.14, 0.28, 0.55, 0.56, 0.1 + 0.2}) {
    const Pool pool = ledger_.bind("account " + std::to_string(++number), "m", {},
                                   std::vector{rpd(100, WindowKind::fixed)}, {});
    EXPECT_EQ(100 - take_all(pool, keeping(share)), static_cast<std::size_t>(std::lround(100 * share)));
  }
}

// The day before may count a moment longer; it says nothing of the new day's line.
TEST_F(DayRules, AfterMidnightNoWaitForTheWholeDayIsTold) {
  const Pool pool = bind({rpd(100, WindowKind::fixed)});
  pass(kDay - minutes(1));
  EXPECT_GE(take_all(pool, kEven), 99U);
  pass(minutes(1));
  EXPECT_LE(wait(pool, kEven), milliseconds(500));
}

TEST_F(DayRules, TheShareIsWhatOthersLeave) {
  const Pool pool = bind({rpd(100, WindowKind::fixed)});
  const Terms terms{.day = {.kept = 0.5, .paced = true}};
  pass(hours(12));
  EXPECT_EQ(take_all(pool, terms), 26U) << "half of a half, and the next one";
}

TEST_F(DayRules, WhatWaitsBeforeCountsForThePace) {
  const Pool pool = bind({rpd(24, WindowKind::fixed)});
  ASSERT_TRUE(take(pool, kEven));
  const BootTime at = pool.available_behind({.requests = 3}, {}, now(), kEven);
  EXPECT_EQ(at - now().boot, hours(4));
}

}  // namespace
}  // namespace weir::quota::test
