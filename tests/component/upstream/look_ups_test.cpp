// Look-ups of several loops: a name that hangs keeps one thread, and no other name waits for it.
#include "transport/look_ups.hpp"

#include <atomic>
#include <latch>

#include "upstream_fixture.hpp"

namespace weir::test {
namespace {

using transport::LookUps;

constexpr int kLoops = 4;

class LookUpsTest : public ::testing::Test {
 protected:
  struct Lane {
    explicit Lane(const Clock& clock) : loop(clock), thread([this] { loop.run(); }) {}

    net::Loop loop;
    net::Cancellation abandoned;  // loop's thread only
    std::thread thread;
  };

  LookUpsTest() {
    for (int i = 0; i < kLoops; ++i) lanes_.push_back(std::make_unique<Lane>(clock_));
  }
  ~LookUpsTest() override {
    for (const auto& lane : lanes_) {
      EXPECT_TRUE(eventually([&] { return lane->loop.tasks() == 0; }));
      lane->loop.stop();
      lane->thread.join();
    }
  }

  void ask_everywhere(LookUps& look_ups, const std::string& host) {
    for (const auto& lane : lanes_) {
      lane->loop.post([this, &look_ups, host, lane = lane.get()] {
        lane->loop.spawn("ask", ask(this, &look_ups, lane, host));
      });
      take_turns(lane->loop);
    }
  }

  static net::Awaitable<void> ask(LookUpsTest* test, LookUps* look_ups, Lane* lane, std::string host) {
    LookUps::Literals found = std::vector<std::string>{};
    const bool answered = co_await look_ups->ask(lane->loop, host, found, lane->abandoned);
    if (answered && found) test->answers_ += static_cast<int>(found->size());
    if (!answered) ++test->left_;
  }

  FakeClock clock_;
  std::atomic<int> answers_ = 0;
  std::atomic<int> left_ = 0;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

TEST_F(LookUpsTest, ANameIsLookedUpOnceForAllLoopsAndHoldsUpNoOther) {
  std::latch over(1);
  std::atomic<int> hung = 0;
  LookUps look_ups([&](const std::string& host) -> Result<std::vector<std::string>> {
    if (host == "hung.test") {
      ++hung;
      over.wait();
    }
    return std::vector<std::string>{"127.0.0.1"};
  });
  ask_everywhere(look_ups, "hung.test");
  ask_everywhere(look_ups, "good.test");
  EXPECT_TRUE(eventually([&] { return answers_ == kLoops; }));
  EXPECT_EQ(hung, 1);
  over.count_down();
  EXPECT_TRUE(eventually([&] { return answers_ == 2 * kLoops; }));
}

TEST_F(LookUpsTest, WhoLeavesDoesNotEndItForTheOthers) {
  std::latch over(1);
  LookUps look_ups([&](const std::string&) -> Result<std::vector<std::string>> {
    over.wait();
    return std::vector<std::string>{"127.0.0.1"};
  });
  ask_everywhere(look_ups, "slow.test");
  Lane& first = *lanes_.front();
  first.loop.post([&first] { first.abandoned.request(); });
  EXPECT_TRUE(eventually([&] { return left_ == 1; }));
  over.count_down();
  EXPECT_TRUE(eventually([&] { return answers_ == kLoops - 1; }));
}

TEST_F(LookUpsTest, OneThatThrowsHasFailed) {
  LookUps look_ups(
      [](const std::string&) -> Result<std::vector<std::string>> { throw std::runtime_error("no memory"); });
  ask_everywhere(look_ups, "bad.test");
  for (const auto& lane : lanes_) EXPECT_TRUE(eventually([&] { return lane->loop.tasks() == 0; }));
  EXPECT_EQ(answers_, 0);
}

}  // namespace
}  // namespace weir::test
