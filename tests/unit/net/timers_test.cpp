#include "weir/net/timers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_clock.hpp"

namespace weir::net {
namespace {

using namespace std::chrono_literals;

// Time is the fake clock's. The io_context only has to look at it, which it does once each real millisecond.
class TimersTest : public ::testing::Test {
 protected:
  // Runs until something holds. The limit is for a broken build; nothing is asserted of the time it takes.
  bool run_until(const std::function<bool()>& holds) {
    const auto limit = std::chrono::steady_clock::now() + 30s;
    while (!holds() && std::chrono::steady_clock::now() < limit) {
      io_.restart();
      io_.run_one_for(10ms);
    }
    return holds();
  }
  // Some turns of the loop, in which what must not happen could.
  void run_a_while() {
    io_.restart();
    io_.run_for(20ms);
  }
  [[nodiscard]] BootTime in(Duration delay) const { return clock_.now().boot + delay; }

  test::FakeClock clock_;
  boost::asio::io_context io_{1};
  Timers timers_{io_, clock_, 1ms};
};

TEST_F(TimersTest, NeverFireEarlyAndFireOnce) {
  int fired = 0;
  Deadline deadline(timers_, [&fired] { ++fired; });
  deadline.arm(in(10s));
  run_a_while();
  clock_.advance(10s - 1ns);
  run_a_while();
  EXPECT_EQ(fired, 0);
  EXPECT_FALSE(deadline.expired());
  clock_.advance(1ns);
  EXPECT_TRUE(run_until([&] { return fired > 0; }));
  EXPECT_TRUE(deadline.expired());
  clock_.advance(1h);
  run_a_while();
  EXPECT_EQ(fired, 1);
}

TEST_F(TimersTest, FireInOrderAfterTheMachineSlept) {
  std::string order;
  Deadline third(timers_, [&order] { order += "3"; });
  Deadline first(timers_, [&order] { order += "1"; });
  Deadline second(timers_, [&order] { order += "2"; });
  third.arm(in(3h));
  first.arm(in(1s));
  second.arm(in(60s));
  clock_.advance(24h);
  EXPECT_TRUE(run_until([&] { return order.size() == 3; }));
  EXPECT_EQ(order, "123");
}

TEST_F(TimersTest, KeepToTheLastArming) {
  int fired = 0;
  Deadline deadline(timers_, [&fired] { ++fired; });
  deadline.arm(in(1s));
  deadline.arm(in(10s));
  clock_.advance(5s);
  run_a_while();
  EXPECT_EQ(fired, 0);
  deadline.arm_after(1s);
  clock_.advance(1s);
  EXPECT_TRUE(run_until([&] { return fired == 1; }));
  deadline.arm_after(1s);
  EXPECT_FALSE(deadline.expired()) << "since the last arm()";
}

TEST_F(TimersTest, ForgetWhatWasDisarmedOrDestroyed) {
  int fired = 0;
  Deadline disarmed(timers_, [&fired] { ++fired; });
  disarmed.arm(in(1s));
  disarmed.disarm();
  {
    Deadline destroyed(timers_, [&fired] { ++fired; });
    destroyed.arm(in(1s));
  }
  clock_.advance(1h);
  run_a_while();
  EXPECT_EQ(fired, 0);
}

// However often one is moved or disarmed on the way, also to before where it was.
TEST_F(TimersTest, EachFiresByItsLastArmingOnly) {
  std::minstd_rand random(11);
  struct One {
    std::unique_ptr<Deadline> deadline;
    BootTime at = BootTime::max();
    bool fired = false;
  };
  std::vector<One> all(40);
  for (One& one : all)
    one.deadline = std::make_unique<Deadline>(timers_, [this, &one] {
      EXPECT_LE(one.at, in(0s)) << "early, or disarmed";
      one.fired = true;
    });
  for (int step = 0; step < 300; ++step) {
    for (One& one : all) {
      const auto dice = random() % 8;
      if (dice == 0) {
        one.at = BootTime::max();
        one.deadline->disarm();
      } else if (dice < 5) {
        one.at = in(std::chrono::milliseconds(random() % 80'000));  // more than a round of the wheel
        one.fired = false;
        one.deadline->arm(one.at);
      }
    }
    clock_.advance(std::chrono::milliseconds(random() % 20'000));
    ASSERT_TRUE(run_until([&] {
      return std::ranges::all_of(all, [this](const One& one) { return one.fired || one.at > in(0s); });
    })) << "in step "
        << step;
    for (One& one : all)
      if (one.fired) one.at = BootTime::max();
  }
}

TEST_F(TimersTest, LetACallbackDisarmOrMoveWhatIsDueWithIt) {
  std::string order;
  Deadline disarmed(timers_, [&order] { order += "disarmed"; });
  Deadline moved(timers_, [&order] { order += "moved"; });
  Deadline first(timers_, [&] {
    order += "first ";
    disarmed.disarm();
    moved.arm(in(5s));
  });
  first.arm(in(1s));
  disarmed.arm(in(2s));
  moved.arm(in(2s));
  clock_.advance(3s);
  EXPECT_TRUE(run_until([&] { return !order.empty(); }));
  run_a_while();
  EXPECT_EQ(order, "first ");
  clock_.advance(5s);
  EXPECT_TRUE(run_until([&] { return order == "first moved"; })) << order;
}

// Whatever their distance, and however far the clock goes at once.
TEST_F(TimersTest, EachFiresAtTheFirstLookAfterItsMomentTheEarlierFirst) {
  std::minstd_rand random(7);
  std::vector<std::unique_ptr<Deadline>> all;
  std::vector<std::pair<BootTime, std::size_t>> due;
  std::vector<std::size_t> fired;
  const auto spread = [&random](int digits) {  // each order of magnitude alike
    std::int64_t nanoseconds = 1;
    for (int i = static_cast<int>(random() % static_cast<unsigned>(digits)); i > 0; --i) nanoseconds *= 10;
    return std::chrono::nanoseconds(nanoseconds + static_cast<std::int64_t>(random()) % nanoseconds);
  };
  for (int step = 0; step < 60; ++step) {
    for (int i = 0; i < 20; ++i) {
      const std::size_t id = all.size();
      all.push_back(std::make_unique<Deadline>(timers_, [&fired, id] { fired.push_back(id); }));
      const BootTime at = in(spread(14));
      all.back()->arm(at);
      due.emplace_back(at, id);
    }
    clock_.advance(spread(13));
    std::ranges::stable_sort(due);
    const auto later = std::ranges::upper_bound(due, in(0s), {}, &std::pair<BootTime, std::size_t>::first);
    std::vector<std::size_t> expected;
    for (auto one = due.begin(); one != later; ++one) expected.push_back(one->second);
    due.erase(due.begin(), later);
    EXPECT_TRUE(run_until([&] { return fired.size() >= expected.size(); }));
    io_.restart();
    io_.run_for(2ms);
    ASSERT_EQ(fired, expected) << "in step " << step;
    fired.clear();
  }
}

TEST_F(TimersTest, FireAtOnceWhatIsPast) {
  int fired = 0;
  Deadline deadline(timers_, [&fired] { ++fired; });
  deadline.arm(in(-10s));
  EXPECT_EQ(fired, 0) << "outside any operation";
  EXPECT_TRUE(run_until([&] { return fired == 1; }));
}

TEST_F(TimersTest, LetACallbackArmAgainAndEndAnother) {
  int fired = 0;
  std::optional<Deadline> other;
  Deadline repeating(timers_, [&] {
    ++fired;
    other.reset();
    if (fired < 3) repeating.arm_after(1s);
  });
  other.emplace(timers_, [&fired] { fired += 100; });
  repeating.arm(in(1s));
  other->arm(in(2s));
  clock_.advance(10s);
  EXPECT_TRUE(run_until([&] { return fired == 1; }));
  clock_.advance(1s);
  EXPECT_TRUE(run_until([&] { return fired == 2; }));
  clock_.advance(1s);
  EXPECT_TRUE(run_until([&] { return fired == 3; }));
  clock_.advance(1h);
  run_a_while();
  EXPECT_EQ(fired, 3);
}

TEST_F(TimersTest, GoOnAfterACallbackThatThrows) {
  int fired = 0;
  Deadline bad(timers_, [] { throw std::runtime_error("bug"); });
  Deadline good(timers_, [&fired] { ++fired; });
  bad.arm(in(1s));
  good.arm(in(2s));
  clock_.advance(1s);
  bool escaped = false;
  EXPECT_TRUE(run_until([&] {
    try {
      io_.restart();
      io_.run_one_for(10ms);
    } catch (const std::runtime_error&) {
      escaped = true;
    }
    return escaped;
  }));
  clock_.advance(1s);
  EXPECT_TRUE(run_until([&] { return fired == 1; }));
}

TEST_F(TimersTest, DoNotOverflow) {
  int fired = 0;
  Deadline never(timers_, [&fired] { ++fired; });
  never.arm_after(Duration::max());
  run_a_while();
  never.arm(BootTime::max());
  clock_.advance(24h * 365);
  run_a_while();
  EXPECT_EQ(fired, 0);
}

TEST_F(TimersTest, IgnoreTheWallClock) {
  int fired = 0;
  Deadline deadline(timers_, [&fired] { ++fired; });
  deadline.arm(in(10s));
  clock_.step_wall(24h);
  run_a_while();
  EXPECT_EQ(fired, 0);
  clock_.step_wall(-48h);
  clock_.advance(10s);
  EXPECT_TRUE(run_until([&] { return fired == 1; }));
}

TEST_F(TimersTest, LetTheLoopEndOnceStopped) {
  Deadline deadline(timers_, [] {});
  deadline.arm(in(10s));
  timers_.stop();
  io_.restart();
  io_.run();  // returns: nothing is pending
  deadline.arm(in(20s));
  io_.restart();
  io_.run();
}

}  // namespace
}  // namespace weir::net
