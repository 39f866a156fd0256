// The second half of the gauntlet: coroutines against the loop, its timers, other threads and sockets.

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "compiler/gauntlet.hpp"

namespace weir::test {
namespace {

namespace asio = boost::asio;
using Socket = asio::local::stream_protocol::socket;

class Spawned : public Gauntlet {
 public:
  // What a session is: an object kept alive by the coroutine's own parameter.
  struct Session {
    Session(Spawned& owner, std::string text) : test(owner), witness(owner.tally_, std::move(text)) {}
    Awaitable<void> run(std::shared_ptr<Session> self, int turns) {
      for (int i = 0; i < turns; ++i) co_await test.turn();
      test.ended_ += self->witness.text();
    }
    Spawned& test;
    Witness witness;
  };

  Awaitable<void> wait_forever(Witness witness) {
    net::Event never(loop_.io());
    co_await never.wait();
    ended_ += witness.text();
  }

  Awaitable<void> wait_for(std::shared_ptr<net::Event> event, Witness witness) {
    co_await event->wait();
    ended_ += witness.text();
  }

  Awaitable<void> fail() {
    co_await turn();
    throw std::runtime_error("a bug in one session");
  }

  std::string ended_;
};

TEST_F(Spawned, OwnersOutliveTheirLastAwait) {
  for (const char* name : {"a", "b", "c"}) {
    auto session = std::make_shared<Session>(*this, name);
    Session& object = *session;
    loop_.spawn("session", object.run(std::move(session), name[0] - 'a' + 1));
  }
  const auto scenario = [](Spawned* self) -> Awaitable<void> {
    while (self->loop_.tasks() > 1) co_await self->turn();
  };
  run(scenario(this));
  EXPECT_EQ(ended_, "abc");
}

TEST_F(Spawned, EventWakesItsWaiterOnceAndLateWaitersAtOnce) {
  const auto scenario = [](Spawned* self) -> Awaitable<void> {
    const auto event = std::make_shared<net::Event>(self->loop_.io());
    self->loop_.spawn("waiter", self->wait_for(event, Witness(self->tally_, "woken")));
    co_await self->turn();
    EXPECT_EQ(self->ended_, "");
    event->set();
    event->set();
    while (self->loop_.tasks() > 1) co_await self->turn();
    co_await event->wait();
    EXPECT_EQ(self->ended_, "woken");
  };
  run(scenario(this));
}

TEST_F(Spawned, FramesOfAnAbandonedLoopAreDestroyedOnce) {
  Tally tally;
  {
    net::Loop loop(clock_);
    net::Event never(loop.io());
    const auto waiting = [](net::Event* event, Witness witness) -> Awaitable<void> {
      const Witness local = witness;
      co_await event->wait();
    };
    loop.spawn("abandoned", waiting(&never, Witness(tally, "in the frame")));
    loop.io().poll();
    EXPECT_EQ(tally.alive.size(), 2U);
  }
  EXPECT_TRUE(tally.alive.empty());
  EXPECT_EQ(tally.faults, 0);
}

TEST_F(Spawned, OneTasksExceptionIsCountedAndTheOthersGoOn) {
  loop_.spawn("failing", fail());
  const auto scenario = [](Spawned* self) -> Awaitable<void> {
    while (self->loop_.tasks() > 1) co_await self->turn();
    self->loop_.stop();
  };
  loop_.spawn("gauntlet", scenario(this));
  loop_.run();
  EXPECT_EQ(loop_.escaped_exceptions(), 1U);
}

class Deferred : public Gauntlet {
 public:
  using Waiting = std::optional<net::Resumption<void(bool)>>;
  struct Park {
    void operator()(net::Resumption<void(bool)> resumption) const { place->emplace(std::move(resumption)); }
    Waiting* place;
  };
  net::Deferred<void(bool), Park> park() { return net::deferred<void(bool)>(Park{&waiting_}); }
  void go_on(bool answer) {
    net::Resumption<void(bool)> resume = std::move(*waiting_);
    waiting_.reset();
    resume(answer);
  }

  Awaitable<void> note_answers(Witness witness) {
    const Witness local = witness;
    bool more = true;
    while (more) {
      more = co_await park();
      heard_ += more ? "more " : "no more ";
    }
    (void)co_await park();
    heard_ += local.text();
  }

