#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>

#include "weir/base/clock.hpp"
#include "weir/base/error.hpp"

namespace weir::routing {

// When the failures of a target were told last, by their kind: an outage is to be a line a minute in the log,
// not one a request. Threads: any.
class FailuresTold {
 public:
  // Whether one is to be told now. Then it counts as told.
  [[nodiscard]] bool is_due(ErrorKind kind, BootTime now) noexcept {
    std::atomic<Duration::rep>& quiet_until = quiet_until_[static_cast<std::size_t>(kind)];
    Duration::rep until = quiet_until.load(std::memory_order_relaxed);
    if (now.time_since_epoch().count() < until) return false;
    const Duration::rep next = (now + kQuiet).time_since_epoch().count();
    return quiet_until.compare_exchange_strong(until, next, std::memory_order_relaxed);
  }

 private:
  static constexpr Duration kQuiet = std::chrono::minutes(1);

  std::array<std::atomic<Duration::rep>, static_cast<std::size_t>(ErrorKind::internal) + 1> quiet_until_{};
};

}  // namespace weir::routing
