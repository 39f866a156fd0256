#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "weir/base/clock.hpp"

namespace weir::sim {

// Who waits for room, in the order of arrival: where the oracle waits.
class WaitingRoom {
 public:
  void add_last(std::uint32_t id, BootTime deadline) { waiting_.push_back({id, deadline}); }

  // Lets go whoever can, at the last moment of the wait too. `attempt` answers with kWent, or with when to
  // try again; max(): not by waiting. Nobody passes one who will have room before the deadline. Returns when
  // to look again.
  template <class Attempt, class TurnAway>
  [[nodiscard]] BootTime pump(BootTime now, const Attempt& attempt, const TurnAway& turn_away) {
    BootTime again = BootTime::max();
    for (std::size_t i = 0; i < std::min(waiting_.size(), kLookAhead);) {
      const Waiter waiter = waiting_[i];
      const BootTime back_at = waiter.deadline < now ? BootTime::max() : attempt(waiter.id);
      if (back_at == kWent || waiter.deadline <= now) {
        waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
        if (back_at != kWent) turn_away(waiter.id);
        continue;
      }
      again = std::min(again, std::min(std::max(back_at, now + kLeastPause), waiter.deadline));
      if (back_at <= waiter.deadline) break;
      ++i;
    }
    return again;
  }
  static constexpr BootTime kWent = BootTime::min();

 private:
  struct Waiter {
    std::uint32_t id = 0;
    BootTime deadline;
  };
  // Behind those for whom only an early end of other requests could still make room.
  static constexpr std::size_t kLookAhead = 8;
  static constexpr Duration kLeastPause = std::chrono::microseconds(100);

  std::deque<Waiter> waiting_;
};

}  // namespace weir::sim
