#include "pretend/windows.hpp"

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

}  // namespace
}  // namespace weir::pretend
