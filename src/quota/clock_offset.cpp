#include "quota/clock_offset.hpp"

#include <algorithm>
#include <chrono>

namespace weir::quota {

void ClockOffset::heard(WallTime date, WallTime sent, WallTime received) noexcept {
  constexpr std::uint32_t kEnough = 3;  // one may come out of a cache
  const Duration least = date - received;
  const Duration most = date + std::chrono::seconds(1) - sent;
  if (least > most) return;                               // our clock was set back while we waited
  if (answers_ == 0 || least > most_ || most < least_) {  // a clock has been set, or drifted
    least_ = least;
    most_ = most;
    answers_ = 1;
    return;
  }
  least_ = std::max(least_, least);
  most_ = std::min(most_, most);
  answers_ = std::min(answers_ + 1, kEnough);
  if (answers_ == kEnough) value_ = std::clamp(Duration::zero(), least_, most_);
}

}  // namespace weir::quota
