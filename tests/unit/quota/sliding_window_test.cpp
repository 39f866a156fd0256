// The window by itself, under costs of others that end before our own.
#include "quota/sliding_window.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace weir::quota {
namespace {

using namespace std::chrono_literals;

struct Counted {
  BootTime ends;
  std::uint64_t cost;
};

std::uint64_t sum_after(const std::deque<Counted>& all, BootTime moment) {
  std::uint64_t sum = 0;
  for (const Counted& one : all)
    if (one.ends > moment) sum += one.cost;
  return sum;
}

class OthersCosts : public ::testing::Test {
 protected:
  void pass(Duration by) {
    now_.boot += by;
    now_.wall += by;
    std::erase_if(all_, [this](const Counted& one) { return one.ends + kLate <= now_.boot; });
  }
  void add(std::uint64_t cost) {
    window_.add(cost, now_);
    all_.push_back({now_.boot + 1min, cost});
  }
  void add_of_others(std::uint64_t cost, Duration reset) {
    window_.add_until(cost, now_.boot + reset, now_);
    all_.push_back({now_.boot + reset, cost});
  }

  // The guard, and a cell at either end.
  static constexpr Duration kLate = 2s;

  SlidingWindow window_{1min};
  Instant now_{.boot = BootTime(1h), .wall = WallTime(1h)};
  std::deque<Counted> all_;
};

TEST_F(OthersCosts, EndInTheirTimeHoweverManyComeIn) {
  std::mt19937_64 random(20261128);
  const auto upto = [&](std::uint64_t most) { return random() % (most + 1); };
  for (int i = 0; i < 20'000; ++i) {
    pass(Duration(1ms) * static_cast<Duration::rep>(upto(i % 4000 < 2000 ? 40 : 400)));
    add(1 + upto(2));
    if (upto(2) > 0)
      add_of_others(1 + upto(5), 1ms + Duration(1ms) * static_cast<Duration::rep>(upto(59'000)));
    if (i % 16 != 0) continue;
    const std::uint64_t counted = window_.counted(now_);
    ASSERT_GE(counted, sum_after(all_, now_.boot)) << i;
    ASSERT_LE(counted, sum_after(all_, now_.boot - kLate)) << i;
  }
  pass(3min);
  EXPECT_EQ(window_.counted(now_), 0U);
  add(1);
  EXPECT_EQ(window_.counted(now_), 1U);
}

TEST_F(OthersCosts, FindTheirPlaceWhereOursWereGivenBack) {
  std::deque<BootTime> stamps;
  for (int i = 0; i < 256; ++i) {
    pass(1ms);
    stamps.push_back(window_.add(1, now_));
  }
  for (const BootTime stamp : stamps) window_.settle(stamp, 1, 0, now_);
  ASSERT_EQ(window_.counted(now_), 0U);
  window_.add_until(5, now_.boot + 10s, now_);
  EXPECT_EQ(window_.counted(now_), 5U);
  now_.boot += 13s;
  EXPECT_EQ(window_.counted(now_), 0U);
}

TEST_F(OthersCosts, ThatAreBackAlreadyDoNotCount) {
  add(1);
  window_.add_until(5, now_.boot, now_);
  EXPECT_EQ(window_.counted(now_), 1U);
}

}  // namespace
}  // namespace weir::quota