  Waiting waiting_;
  std::string heard_;
};

TEST_F(Deferred, IsResumedInPlaceAsOftenAsItIsAwaited) {
  const auto scenario = [](Deferred* self) -> Awaitable<void> {
    self->loop_.spawn("waiter", self->note_answers(Witness(self->tally_, "end")));
    co_await self->turn();
    for (const bool answer : {true, true, false, true}) self->go_on(answer);
    EXPECT_EQ(self->heard_, "more more no more end");
    while (self->loop_.tasks() > 1) co_await self->turn();
  };
  run(scenario(this));
}

TEST_F(Deferred, WhatIsDroppedTakesItsCoroutineWithIt) {
  loop_.spawn("waiter", note_answers(Witness(tally_, "end")));
  loop_.io().poll();
  ASSERT_TRUE(waiting_);
  waiting_.reset();
  loop_.io().restart();
  loop_.io().poll();
  EXPECT_EQ(heard_, "");
  EXPECT_TRUE(tally_.alive.empty());
}

class Time : public Gauntlet {
 public:
  Awaitable<bool> sleep(Duration duration, net::Cancellation& cancellation) {
    const BootTime until = loop_.now().boot + duration;
    co_await loop_.sleep_until(until, cancellation);
    co_return !cancellation.requested();
  }
};

TEST_F(Time, SleepEndsWithTheInjectedClock) {
  const auto scenario = [](Time* self) -> Awaitable<void> {
    net::Cancellation nobody;
    self->loop_.post([self] { self->clock_.advance(std::chrono::hours(24)); });
    const bool slept = co_await self->sleep(std::chrono::hours(23), nobody);
    EXPECT_TRUE(slept);
  };
  run(scenario(this));
}

TEST_F(Time, CancellationEndsASleepBeforeAndDuringIt) {
  const auto scenario = [](Time* self) -> Awaitable<void> {
    net::Cancellation during;
    self->loop_.post([&during] { during.request(); });
    const bool first = co_await self->sleep(std::chrono::hours(1), during);
    const bool second = co_await self->sleep(std::chrono::hours(1), during);
    EXPECT_FALSE(first);
    EXPECT_FALSE(second);
  };
  run(scenario(this));
}

TEST_F(Time, DeadlineInAFrameDisarmsWithIt) {
  const auto scenario = [](Time* self) -> Awaitable<void> {
    int rings = 0;
    for (int i = 0; i < 10; ++i) {
      net::Deadline deadline(self->loop_.timers(), [&rings] { ++rings; });
      deadline.arm_after(std::chrono::minutes(1));
      co_await self->turn();
    }
    self->clock_.advance(std::chrono::hours(1));
    net::Event rang(self->loop_.io());
    net::Deadline last(self->loop_.timers(), [&rang] { rang.set(); });
    last.arm_after(Duration::zero());
    co_await rang.wait();
    EXPECT_EQ(rings, 0);
    EXPECT_TRUE(last.expired());
  };
  run(scenario(this));
}

class Threads : public Gauntlet {};

TEST_F(Threads, OffloadRunsElsewhereAndResumesHere) {
  asio::thread_pool pool(1);
  const auto scenario = [](Threads* self, asio::thread_pool* workers) -> Awaitable<void> {
    struct Shared {
      std::thread::id ran_on;
      std::string text;
    };
    net::Cancellation nobody;
    const auto home = std::this_thread::get_id();
    for (int i = 0; i < 50; ++i) {
      const auto shared = std::make_shared<Shared>();
      std::function<void()> work = [shared] {
        shared->ran_on = std::this_thread::get_id();
        shared->text = "looked up";
      };
      const bool finished = co_await net::offload(self->loop_, *workers, std::move(work), nobody);
      EXPECT_TRUE(finished);
      EXPECT_EQ(shared->text, "looked up");
      EXPECT_NE(shared->ran_on, home);
      EXPECT_EQ(std::this_thread::get_id(), home);
    }
  };
  run(scenario(this, &pool));
  pool.join();
}

class Sockets : public Gauntlet {
 public:
  Awaitable<boost::system::error_code> write_gathered(Socket& socket, std::string_view head,
                                                      std::string_view body) {
    const std::array<asio::const_buffer, 2> buffers = {asio::buffer(head), asio::buffer(body)};
    boost::system::error_code ec;
    co_await asio::async_write(socket, buffers, asio::redirect_error(net::kUseAwaitable, ec));
    co_return ec;
  }
  Awaitable<std::string> read_some(Socket& socket, boost::system::error_code& ec) {
    std::array<char, 64> bytes;
    const std::size_t n =
        co_await socket.async_read_some(asio::buffer(bytes), asio::redirect_error(net::kUseAwaitable, ec));
    co_return std::string(bytes.data(), n);
  }
  Awaitable<void> echo(std::shared_ptr<Socket> socket, Witness witness) {
    while (true) {
      boost::system::error_code ec;
      const std::string text = co_await read_some(*socket, ec);
      if (ec) break;
      const auto failed = co_await write_gathered(*socket, witness.text(), text);
      if (failed) break;
    }
  }
};

TEST_F(Sockets, GatheredWritesReadsAndErrorsByRedirection) {
  const auto scenario = [](Sockets* self) -> Awaitable<void> {
    auto near = std::make_shared<Socket>(self->loop_.io());
    auto far = std::make_shared<Socket>(self->loop_.io());
    asio::local::connect_pair(*near, *far);
    self->loop_.spawn("echo", self->echo(std::move(far), Witness(self->tally_, "heard: ")));
    for (int i = 0; i < 200; ++i) {
      const std::string number = std::to_string(i);
      const auto failed = co_await self->write_gathered(*near, "n", number);
      EXPECT_FALSE(failed);
      std::string answer;
      while (answer.size() < number.size() + 8) {
        boost::system::error_code ec;
        const std::string piece = co_await self->read_some(*near, ec);
        EXPECT_FALSE(ec);
        answer += piece;
      }
      EXPECT_EQ(answer, "heard: n" + number);
    }
    near->close();
    while (self->loop_.tasks() > 1) co_await self->turn();
  };
  run(scenario(this));
}

TEST_F(Sockets, ClosingEndsAReadUnderWay) {
  const auto scenario = [](Sockets* self) -> Awaitable<void> {
    Socket near(self->loop_.io());
    Socket far(self->loop_.io());
    asio::local::connect_pair(near, far);
    self->loop_.post([&near] { near.close(); });
    boost::system::error_code ec;
    const std::string nothing = co_await self->read_some(near, ec);
    EXPECT_EQ(nothing, "");
    EXPECT_EQ(ec, asio::error::operation_aborted);
  };
  run(scenario(this));
}

}  // namespace
}  // namespace weir::test
