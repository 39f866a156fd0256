#pragma once

#include <cstdint>

#include "quota/window.hpp"
#include "weir/base/clock.hpp"

namespace weir::quota {

// How fast a share of a day window may be used, so that it lasts the day. Not synchronised: it is a meter's.
class Pace {
 public:
  // Where the window resets. The first moment at which the next cost may go, if `used` counts by then: use
  // stays below the line from nothing at the window's beginning to all of the share at its end, so that a
  // burst is made up for by slowing down, and what was left unused may be used up. Its end where the share
  // is.
  [[nodiscard]] static BootTime by_line(const Stretch& window, std::uint64_t used,
                                        std::uint64_t share) noexcept;

  // Elsewhere nothing ends at once. The first moment at which the next cost may go behind `ahead`, at the
  // rate of the share a day; up to half an hour's worth may go at once.
  [[nodiscard]] BootTime by_rate(std::uint64_t ahead, std::uint64_t share, Instant now) const noexcept;
  // A cost goes by that rate. What it takes of the time.
  Duration take(std::uint64_t cost, std::uint64_t share, Instant now) noexcept;
  void give_back(Duration taken) noexcept { until_ -= taken; }
  // It took more.
  void add(Duration taken, Instant now) noexcept;

 private:
  BootTime until_{};  // all of the time until then has been taken
};

}  // namespace weir::quota
