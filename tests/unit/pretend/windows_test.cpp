#include "weir/pretend/windows.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "support/fake_clock.hpp"

namespace weir::pretend {
namespace {

using namespace std::chrono_literals;

// Groq's own figures: used 5034 of 6000, 1443 requested, "try again in 4.77s".
TEST(RefillBucket, WaitsAsGroqDoes) {
  const test::FakeClock clock;
  RefillBucket bucket(6000, 1min);
  bucket.take(5034, clock.now().boot);
  EXPECT_EQ(bucket.wait(1443, clock.now().boot), Duration(4770ms));
}

TEST(RefillBucket, FitsAfterExactlyTheWait) {
  test::FakeClock clock;
  RefillBucket bucket(7, 1min);
  bucket.take(7, clock.now().boot);
  const Duration wait = bucket.wait(1, clock.now().boot);
  clock.advance(wait - 1ms);
  EXPECT_GT(bucket.wait(1, clock.now().boot), Duration::zero());
  clock.advance(1ms);
  EXPECT_EQ(bucket.wait(1, clock.now().boot), Duration::zero());
}

// Sums of many drains must not leave a hair that refuses.
TEST(RefillBucket, FitsAfterExactlyTheWaitHoweverOften) {
  test::FakeClock clock;
  for (std::uint64_t limit = 100; limit <= 6000; limit += 100) {
    RefillBucket bucket(limit, 1min);
    for (std::uint64_t i = 0; i < 200; ++i) {
      const std::uint64_t cost = i * 37 % limit + 1;
      clock.advance(bucket.wait(cost, clock.now().boot));
      ASSERT_EQ(bucket.wait(cost, clock.now().boot), Duration::zero()) << limit << " " << i;
      bucket.take(cost, clock.now().boot);
    }
  }
}

TEST(RefillBucket, NeverHoldsMoreThanItsLimit) {
  test::FakeClock clock;
  RefillBucket bucket(10, 1min);
  clock.advance(24h);
  EXPECT_EQ(bucket.remaining(clock.now().boot), 10U);
  bucket.take(10, clock.now().boot);
  EXPECT_EQ(bucket.remaining(clock.now().boot), 0U);
  EXPECT_EQ(bucket.until_full(clock.now().boot), Duration(1min));
  clock.advance(30s);
  EXPECT_EQ(bucket.remaining(clock.now().boot), 5U);
}

TEST(RefillBucket, GivesBackNoMoreThanWasTaken) {
  const test::FakeClock clock;
  RefillBucket bucket(10, 1min);
  bucket.take(4, clock.now().boot);
  bucket.give_back(9, clock.now().boot);
  EXPECT_EQ(bucket.remaining(clock.now().boot), 10U);
}

TEST(RefillBucket, WithoutALimitAlwaysFits) {
  const test::FakeClock clock;
  RefillBucket bucket(0, 1min);
  bucket.take(1'000'000, clock.now().boot);
  EXPECT_EQ(bucket.wait(1'000'000, clock.now().boot), Duration::zero());
  EXPECT_TRUE(bucket.ever_fits(1'000'000));
}

TEST(RefillBucket, KnowsWhatNeverFits) {
  const RefillBucket bucket(10, 1min);
  EXPECT_TRUE(bucket.ever_fits(10));
  EXPECT_FALSE(bucket.ever_fits(11));
}

TEST(ClockWindow, BeginsAnewAtTheFullMinute) {
  test::FakeClock clock;  // begins at midnight
  ClockWindow window(2, 1min);
  clock.advance(59s);
  window.take(2, clock.now().wall);
  EXPECT_FALSE(window.fits(1, clock.now().wall));
  EXPECT_EQ(window.ends(clock.now().wall) - clock.now().wall, Duration(1s));
  clock.advance(1s);
  EXPECT_TRUE(window.fits(2, clock.now().wall));
}

TEST(ClockWindow, AStepBackGivesNothingBack) {
  test::FakeClock clock;
  ClockWindow window(1, 1min);
  window.take(1, clock.now().wall);
  clock.step_wall(-5min);
  EXPECT_FALSE(window.fits(1, clock.now().wall));
  window.take(0, clock.now().wall);
  clock.step_wall(5min);
  EXPECT_FALSE(window.fits(1, clock.now().wall));
}

using Kind = WindowRule::Kind;

TEST(Window, ThatSlidesGivesBackEachCostAfterThePeriod) {
  test::FakeClock clock;
  const auto window = make_window({.kind = Kind::sliding, .limit = 3, .period = 1min});
  window->take(2, clock.now());
  clock.advance(10s);
  window->take(1, clock.now());
  EXPECT_EQ(window->wait(1, clock.now()), Duration(50s));
  EXPECT_EQ(window->wait(3, clock.now()), Duration(60s));
  clock.advance(50s);
  EXPECT_EQ(window->used(clock.now()), 1U);
  EXPECT_EQ(window->wait(2, clock.now()), Duration::zero());
}

TEST(Window, ThatSlidesIsSettledWhereItWasCharged) {
  test::FakeClock clock;
  const auto window = make_window({.kind = Kind::sliding, .limit = 100, .period = 1min});
  const Instant taken = clock.now();
  window->take(80, taken);
  clock.advance(30s);
  window->settle(taken, 80, 20, clock.now());
  EXPECT_EQ(window->used(clock.now()), 20U);
  clock.advance(30s);
  window->settle(taken, 20, 90, clock.now());  // its time is over
  EXPECT_EQ(window->used(clock.now()), 0U);
}

TEST(Window, ThatIsAlignedBeginsAnewAtTheFullMinute) {
  test::FakeClock clock;  // begins at midnight
  const auto window = make_window({.kind = Kind::aligned, .limit = 2, .period = 1min});
  clock.advance(59s);
  const Instant taken = clock.now();
  window->take(2, taken);
  EXPECT_EQ(window->wait(1, clock.now()), Duration(1s));
  clock.advance(1s);
  window->take(2, clock.now());
  window->settle(taken, 2, 0, clock.now());  // of the minute before
  EXPECT_EQ(window->used(clock.now()), 2U);
}

TEST(Window, OfADayEndsAtMidnightOfItsZone) {
  const test::FakeClock clock;  // midnight in UTC
  const auto zone = TimeZone::find("America/Los_Angeles");
  ASSERT_TRUE(zone);
  const auto window = make_window({.kind = Kind::day, .limit = 1, .zone = *zone});
  window->take(1, clock.now());
  EXPECT_EQ(window->wait(1, clock.now()), Duration(8h));
}

TEST(Window, OfFirstUseBeginsWithTheFirstAndEndsForAll) {
  test::FakeClock clock;
  const auto window = make_window({.kind = Kind::first_use, .limit = 2, .period = 1min});
  clock.advance(17s);
  window->take(1, clock.now());
  clock.advance(50s);
  window->take(1, clock.now());
  EXPECT_EQ(window->wait(2, clock.now()), Duration(10s));
  clock.advance(10s);
  EXPECT_EQ(window->wait(2, clock.now()), Duration::zero());
}

TEST(Window, OfAnIntervalTakesOneAtATime) {
  test::FakeClock clock;
  const auto window = make_window({.kind = Kind::interval, .limit = 30, .period = 1min});
  window->take(1, clock.now());
  EXPECT_EQ(window->wait(1, clock.now()), Duration(2s));
  clock.advance(1s);
  EXPECT_EQ(window->wait(1, clock.now()), Duration(1s));
}

TEST(Window, OfCreditNeverComesBackAndIsWorthNothingAfterItsEnd) {
  test::FakeClock clock;
  const auto window =
      make_window({.kind = Kind::credit, .limit = 10, .period = {}, .ends = clock.now().wall + 24h});
  window->take(6, clock.now());
  EXPECT_EQ(window->wait(4, clock.now()), Duration::zero());
  EXPECT_EQ(window->wait(5, clock.now()), Window::kNever);
  clock.advance(24h);
  EXPECT_EQ(window->wait(1, clock.now()), Window::kNever);
}

TEST(Window, OfConcurrencyComesBackWhenARequestEnds) {
  const test::FakeClock clock;
  const auto window = make_window({.kind = Kind::in_flight, .limit = 1});
  window->take(1, clock.now());
  EXPECT_EQ(window->wait(1, clock.now()), Window::kNever);
  window->settle(clock.now(), 1, 0, clock.now());
  EXPECT_EQ(window->wait(1, clock.now()), Duration::zero());
}

TEST(Window, OfAnyKindHoldsNothingWhereTheLimitIsZero) {
  const test::FakeClock clock;
  for (const Kind kind : {Kind::sliding, Kind::aligned, Kind::day, Kind::month, Kind::first_use, Kind::refill,
                          Kind::interval, Kind::credit, Kind::in_flight})
    EXPECT_EQ(make_window({.kind = kind, .limit = 0, .period = 1min})->wait(1, clock.now()), Window::kNever);
}

}  // namespace
}  // namespace weir::pretend
