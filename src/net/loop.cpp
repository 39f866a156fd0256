#include "weir/net/loop.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <string_view>
#include <utility>

#include "weir/base/log.hpp"

namespace weir::net {
namespace {

constexpr std::string_view kUnknown = "of a type that is no exception's";

}  // namespace

Loop::Loop(const Clock& clock, Duration resolution) : timers_(io_, clock, resolution) {}

void Loop::run() {
  const auto guard = boost::asio::make_work_guard(io_);
  while (!io_.stopped()) {
    try {
      io_.run();
    } catch (const std::exception& e) {
      ++escaped_;
      log::error("exception_escaped", {{"what", e.what()}});
    } catch (...) {
      ++escaped_;
      log::error("exception_escaped", {{"what", kUnknown}});
    }
  }
}

void Loop::stop() {
  io_.stop();
}

void Loop::post(std::function<void()> work) {
  boost::asio::post(io_, std::move(work));
}

bool Loop::close_idle() noexcept {
  bool has_closed = false;
  for (IdleConnections& idle : idle_) has_closed = idle.close_idle() || has_closed;
  return has_closed;
}

void Loop::spawn(const char* name, Awaitable<void> task) {
  ++tasks_;
  boost::asio::co_spawn(io_, std::move(task), [this, name](const std::exception_ptr& error) {
    --tasks_;
    if (!error) return;
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& e) {
      ++escaped_;
      log::error("task_failed", {{"task", name}, {"what", e.what()}});
    } catch (...) {
      ++escaped_;
      log::error("task_failed", {{"task", name}, {"what", kUnknown}});
    }
  });
}

Awaitable<void> Loop::sleep_until(BootTime at, Cancellation& cancellation) {
  Event over(io_);
  Deadline deadline(timers_, [&over] { over.set(); });
  deadline.arm(at);
  const Cancellation::Registration registration(cancellation, [&over] { over.set(); });
  co_await over.wait();
}

Awaitable<bool> offload(Loop& loop, boost::asio::thread_pool& pool, std::function<void()> work,
                        Cancellation& cancellation) {
  // Shared with the pool's thread, which may outlive this coroutine. Only the loop's thread touches the
  // event.
  struct Shared {
    explicit Shared(boost::asio::io_context& io) : done(io) {}
    Event done;
  };
  const auto shared = std::make_shared<Shared>(loop.io());
  bool finished = false;
  boost::asio::post(pool, [work = std::move(work), handed = shared, &loop]() mutable {
    try {
      work();
    } catch (const std::exception& e) {
      log::error("offloaded_work_failed", {{"what", e.what()}});
    } catch (...) {
      log::error("offloaded_work_failed", {{"what", kUnknown}});
    }
    loop.post([handed = std::move(handed)] { handed->done.set(); });
  });
  const Cancellation::Registration registration(cancellation, [shared] { shared->done.set(); });
  co_await shared->done.wait();
  finished = !cancellation.requested();
  co_return finished;
}

}  // namespace weir::net
