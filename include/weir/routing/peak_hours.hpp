#pragma once

#include "weir/base/clock.hpp"
#include "weir/base/time_zone.hpp"

namespace weir::routing {

// Hours of each day, by the clocks of one place, in which work that can wait does. Immutable; threads: any.
class PeakHours {
 public:
  // Both since midnight, not the same; where `until` comes before `from` they last over midnight.
  PeakHours(Duration from, Duration until, TimeZone zone);

  // The first moment from `at` on that is outside of them.
  [[nodiscard]] WallTime over_at(WallTime at) const;
  [[nodiscard]] BootTime over_at(BootTime at, Instant now) const {
    return now.boot_at(over_at(now.wall_at(at)));
  }

  [[nodiscard]] Duration from() const noexcept { return from_; }
  [[nodiscard]] Duration until() const noexcept { return until_; }
  [[nodiscard]] const TimeZone& zone() const noexcept { return zone_; }

 private:
  Duration from_;
  Duration until_;
  TimeZone zone_;
};

}  // namespace weir::routing
