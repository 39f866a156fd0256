#include "weir/net/poller.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_clock.hpp"
#include "weir/net/loop.hpp"

namespace weir::net {
namespace {

using Direction = Descriptor::Direction;

// The far end of a connection. Blocking, as its calls are small.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {}
  ~Peer() { close(); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void send(std::string_view text) const {
    ASSERT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  std::size_t take_all() const {
    std::array<char, 65536> bytes;
    std::size_t all = 0;
    for (ssize_t n = 1; n > 0; all += n > 0 ? static_cast<std::size_t>(n) : 0)
      n = ::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    return all;
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

class PollerTest : public ::testing::Test {
 protected:
  struct Connection {
    std::unique_ptr<Descriptor> near;
    std::unique_ptr<Peer> far;
  };
  Connection connect() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()), 0);
    ::fcntl(fds[1], F_SETFL, 0);
    return {std::make_unique<Descriptor>(loop_.poller(), fds[0]), std::make_unique<Peer>(fds[1])};
  }
  // Until nothing more is to be told.
  void turn() {
    for (int i = 0; i < 3; ++i) {
      loop_.io().restart();
      loop_.io().poll();
    }
  }
  static std::string read(Descriptor& descriptor) {
    std::array<char, 64> bytes;
    const ssize_t n = ::recv(descriptor.fd(), bytes.data(), bytes.size(), 0);
    if (n < static_cast<ssize_t>(bytes.size())) descriptor.exhaust(Direction::read);
    return n > 0 ? std::string(bytes.data(), static_cast<std::size_t>(n)) : "";
  }
  static void fill(Descriptor& descriptor) {
    const std::string block(65536, 'x');
    while (::send(descriptor.fd(), block.data(), block.size(), MSG_NOSIGNAL) > 0) {
    }
    descriptor.exhaust(Direction::write);
  }

  static Awaitable<void> note_wait(Descriptor* descriptor, Direction direction, std::string* log) {
    const bool ready = co_await descriptor->wait(direction);
    *log += ready ? "ready " : "ended ";
  }
  static Awaitable<void> note_either(Descriptor* descriptor, std::string* log) {
    const bool ready = co_await descriptor->wait_for_either();
    *log += ready ? "ready " : "ended ";
  }
  static Awaitable<void> end_after(Descriptor* descriptor, std::unique_ptr<Descriptor>* victim) {
    (void)co_await descriptor->wait(Direction::read);
    victim->reset();
  }
  void start_wait(Descriptor& descriptor, Direction direction = Direction::read) {
    loop_.spawn("wait", note_wait(&descriptor, direction, &log_));
    turn();
  }

  test::FakeClock clock_;
  Loop loop_{clock_};
  std::string log_;
};

TEST_F(PollerTest, KnowsWhatCameWhileNobodyWaited) {
  auto [near, far] = connect();
  turn();
  EXPECT_FALSE(near->is_ready(Direction::read));
  EXPECT_TRUE(near->is_ready(Direction::write));
  far->send("hello");
  turn();
  EXPECT_TRUE(near->is_ready(Direction::read));
  EXPECT_EQ(read(*near), "hello");
  turn();
  EXPECT_FALSE(near->is_ready(Direction::read));
  EXPECT_FALSE(near->has_hung_up());
}

TEST_F(PollerTest, BytesThatCameBeforeItBeganAreTold) {
  std::array<int, 2> fds{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()), 0);
  const Peer far(fds[1]);
  far.send("early");
  Descriptor near(loop_.poller(), fds[0]);
  start_wait(near);
  EXPECT_EQ(log_, "ready ");
}

TEST_F(PollerTest, AWaitEndsByWhatItWaitsFor) {
  auto [near, far] = connect();
  turn();
  start_wait(*near);
  EXPECT_EQ(log_, "");
  far->send("x");
  turn();
  EXPECT_EQ(log_, "ready ");
}

TEST_F(PollerTest, AWriteWaitsForRoom) {
  auto [near, far] = connect();
  turn();
  fill(*near);
  start_wait(*near, Direction::write);
  EXPECT_EQ(log_, "");
  EXPECT_GT(far->take_all(), 0U);
  turn();
  EXPECT_EQ(log_, "ready ");
}

TEST_F(PollerTest, EitherEndsByBothAndIsForgottenThen) {
  auto [near, far] = connect();
  turn();
  fill(*near);
  loop_.spawn("either", note_either(near.get(), &log_));
  turn();
  EXPECT_EQ(log_, "");
  EXPECT_GT(far->take_all(), 0U);
  turn();
  EXPECT_EQ(log_, "ready ");

  fill(*near);
  start_wait(*near);  // for bytes alone
  EXPECT_GT(far->take_all(), 0U);
  turn();
  EXPECT_EQ(log_, "ready ");
  far->send("x");
  turn();
  EXPECT_EQ(log_, "ready ready ");
}

TEST_F(PollerTest, AnEndIsToldBehindUnreadBytes) {
  auto [near, far] = connect();
  turn();
  far->send("unread");
  turn();
  EXPECT_FALSE(near->has_hung_up());
  far->close();
  turn();
  EXPECT_TRUE(near->has_hung_up());
  EXPECT_EQ(read(*near), "unread");
}

TEST_F(PollerTest, CancelAndCloseEndAllWaitsAndNotAtOnce) {
  for (const bool close : {false, true}) {
    log_.clear();
    auto [near, far] = connect();
    turn();
    fill(*near);
    start_wait(*near, Direction::read);
    start_wait(*near, Direction::write);
    if (close)
      near->close();
    else
      near->cancel();
    EXPECT_EQ(log_, "") << "whoever called it is still at work";
    turn();
    EXPECT_EQ(log_, "ended ended ");
    EXPECT_EQ(near->is_open(), !close);
  }
}

TEST_F(PollerTest, AnObserverHearsWhatNoWaitTakes) {
  auto [near, far] = connect();
  turn();
  int heard = 0;
  near->observe([&heard] { ++heard; });
  start_wait(*near);
  far->send("x");
  turn();
  EXPECT_EQ(log_, "ready ");
  EXPECT_EQ(heard, 0);
  far->send("y");
  turn();
  EXPECT_EQ(heard, 1);
  near->observe_soon();
  EXPECT_EQ(heard, 1);
  turn();
  EXPECT_EQ(heard, 2);
  near->observe(nullptr);
  far->send("z");
  turn();
  EXPECT_EQ(heard, 2);
}

// Whoever is told first may end those who would be told next.
TEST_F(PollerTest, WhatIsEndedAmidAnEventIsToldNothing) {
  auto [first, far_first] = connect();
  auto [second, far_second] = connect();
  turn();
  std::unique_ptr<Descriptor>* const victim = &second;
  first->observe([victim] { victim->reset(); });
  second->observe([] { FAIL() << "it had ended"; });
  far_first->send("x");
  far_second->send("x");
  turn();
  EXPECT_EQ(second, nullptr);

  auto [third, far_third] = connect();
  turn();
  loop_.spawn("end", end_after(third.get(), victim));
  auto fourth = connect();
  second = std::move(fourth.near);
  turn();
  far_third->send("x");
  fourth.far->send("x");
  turn();
  EXPECT_EQ(second, nullptr);
}

TEST_F(PollerTest, WhatHasEndedIsNotLookedAtSoon) {
  auto [near, far] = connect();
  turn();
  near->observe([] { FAIL() << "it had ended"; });
  near->observe_soon();
  near.reset();
  turn();
}

TEST_F(PollerTest, AnObserverMayEndItsOwnDescriptor) {
  auto [near, far] = connect();
  turn();
  std::unique_ptr<Descriptor>* const own = &near;
  near->observe([own] { own->reset(); });
  far->send("x");
  turn();
  EXPECT_EQ(near, nullptr);
}

// An edge is told once: it must not be lost to somebody else's bug.
TEST_F(PollerTest, WhatOneObserverThrowsCostsTheOthersNothing) {
  std::vector<Connection> all;
  int heard = 0;
  for (int i = 0; i < 5; ++i) {
    all.push_back(connect());
    all.back().near->observe([&heard] {
      ++heard;
      throw std::runtime_error("a bug");
    });
  }
  EXPECT_THROW(turn(), std::runtime_error);
  EXPECT_EQ(heard, 5);
  for (const Connection& one : all) one.far->send("x");
  EXPECT_THROW(turn(), std::runtime_error);
  EXPECT_EQ(heard, 10);
}

TEST_F(PollerTest, WhatOneThrowsCostsNoOtherItsLook) {
  auto [first, far_first] = connect();
  auto [second, far_second] = connect();
  turn();
  int looks = 0;
  const auto throws = [&looks] {
    ++looks;
    throw std::runtime_error("a bug");
  };
  first->observe(throws);
  second->observe(throws);
  first->observe_soon();
  second->observe_soon();
  EXPECT_THROW(turn(), std::runtime_error);
  EXPECT_THROW(turn(), std::runtime_error);
  EXPECT_EQ(looks, 2);
  first->observe_soon();
  EXPECT_THROW(turn(), std::runtime_error);
  EXPECT_EQ(looks, 3);
}

TEST_F(PollerTest, ManyAreToldInOneTurn) {
  std::vector<Connection> all;
  for (int i = 0; i < 300; ++i) all.push_back(connect());
  turn();
  for (const Connection& one : all) start_wait(*one.near);
  for (const Connection& one : all) one.far->send("x");
  for (int i = 0; i < 10; ++i) turn();
  EXPECT_EQ(log_.size(), 300 * std::string("ready ").size());
}

// Makes its call at the turn's end where there are others in the turn.
struct NotedCall : Late {
  NotedCall(std::string& into, char of) : log(into), name(of) {}
  void make() noexcept override { (log += name) += " made, "; }
  std::string& log;
  char name;
};

Awaitable<void> call_late(Poller* poller, Descriptor* descriptor, char name, std::string* log,
                          bool throws = false) {
  (void)co_await descriptor->wait(Direction::read);
  NotedCall call(*log, name);
  if (poller->has_more_in_turn())
    co_await poller->make_late(call);
  else
    call.make();
  (*log += name) += " goes on, ";
  if (throws) throw std::runtime_error("thrown behind the call");
}

TEST_F(PollerTest, LateCallsAreAllMadeBeforeAnybodyGoesOn) {
  auto [first, first_far] = connect();
  auto [second, second_far] = connect();
  auto [third, third_far] = connect();
  turn();
  loop_.spawn("a", call_late(&loop_.poller(), first.get(), 'a', &log_, true));
  loop_.spawn("b", call_late(&loop_.poller(), second.get(), 'b', &log_));
  loop_.spawn("c", call_late(&loop_.poller(), third.get(), 'c', &log_));
  turn();
  for (const Peer* far : {first_far.get(), second_far.get(), third_far.get()}) far->send("x");
  turn();
  EXPECT_EQ(log_, "a made, b made, c made, a goes on, b goes on, c goes on, ");
  EXPECT_EQ(loop_.tasks(), 0U);
  EXPECT_EQ(loop_.escaped_exceptions(), 1U);
}

TEST_F(PollerTest, ACallWithoutOthersInItsTurnIsNotLate) {
  auto [only, far] = connect();
  turn();
  loop_.spawn("a", call_late(&loop_.poller(), only.get(), 'a', &log_));
  turn();
  far->send("x");
  turn();
  EXPECT_EQ(log_, "a made, a goes on, ");
}

TEST(Poller, ItsEndEndsTheCoroutinesThatWait) {
  struct Held {
    explicit Held(std::shared_ptr<int> token) : alive(std::move(token)) {}
    std::shared_ptr<int> alive;
    std::unique_ptr<Descriptor> near;
  };
  struct Wait {
    static Awaitable<void> forever(std::shared_ptr<Held> held) {
      (void)co_await held->near->wait(Direction::read);
    }
  };
  std::array<int, 2> fds{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()), 0);
  const Peer far(fds[1]);
  const auto token = std::make_shared<int>(0);
  {
    const test::FakeClock clock;
    Loop loop(clock);
    const auto held = std::make_shared<Held>(token);
    held->near = std::make_unique<Descriptor>(loop.poller(), fds[0]);
    loop.spawn("forever", Wait::forever(held));
    loop.io().poll();
    EXPECT_GT(token.use_count(), 1);
  }
  EXPECT_EQ(token.use_count(), 1) << "nothing holds the coroutine any more";
}

}  // namespace
}  // namespace weir::net
