#include "weir/pretend/windows.hpp"

#include <chrono>
#include <cmath>

namespace weir::pretend {
namespace {

constexpr double kRoundingError = 1e-6;  // of doubles that were added and drained; far below one token

}  // namespace

double RefillBucket::level(BootTime now) const {
  const double passed = static_cast<double>((now - at_).count()) / static_cast<double>(period_.count());
  return std::max(0.0, level_ - passed * static_cast<double>(limit_));
}

void RefillBucket::set_level(double level, BootTime now) {
  level_ = level;
  at_ = now;
}

Duration RefillBucket::wait(std::uint64_t cost, BootTime now) const {
  if (limit_ == 0) return Duration::zero();
  const double over = level(now) + static_cast<double>(cost) - static_cast<double>(limit_);
  if (over <= kRoundingError) return Duration::zero();
  return Duration(
      std::llround(std::ceil(over / static_cast<double>(limit_) * static_cast<double>(period_.count()))));
}

void RefillBucket::take(std::uint64_t cost, BootTime now) {
  set_level(level(now) + static_cast<double>(cost), now);
}

void RefillBucket::give_back(std::uint64_t cost, BootTime now) {
  set_level(level(now) - static_cast<double>(cost), now);
}

std::uint64_t RefillBucket::used(BootTime now) const {
  return static_cast<std::uint64_t>(std::ceil(level(now) - kRoundingError));
}

Duration RefillBucket::until_full(BootTime now) const {
  if (limit_ == 0) return Duration::zero();
  return Duration(
      std::llround(level(now) / static_cast<double>(limit_) * static_cast<double>(period_.count())));
}

bool ClockWindow::fits(std::uint64_t cost, WallTime now) const {
  return limit_ == 0 || used(now) + cost <= limit_;
}

void ClockWindow::take(std::uint64_t cost, WallTime now) {
  used_ = used(now) + cost;
  index_ = std::max(index_, index(now));
}

std::uint64_t ClockWindow::used(WallTime now) const {
  return index(now) > index_ ? 0 : used_;
}

WallTime ClockWindow::ends(WallTime now) const {
  return WallTime((index(now) + 1) * period_);
}

}  // namespace weir::pretend
