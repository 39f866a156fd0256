#pragma once

#include <boost/asio/steady_timer.hpp>

#include "weir/net/awaitable.hpp"
#include "weir/net/timers.hpp"

namespace weir::net {

// Something that happens once and that one coroutine waits for. Loop's thread only; outlives the wait.
class Event {
 public:
  explicit Event(boost::asio::io_context& io);

  void set() noexcept;
  [[nodiscard]] bool is_set() const noexcept { return set_; }
  [[nodiscard]] Awaitable<void> wait();  // at once where it has happened already

 private:
  boost::asio::steady_timer parked_;
  bool set_ = false;
};

}  // namespace weir::net
