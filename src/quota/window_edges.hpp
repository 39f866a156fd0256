#pragma once

#include <cstdint>

#include "weir/base/clock.hpp"
#include "weir/base/time_zone.hpp"

namespace weir::quota {

// Where windows that follow each other begin and end on the wall clock. It remembers the window it named
// last, so that it asks the calendar about once a window; hence not synchronised, though all of it is const.
class WindowEdges {
 public:
  // At the multiples of a period since 1970 in UTC.
  [[nodiscard]] static WindowEdges aligned(Duration period);
  [[nodiscard]] static WindowEdges days_in(TimeZone zone);
  [[nodiscard]] static WindowEdges months_in(TimeZone zone);

  // The window that holds this moment.
  [[nodiscard]] CivilWindow around(WallTime time) const;
  // No window is longer.
  [[nodiscard]] Duration longest() const noexcept { return longest_; }

 private:
  enum class Kind : std::uint8_t { aligned, day, month };
  WindowEdges(Kind kind, Duration longest, TimeZone zone);

  [[nodiscard]] CivilWindow compute(WallTime time) const;

  Kind kind_;
  Duration longest_;  // of aligned ones, the length of all
  TimeZone zone_;
  mutable CivilWindow last_{};
};

}  // namespace weir::quota
