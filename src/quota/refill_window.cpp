#include "quota/refill_window.hpp"

#include <algorithm>
#include <cmath>

#include "quota/words.hpp"

namespace weir::quota {
namespace {

// What doubles lose when they are added up and emptied: far below one token.
constexpr double kRounding = 1e-6;
// What goes beyond these was damaged, or is a limit that nobody has.
constexpr double kMostLevel = 0x1p53;
constexpr double kMostWait = 3e18;  // nanoseconds: 95 years

std::uint64_t whole(double level) {
  return static_cast<std::uint64_t>(std::ceil(std::clamp(level - kRounding, 0.0, kMostLevel)));
}

}  // namespace

RefillWindow::RefillWindow(Duration period)
    : period_(std::max(period, Duration(1))), guard_(slot_guard(period_)) {}

double RefillWindow::level(BootTime now) const {
  if (now <= from_) return level_;
  return std::max(0.0, level_ - rate_ * static_cast<double>((now - from_).count()));
}

void RefillWindow::settle_down(BootTime now) {
  if (now <= from_) return;
  level_ = level(now);
  from_ = now;
}

std::uint64_t RefillWindow::counted(Instant now) const {
  return whole(level(now.boot));
}

std::uint64_t RefillWindow::counted_with_care(Instant now) const {
  const double late = rate_ * static_cast<double>(guard_.length().count());
  return level(now.boot) <= 0 ? 0 : whole(level(now.boot) + late);
}

// The bucket stood still for the guard when it began to fill: now it has stood still for longer.
bool RefillWindow::take_more_care(Instant now) {
  const Duration before = guard_.length();
  if (!guard_.grow(now)) return false;
  settle_down(now.boot);
  if (level_ > 0) level_ += rate_ * static_cast<double>((guard_.length() - before).count());
  return true;
}

// Half of the rounding that counted() allows: at the moment told it surely counts no more.
BootTime RefillWindow::level_falls_to(double from, double allowed, Instant now) const {
  if (from <= allowed + kRounding / 2) return now.boot;
  if (rate_ <= 0) return BootTime::max();
  const double wait = std::ceil((from - allowed - kRounding / 2) / rate_);
  if (wait > kMostWait) return BootTime::max();
  return std::max(now.boot, from_) + Duration(static_cast<Duration::rep>(wait));
}

BootTime RefillWindow::falls_to(std::uint64_t allowed, Instant now) const {
  return level_falls_to(level(now.boot), static_cast<double>(allowed), now);
}

BootTime RefillWindow::falls_to_with(std::uint64_t pending, std::uint64_t allowed, Instant now) const {
  return level_falls_to(level(now.boot) + static_cast<double>(pending), static_cast<double>(allowed), now);
}

std::optional<BootTime> RefillWindow::next_return(Instant now) const {
  const std::uint64_t all = counted(now);
  if (all == 0) return std::nullopt;
  return falls_to(all - 1, now);
}

BootTime RefillWindow::add(std::uint64_t cost, Instant now) {
  guard_.relax(now);
  settle_down(now.boot);
  if (cost == 0) return now.boot;
  // The provider's bucket is ahead of ours by up to the guard, and this takes up to the guard to arrive.
  if (level_ <= rate_ * static_cast<double>(2 * guard_.length().count())) filling_since_ = now.boot;
  if (level_ <= 0) from_ = now.boot + guard_.length();
  level_ = std::min(level_ + static_cast<double>(cost), kMostLevel);
  return now.boot;
}

// What had emptied before the bucket filled anew can't be given back.
void RefillWindow::settle(BootTime stamp, std::uint64_t charged, std::uint64_t used, Instant now) {
  if (used > charged) {
    add(used - charged, now);
    return;
  }
  settle_down(now.boot);
  if (level_ > 0 && stamp >= filling_since_)
    level_ = std::max(0.0, level_ - static_cast<double>(charged - used));
}

void RefillWindow::take_oldest(std::uint64_t cost, Instant now) {
  settle_down(now.boot);
  level_ = std::max(0.0, level_ - static_cast<double>(cost));
}

void RefillWindow::set_amount(std::uint64_t amount, Instant now) {
  settle_down(now.boot);
  rate_ = static_cast<double>(amount) / static_cast<double>(period_.count());
}

void RefillWindow::save(Words& words) const {
  guard_.save(words);
  put(words, level_);
  put(words, from_);
  put(words, filling_since_);
}

bool RefillWindow::load(std::span<const std::uint64_t> words, Duration shift, Instant now) {
  WordReader reader(words);
  guard_.load(reader, shift, now);
  const double level = reader.real();
  const BootTime from = reader.boot_time();
  const BootTime since = reader.boot_time();
  if (!reader.ok() || !(level >= 0 && level <= kMostLevel)) return false;
  level_ = level;
  from_ = std::min(from + shift, now.boot + guard_.length());
  filling_since_ = moved(since, shift, now);
  return true;
}

}  // namespace weir::quota
