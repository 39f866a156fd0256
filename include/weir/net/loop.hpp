#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "weir/base/clock.hpp"
#include "weir/net/awaitable.hpp"
#include "weir/net/cancellation.hpp"
#include "weir/net/event.hpp"
#include "weir/net/poller.hpp"
#include "weir/net/timers.hpp"

namespace weir::net {

// Keeps connections that nobody uses now, and that whoever lacks a descriptor needs more. Loop's thread only.
class IdleConnections
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  IdleConnections() = default;
  virtual ~IdleConnections() = default;
  IdleConnections(const IdleConnections&) = delete;
  IdleConnections& operator=(const IdleConnections&) = delete;

  // Whether there were any.
  virtual bool close_idle() noexcept = 0;
};

// One thread's event loop: its io_context, its timers and the coroutines it runs. Sessions, connection pools
// and DNS caches belong to one loop and never leave its thread. Everything but post(), stop(), tasks() and
// io() is the loop's thread only. Its coroutines must have ended before it is destroyed: close what they wait
// for, then wait for tasks() to be 0.
class Loop {
 public:
  explicit Loop(const Clock& clock, Duration resolution = Timers::kResolution);

  [[nodiscard]] boost::asio::io_context& io() { return io_; }
  [[nodiscard]] Timers& timers() { return timers_; }
  [[nodiscard]] Poller& poller() { return poller_; }
  [[nodiscard]] Instant now() const { return timers_.now(); }

  // Runs until stop(). An exception that escapes a handler is logged and counted, and the loop goes on: one
  // session's bug must not end the others.
  void run();
  void stop();                            // from any thread
  void post(std::function<void()> work);  // from any thread

  // Where descriptors have run out: closes what close_idle() of all that were added closes. Whether there is
  // one more now.
  [[nodiscard]] bool close_idle() noexcept;
  void add(IdleConnections& idle) { idle_.push_back(idle); }  // until it ends

  // The only way to start a coroutine. What it throws is logged under `name`, a literal.
  void spawn(const char* name, Awaitable<void> task);
  [[nodiscard]] std::size_t tasks() const noexcept { return tasks_; }  // under way now
  [[nodiscard]] std::size_t escaped_exceptions() const noexcept { return escaped_; }

  // Until the moment, or until the cancellation is requested.
  [[nodiscard]] Awaitable<void> sleep_until(BootTime at, Cancellation& cancellation);

 private:
  boost::asio::io_context io_{1};
  Timers timers_;
  Poller poller_{io_};
  boost::intrusive::list<IdleConnections, boost::intrusive::constant_time_size<false>> idle_;
  std::atomic<std::size_t> tasks_ = 0;
  std::size_t escaped_ = 0;
};

// Runs blocking work (a name look-up) on the pool and resumes on the loop with its end. The work owns what it
// uses: where the waiting coroutine has been cancelled it goes on alone and its result is dropped.
// Returns false where the cancellation came first.
[[nodiscard]] Awaitable<bool> offload(Loop& loop, boost::asio::thread_pool& pool, std::function<void()> work,
                                      Cancellation& cancellation);

}  // namespace weir::net
