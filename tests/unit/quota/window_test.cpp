// The window kinds as a pool shows them: when room goes and when it comes back.

#include <array>

#include "quota_fixture.hpp"

namespace weir::quota {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

constexpr nanoseconds kTick{1};

using SlidingWindow = QuotaTest;
using FixedWindow = QuotaTest;
using RefillWindow = QuotaTest;
using IntervalWindow = QuotaTest;
using CreditWindow = QuotaTest;
using Concurrency = QuotaTest;

TEST_F(SlidingWindow, GivesASlotBackAfterThePeriodAndTheGuardAndNotBefore) {
  const Pool pool = bind({rpm(1)});
  serve(pool);
  const Refusal refused = refusal(pool);
  EXPECT_EQ(refused.limit, "rpm");
  EXPECT_EQ(refused.available_at - now().boot, kMinuteHeld);
  pass(kMinuteHeld - kTick);
  EXPECT_FALSE(fits(pool));
  pass(kTick);
  EXPECT_TRUE(fits(pool));
}

TEST_F(SlidingWindow, GuardsAShortPeriodByAHundredthOfIt) {
  const Pool pool = bind({make_limit(Dimension::requests, 1, {Period::Unit::span, milliseconds(200)})});
  serve(pool);
  EXPECT_EQ(wait(pool), milliseconds(202));
}

TEST_F(SlidingWindow, CountsFromTheSendingNotFromTheReservation) {
  const Pool pool = bind({rpm(1)});
  Reservation held = reserve(pool);
  pass(seconds(50));
  held.send(now());
  held.settle({}, now());
  pass(seconds(59));  // 109 s after the reservation
  EXPECT_FALSE(fits(pool));
  EXPECT_EQ(wait(pool), seconds(1) + milliseconds(50));
}

TEST_F(SlidingWindow, NamesTheMomentAtWhichEnoughOldCostsAreGone) {
  const Pool pool = bind({tpm(100)});
  for (const std::uint64_t cost : {30U, 20U, 50U}) {
    serve(pool, tokens(cost));
    pass(seconds(10));
  }
  EXPECT_EQ(wait(pool, tokens(30)), kMinuteHeld - seconds(30));
  EXPECT_EQ(wait(pool, tokens(31)), kMinuteHeld - seconds(20));
  EXPECT_EQ(wait(pool, tokens(51)), kMinuteHeld - seconds(10));
}

TEST_F(SlidingWindow, IsExactFor256Costs) {
  const Pool pool = bind({rpm(256)});
  std::vector<BootTime> sent;
  for (int i = 0; i < 256; ++i) {
    serve(pool);
    sent.push_back(now().boot);
    pass(milliseconds(100));
  }
  for (const BootTime at : sent) {
    EXPECT_EQ(refusal(pool).available_at, at + kMinuteHeld);
    pass(at + kMinuteHeld - now().boot);
    serve(pool);
  }
}

TEST_F(SlidingWindow, StaysExactHoweverManyRequestsWereRefused) {
  const Pool pool = bind({rpm(2)});
  for (int i = 0; i < 600; ++i) {
    send(pool).refuse(now());
    pass(milliseconds(150));
  }
  serve(pool);
  const BootTime first = now().boot;
  pass(milliseconds(3));
  serve(pool);
  EXPECT_EQ(refusal(pool).available_at, first + kMinuteHeld);
}

TEST_F(SlidingWindow, GivesBackNeverEarlyAndAtMostACellLateBeyondThat) {
  constexpr Duration kCell = Duration(minutes(1)) / 256 + kTick;
  const Pool pool = bind({rpm(2000)});
  std::vector<BootTime> sent;
  for (int i = 0; i < 2000; ++i) {
    serve(pool);
    sent.push_back(now().boot);
    pass(milliseconds(20));
  }
  for (const BootTime at : sent) {
    const BootTime due = at + kMinuteHeld;
    const BootTime back = fits(pool) ? now().boot : refusal(pool).available_at;
    EXPECT_LE(back, due + kCell);
    if (back > now().boot) pass(back - now().boot);
    EXPECT_GE(now().boot, due);
    serve(pool);
  }
}

TEST_F(SlidingWindow, HasACellForEverythingThatCanCountAtOnce) {
  constexpr milliseconds kPeriod(500);
  const Pool pool = bind({make_limit(Dimension::requests, 1'000'000, {Period::Unit::span, kPeriod})});
  for (int i = 0; i < 3000; ++i) {
    serve(pool);
    pass(milliseconds(1));
    if (i < 1000) continue;
    EXPECT_GE(pool.view(now())[0].used, 505U - 1U);  // period and guard
    EXPECT_LE(pool.view(now())[0].used, 505U + 2U);  // and a cell
  }
}

TEST_F(SlidingWindow, IsExactAgainOnceTheCrowdIsGone) {
  const Pool pool = bind({rpm(2000)});
  for (int i = 0; i < 2000; ++i) {
    serve(pool);
    pass(milliseconds(20));
  }
  pass(minutes(2));
  const Pool narrow = bind({rpm(2)});  // the same meter with another amount
  serve(narrow);
  pass(nanoseconds(1234));
  serve(narrow);
  EXPECT_EQ(wait(narrow), kMinuteHeld - nanoseconds(1234));
}

TEST_F(FixedWindow, GivesAllBackOnceTheEdgeIsPassedByTheSkew) {
  const Pool pool = bind({rpm(3, WindowKind::fixed)});  // the clock starts at a full minute
  pass(seconds(20));
  for (int i = 0; i < 3; ++i) serve(pool);
  EXPECT_EQ(wait(pool), seconds(40) + milliseconds(250));
  pass(seconds(40) + milliseconds(250) - kTick);
  EXPECT_FALSE(fits(pool));
  pass(kTick);
  EXPECT_EQ(view(pool, "rpm").left, 3U);
}

TEST_F(FixedWindow, CountsOnBothSidesWhatIsSentWithinTheSkewOfAnEdge) {
  const Pool pool = bind({rpm(3, WindowKind::fixed)});
  pass(seconds(60) - milliseconds(250));
  serve(pool);
  EXPECT_EQ(wait(pool, tokens(0)), Duration::zero());
  pass(milliseconds(500));  // 250 ms after the edge
  EXPECT_EQ(view(pool, "rpm").used, 1U);
  pass(seconds(59));
  EXPECT_EQ(view(pool, "rpm").used, 1U);
  pass(seconds(1));
  EXPECT_EQ(view(pool, "rpm").used, 0U);
}

TEST_F(FixedWindow, ForgetsAWindowThatIsOverForGood) {
  const Pool pool = bind({rpm(10, WindowKind::fixed)});
  pass(seconds(59) + milliseconds(700));
  for (int i = 0; i < 3; ++i) serve(pool);
  pass(seconds(2));
  for (int i = 0; i < 2; ++i) serve(pool);
  pass(seconds(58) + milliseconds(100));  // within the skew of the next edge
  serve(pool);
  EXPECT_EQ(view(pool, "rpm").used, 3U);
}

TEST_F(FixedWindow, TakesAFortiethOfAShortPeriodForTheSkew) {
  const Pool pool =
      bind({make_limit(Dimension::requests, 1, {Period::Unit::span, seconds(2)}, WindowKind::fixed)});
  pass(seconds(1));
  serve(pool);
  EXPECT_EQ(wait(pool), seconds(1) + milliseconds(50));
}

TEST_F(FixedWindow, IsAlignedToTheUtcDay) {
  const Pool pool = bind({rpd(1, WindowKind::calendar)});
  pass(hours(23));
  serve(pool);
  EXPECT_EQ(wait(pool), hours(1) + milliseconds(250));
}

Limit in_zone(std::string_view zone, Limit limit) {
  limit.zone = zone;
  return limit;
}

TEST_F(FixedWindow, IsAlignedToTheCivilDayOfItsZone) {
  // 24 November, 0:00 in UTC, is 16:00 in Los Angeles.
  const Pool pool = bind({in_zone("America/Los_Angeles", rpd(1, WindowKind::calendar))});
  serve(pool);
  EXPECT_EQ(wait(pool), hours(8) + milliseconds(250));
  pass(hours(8) + milliseconds(250));
  serve(pool);
  EXPECT_EQ(wait(pool), hours(24));
}

TEST_F(FixedWindow, IsAlignedToTheCivilMonthOfItsZone) {
  const Limit month = make_limit(Dimension::requests, 1, kMonthPeriod, WindowKind::calendar);
  const Pool pool = bind({in_zone("Europe/Paris", month)});
  serve(pool);
  EXPECT_EQ(wait(pool), hours(7 * 24 - 1) + milliseconds(250));
  pass(hours(7 * 24 - 1) + milliseconds(250));
  serve(pool);
  EXPECT_EQ(wait(pool), hours(31 * 24));
}

TEST_F(FixedWindow, IsAlignedToTheUtcMonth) {
  const Pool pool = bind({make_limit(Dimension::requests, 1, kMonthPeriod, WindowKind::fixed)});
  serve(pool);
  EXPECT_EQ(wait(pool), hours(7 * 24) + milliseconds(250));
}

TEST_F(FixedWindow, OfAZoneIsItsOwn) {
  const Pool pool = bind({in_zone("Asia/Tokyo", rpd(1, WindowKind::calendar)),
                          in_zone("Europe/Paris", rpd(1, WindowKind::calendar))});
  serve(pool);
  pass(hours(15) + milliseconds(250));  // midnight in Tokyo
  EXPECT_EQ(pool.view(now())[0].used, 0U);
  EXPECT_EQ(pool.view(now())[1].used, 1U);
}

TEST_F(FixedWindow, OfACivilDayHoldsWhateverTheClockIsSetTo) {
  const Pool pool = bind({in_zone("America/Los_Angeles", rpd(2, WindowKind::calendar))});
  pass(hours(7));
  serve(pool);
  pass(hours(2));  // 1:00
  serve(pool);
  EXPECT_TRUE(fits(pool));
  clock_.step_wall(-hours(4));  // it was 21:00 all the same
  EXPECT_FALSE(fits(pool));
  EXPECT_EQ(wait(pool), hours(3) + milliseconds(250));
}

TEST_F(FixedWindow, GivesNothingBackWhenTheWallClockIsSetBack) {
  const Pool pool = bind({rpm(4, WindowKind::fixed)});
  pass(seconds(50));
  for (int i = 0; i < 4; ++i) serve(pool);
  pass(seconds(11));
  EXPECT_TRUE(fits(pool));
  // It was only 0:00:45 after all: the provider is in the first minute still, which is used up.
  clock_.step_wall(-seconds(16));
  EXPECT_FALSE(fits(pool));
  EXPECT_EQ(wait(pool), seconds(15) + milliseconds(250));
  pass(seconds(15) + milliseconds(250));
  EXPECT_EQ(view(pool, "rpm").left, 4U);
}

TEST_F(FixedWindow, CountsOnBothSidesOfAStepBack) {
  const Pool pool = bind({rpm(4, WindowKind::fixed)});
  pass(seconds(50));
  for (int i = 0; i < 3; ++i) serve(pool);
  pass(seconds(11));
  serve(pool);  // 0:01:01, the second minute
  clock_.step_wall(-seconds(16));
  EXPECT_FALSE(fits(pool));  // by the clock as it is now all four fell into the first
}

TEST_F(FixedWindow, HoldsAWindowNoLongerThanAPeriodWhateverTheStep) {
  const Pool pool = bind({rpm(1, WindowKind::fixed)});
  serve(pool);
  clock_.step_wall(-hours(1000));
  EXPECT_FALSE(fits(pool));
  pass(seconds(61));
  EXPECT_TRUE(fits(pool));
}

TEST_F(FixedWindow, DoesNotEndEarlyWhenTheWallClockIsSetForward) {
  const Pool pool = bind({rpm(1, WindowKind::fixed)});
  pass(seconds(10));
  serve(pool);
  pass(seconds(20));
  clock_.step_wall(seconds(35));  // 0:01:05, if it is to be believed
  EXPECT_FALSE(fits(pool));
  EXPECT_EQ(wait(pool), seconds(30) + milliseconds(250));
}

TEST_F(FixedWindow, TakesNothingIntoAWindowThatAnotherThreadHasLeft) {
  const Pool pool = bind({rpm(5, WindowKind::fixed)});
  pass(seconds(59) + milliseconds(500));
  const Instant read_before = now();
  pass(seconds(2));
  serve(pool);
  auto outcome = pool.reserve({}, read_before);
  std::get<Reservation>(outcome).send(read_before);
  EXPECT_EQ(view(pool, "rpm").used, 2U);
}

TEST_F(FixedWindow, CountsTimeInSuspend) {
  const Pool pool = bind({rpm(1, WindowKind::fixed)});
  serve(pool);
  pass(hours(8));  // both clocks run on
  EXPECT_TRUE(fits(pool));
}

TEST_F(FixedWindow, SurvivesAClockThatIsSetAllTheTime) {
  const Pool pool = bind({rpm(100, WindowKind::fixed)});
  for (int i = 0; i < 20; ++i) {
    serve(pool);
    pass(milliseconds(100));
    clock_.step_wall(i % 2 == 0 ? seconds(90) : -seconds(70));
  }
  EXPECT_EQ(view(pool, "rpm").used, 20U);  // all within the last minute
  pass(minutes(2));
  EXPECT_EQ(view(pool, "rpm").used, 0U);
}

// A damaged log can hold any amount.
TEST_F(RefillWindow, CountsNoFurtherThanWholeNumbersGo) {
  const Pool pool = bind({tpm(1000, WindowKind::refill)});
  std::vector<Reservation> sent;
  for (int i = 0; i < 40; ++i) sent.push_back(send(pool));
  for (Reservation& one : sent) {
    one.settle(tokens(std::uint64_t{1} << 60U), now());
    pass(seconds(1));
    EXPECT_LE(view(pool, "tpm").used, std::uint64_t{1} << 53U);
    EXPECT_GE(view(pool, "tpm").used, (std::uint64_t{1} << 53U) - 40 * 1000);
  }
}

TEST_F(IntervalWindow, LetsOneGoEachPeriodOverTheAmount) {
  const Pool pool = bind({make_limit(Dimension::requests, 60, kMinutePeriod, WindowKind::interval)});
  serve(pool);
  EXPECT_EQ(wait(pool), seconds(1) + milliseconds(10));
  pass(seconds(1) + milliseconds(10));
  serve(pool);
  EXPECT_FALSE(fits(pool));
}

TEST_F(IntervalWindow, SaysNothingOfHowMuchIsLeft) {
  const Pool pool = bind({make_limit(Dimension::requests, 60, kMinutePeriod, WindowKind::interval)});
  EXPECT_EQ(pool.headroom({}, now()), 0.5);
}

TEST_F(CreditWindow, DoesNotComeBack) {
  Limit credit = make_limit(Dimension::tokens, 1000, {}, WindowKind::credit);
  credit.expires = std::chrono::sys_days(std::chrono::year(2026) / 12 / 24);
  const Pool pool = bind({credit});
  serve(pool, tokens(800));
  pass(hours(24 * 20));
  EXPECT_FALSE(fits(pool, tokens(300)));
  EXPECT_EQ(refusal(pool, tokens(300)).available_at, BootTime::max());
  EXPECT_TRUE(fits(pool, tokens(200)));
}

TEST_F(CreditWindow, IsWorthNothingOnceItHasExpired) {
  Limit credit = make_limit(Dimension::tokens, 1000, {}, WindowKind::credit);
  credit.expires = std::chrono::sys_days(std::chrono::year(2026) / 11 / 25);  // tomorrow
  const Pool pool = bind({credit});
  pass(hours(24) - kTick);
  EXPECT_TRUE(fits(pool, tokens(1)));
  pass(kTick);
  EXPECT_EQ(refusal(pool, tokens(1)).available_at, BootTime::max());
  EXPECT_EQ(view(pool, "tokens credit").left, 0U);
}

TEST_F(Concurrency, CountsFromTheReservationToItsEndHoweverItEnds) {
  const Pool pool = bind({concurrency(1)});
  constexpr std::array<void (*)(Reservation&, Instant), 6> kEndings{
      [](Reservation& r, Instant at) { r.refund(at); },
      [](Reservation& r, Instant at) { r.refuse(at); },
      [](Reservation& r, Instant at) { r.settle({}, at); },
      [](Reservation& r, Instant at) { r.keep(at); },
      [](Reservation& r, Instant at) { r.send(at), r.keep(at); },
      [](Reservation& r, Instant at) { r.send(at), r = Reservation(); },
  };
  for (const auto& end : kEndings) {
    Reservation one = reserve(pool);
    EXPECT_EQ(refusal(pool).limit, "concurrency");
    end(one, now());
    EXPECT_TRUE(fits(pool));
  }
}

TEST_F(Concurrency, IsToBeAskedAgainSoonBecauseNobodyKnowsWhenOneEnds) {
  const Pool pool = bind({concurrency(1)});
  const Reservation held = reserve(pool);
  EXPECT_EQ(wait(pool), seconds(1));
}

}  // namespace
}  // namespace weir::quota
