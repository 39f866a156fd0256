#include "quota/pace.hpp"

#include <algorithm>
#include <chrono>

#include "weir/quota/limit.hpp"

namespace weir::quota {
namespace {

constexpr Duration kAtOnce = std::chrono::minutes(30);

// What is beyond a year is never.
Duration part_of(Duration all, std::uint64_t cost, std::uint64_t share) noexcept {
  constexpr double kMost = 365;
  const double parts = static_cast<double>(cost) / static_cast<double>(std::max<std::uint64_t>(share, 1));
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::nano>(
      static_cast<double>(std::chrono::nanoseconds(all).count()) * std::min(parts, kMost)));
}

// What goes at once is part of the day's share.
Duration time_for(std::uint64_t cost, std::uint64_t share) noexcept {
  return part_of(kDay + kAtOnce, cost, share);
}

}  // namespace

BootTime Pace::by_line(const Stretch& window, std::uint64_t used, std::uint64_t share) noexcept {
  if (used >= share) return window.end;
  return window.begin + part_of(window.end - window.begin, used, share);
}

BootTime Pace::by_rate(std::uint64_t ahead, std::uint64_t share, Instant now) const noexcept {
  return std::max(until_, now.boot) + time_for(ahead, share) - kAtOnce;
}

Duration Pace::take(std::uint64_t cost, std::uint64_t share, Instant now) noexcept {
  const Duration taken = time_for(cost, share);
  add(taken, now);
  return taken;
}

void Pace::add(Duration taken, Instant now) noexcept {
  if (taken > Duration::zero()) until_ = std::max(until_, now.boot) + taken;
}

}  // namespace weir::quota
