#include "weir/base/random.hpp"

#include <gtest/gtest.h>

#include "weir/base/clock.hpp"

namespace weir {
namespace {

TEST(SystemRandom, DrawsEvenlyBelowOne) {
  SystemRandom random;
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double unit = random.unit();
    ASSERT_GE(unit, 0.0);
    ASSERT_LT(unit, 1.0);
    sum += unit;
  }
  EXPECT_NEAR(sum / 100'000, 0.5, 0.02);  // some twenty standard deviations
}

TEST(SystemRandom, StartsElsewhereEachTime) {
  SystemRandom one;
  SystemRandom other;
  EXPECT_NE(one.bits(), other.bits());
}

TEST(SystemClock, NeverGoesBackAndKnowsBothTimes) {
  const SystemClock clock;
  const Instant first = clock.now();
  const Instant second = clock.now();
  EXPECT_GE(second.boot, first.boot);
  EXPECT_GT(first.boot, BootTime{});
  EXPECT_GT(first.wall, WallTime(std::chrono::sys_days(std::chrono::year(2024) / 1 / 1)));
}

TEST(Instant, TellsTheSameMomentOnTheOtherClock) {
  using namespace std::chrono_literals;
  const Instant now{.boot = BootTime(100s), .wall = WallTime(1000s)};
  EXPECT_EQ(now.wall_at(BootTime(160s)), WallTime(1060s));
  EXPECT_EQ(now.boot_at(WallTime(940s)), BootTime(40s));
}

}  // namespace
}  // namespace weir
