#include "weir/net/loop.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "support/fake_clock.hpp"
#include "weir/base/log.hpp"

namespace weir::net {
namespace {

using namespace std::chrono_literals;

// A loop on this thread, with a fake clock that it looks at once each real millisecond.
class LoopTest : public ::testing::Test {
 protected:
  LoopTest() { log::set_level(log::Level::off); }
  ~LoopTest() override { log::set_level(log::Level::info); }

  bool run_until(const std::function<bool()>& holds) {
    const auto limit = std::chrono::steady_clock::now() + 30s;
    const auto guard = boost::asio::make_work_guard(loop_.io());
    while (!holds() && std::chrono::steady_clock::now() < limit) {
      loop_.io().restart();
      loop_.io().run_one_for(10ms);
    }
    return holds();
  }
  bool run_tasks() {
    return run_until([this] { return loop_.tasks() == 0; });
  }

  test::FakeClock clock_;
  Loop loop_{clock_, 1ms};
  Cancellation cancellation_;
};

Awaitable<void> note(std::string* log, std::string text) {
  *log += text;
  co_return;
}

Awaitable<void> fail() {
  throw std::runtime_error("a bug");
  co_return;
}

Awaitable<void> wait_for(Event* event, std::string* log) {
  co_await event->wait();
  *log += "woke";
}

Awaitable<void> sleep(Loop* loop, BootTime at, Cancellation* cancellation, std::string* log) {
  co_await loop->sleep_until(at, *cancellation);
  *log += cancellation->requested() ? "cancelled" : "slept";
}

struct Offloaded {
  std::thread::id worked_on;
  std::thread::id resumed_on;
  bool finished = false;
};

Awaitable<void> offload_to(Loop* loop, boost::asio::thread_pool* pool, std::function<void()> work,
                           Cancellation* cancellation, Offloaded* outcome) {
  outcome->finished = co_await offload(*loop, *pool, std::move(work), *cancellation);
  outcome->resumed_on = std::this_thread::get_id();
}

TEST_F(LoopTest, RunsWhatIsSpawnedAndCountsIt) {
  std::string log;
  loop_.spawn("note", note(&log, "a"));
  loop_.spawn("note", note(&log, "b"));
  EXPECT_EQ(loop_.tasks(), 2U);
  EXPECT_TRUE(run_tasks());
  EXPECT_EQ(log, "ab");
  EXPECT_EQ(loop_.escaped_exceptions(), 0U);
}

TEST_F(LoopTest, OutlivesATaskThatThrows) {
  std::string log;
  loop_.spawn("fail", fail());
  loop_.spawn("note", note(&log, "after"));
  EXPECT_TRUE(run_tasks());
  EXPECT_EQ(log, "after");
  EXPECT_EQ(loop_.escaped_exceptions(), 1U);
}

TEST_F(LoopTest, OutlivesAHandlerThatThrowsAndStopsWhenToldTo) {
  std::string log;
  loop_.post([] { throw std::runtime_error("a bug"); });
  loop_.post([&log] { log += "after"; });
  loop_.post([this] { loop_.stop(); });
  loop_.run();
  EXPECT_EQ(log, "after");
  EXPECT_EQ(loop_.escaped_exceptions(), 1U);
}

Awaitable<void> throws_a_number() {
  throw 7;
  co_return;
}

TEST_F(LoopTest, OutlivesATaskThatThrowsWhatIsNoException) {
  loop_.spawn("task", throws_a_number());
  EXPECT_TRUE(run_tasks());
  EXPECT_EQ(loop_.escaped_exceptions(), 1U);
}

TEST_F(LoopTest, OutlivesAHandlerThatThrowsWhatIsNoException) {
  std::string log;
  loop_.post([] { throw 7; });
  loop_.post([&log] { log += "after"; });
  loop_.post([this] { loop_.stop(); });
  loop_.run();
  EXPECT_EQ(log, "after");
  EXPECT_EQ(loop_.escaped_exceptions(), 1U);
}

TEST_F(LoopTest, TakesWorkAndTheEndFromOtherThreads) {
  std::thread::id ran_on;
  std::thread other([&] {
    loop_.post([&ran_on] { ran_on = std::this_thread::get_id(); });
    loop_.post([this] { loop_.stop(); });
  });
  loop_.run();
  other.join();
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST_F(LoopTest, WaitsForAnEventThatComesAndForOneThatHasCome) {
  std::string log;
  Event event(loop_.io());
  loop_.spawn("wait", wait_for(&event, &log));
  loop_.post([&event] { event.set(); });
  EXPECT_FALSE(event.is_set());
  EXPECT_TRUE(run_tasks());
  EXPECT_EQ(log, "woke");
  loop_.spawn("wait", wait_for(&event, &log));
  EXPECT_TRUE(run_tasks());
  EXPECT_EQ(log, "wokewoke");
}

TEST_F(LoopTest, SleepsByTheInjectedClock) {
  std::string log;
  loop_.spawn("sleep", sleep(&loop_, loop_.now().boot + 1h, &cancellation_, &log));
  clock_.advance(59min);
  loop_.io().restart();
  loop_.io().run_for(20ms);
  EXPECT_EQ(log, "");
  clock_.advance(1min);
  EXPECT_TRUE(run_tasks());
  EXPECT_EQ(log, "slept");
}

TEST_F(LoopTest, WakesASleeperThatIsCancelled) {
  std::string log;
  loop_.spawn("sleep", sleep(&loop_, loop_.now().boot + 1h, &cancellation_, &log));
  loop_.post([this] { cancellation_.request(); });
  EXPECT_TRUE(run_tasks());
  EXPECT_EQ(log, "cancelled");
  loop_.spawn("sleep", sleep(&loop_, loop_.now().boot + 1h, &cancellation_, &log));
  EXPECT_TRUE(run_tasks()) << "cancelled before it began";
}

TEST_F(LoopTest, SleepsNoMomentThatIsPast) {
  std::string log;
  loop_.spawn("sleep", sleep(&loop_, loop_.now().boot - 1s, &cancellation_, &log));
  EXPECT_TRUE(run_tasks());
  EXPECT_EQ(log, "slept");
}

TEST_F(LoopTest, OffloadsWorkAndResumesOnItsOwnThread) {
  boost::asio::thread_pool pool(1);
  Offloaded outcome;
  std::function<void()> work = [&outcome] { outcome.worked_on = std::this_thread::get_id(); };
  loop_.spawn("offload", offload_to(&loop_, &pool, std::move(work), &cancellation_, &outcome));
  EXPECT_TRUE(run_tasks());
  EXPECT_TRUE(outcome.finished);
  EXPECT_EQ(outcome.resumed_on, std::this_thread::get_id());
  EXPECT_NE(outcome.worked_on, outcome.resumed_on);
  pool.join();
}

TEST_F(LoopTest, OutlivesOffloadedWorkThatThrows) {
  boost::asio::thread_pool pool(1);
  Offloaded outcome;
  std::function<void()> work = [] { throw std::runtime_error("a bug"); };
  loop_.spawn("offload", offload_to(&loop_, &pool, std::move(work), &cancellation_, &outcome));
  EXPECT_TRUE(run_tasks());
  EXPECT_TRUE(outcome.finished) << "ended, with whatever result it had left";
  pool.join();
}

TEST_F(LoopTest, LeavesOffloadedWorkToItselfWhenCancelled) {
  boost::asio::thread_pool pool(1);
  Offloaded outcome;
  std::promise<void> started;
  std::promise<void> release;
  std::atomic<bool> ended = false;
  std::function<void()> work = [&started, &ended, released = release.get_future().share()] {
    started.set_value();
    released.wait();
    ended = true;
  };
  loop_.spawn("offload", offload_to(&loop_, &pool, std::move(work), &cancellation_, &outcome));
  loop_.post([this, &started] {
    started.get_future().wait();
    cancellation_.request();
  });
  EXPECT_TRUE(run_tasks());
  EXPECT_FALSE(outcome.finished);
  EXPECT_FALSE(ended) << "the loop did not wait for it";
  release.set_value();
  pool.join();
  EXPECT_TRUE(ended);
  loop_.io().restart();
  loop_.io().poll();  // its late end does no harm
}

}  // namespace
}  // namespace weir::net
