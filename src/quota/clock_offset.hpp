#pragma once

#include <cstdint>

#include "weir/base/clock.hpp"

namespace weir::quota {

// How far a provider's clock is ahead of ours. The Date of an answer names the second in which it was made,
// and that was after we sent and before we heard: so each answer leaves an interval, and the truth lies in
// all of them. Zero as long as that may be true. Not synchronised.
class ClockOffset {
 public:
  [[nodiscard]] Duration value() const noexcept { return value_; }
  void heard(WallTime date, WallTime sent, WallTime received) noexcept;
  // What an earlier run had found.
  void load(Duration value) noexcept { value_ = value; }

 private:
  Duration least_{};
  Duration most_{};
  std::uint32_t answers_ = 0;  // that agree
  Duration value_{};
};

}  // namespace weir::quota
