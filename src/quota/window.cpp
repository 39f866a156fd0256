#include "quota/window.hpp"

#include <algorithm>
#include <chrono>

#include "quota/first_use_window.hpp"
#include "quota/fixed_window.hpp"
#include "quota/refill_window.hpp"
#include "quota/sliding_window.hpp"
#include "quota/tally_window.hpp"

namespace weir::quota {
namespace {

// Four times the round-trip variance of a middling line, 12 ms. Who has a better one loses a thousandth of a
// minute's window, who has a worse one is told so by refusals.
constexpr Duration kSlotGuard = std::chrono::milliseconds(50);
constexpr Duration kSlotGuardMax = std::chrono::minutes(1);
constexpr Duration kClockSkew = std::chrono::milliseconds(250);
// Some providers reset a day's count minutes late.
constexpr Duration kClockSkewMax = std::chrono::minutes(2);
constexpr Duration kCalm = std::chrono::hours(24);

}  // namespace

bool Guard::grow(Instant now) noexcept {
  if (length_ >= most_) return false;
  length_ = std::min(2 * length_, most_);
  since_ = now.boot;
  return true;
}

void Guard::relax(Instant now) noexcept {
  if (length_ == least_ || now.boot - since_ < kCalm) return;
  length_ = std::max(length_ / 2, least_);
  since_ = now.boot;
}

void Guard::save(Words& words) const {
  put(words, length_);
  put(words, since_);
}

void Guard::load(WordReader& reader, Duration shift, Instant now) {
  length_ = std::clamp(reader.duration(), least_, most_);
  since_ = moved(reader.boot_time(), shift, now);
}

// The longest costs a fortieth of the quota: with more uncertainty than that nobody can keep both promises.
Guard slot_guard(Duration period) noexcept {
  return {std::min(kSlotGuard, period / 100), std::min(kSlotGuardMax, period / 40)};
}

// Nothing is lost by a longer one, but for the time in which it can be used.
Guard clock_skew(Duration period) noexcept {
  return {std::min(kClockSkew, period / 40), std::min(kClockSkewMax, period / 10)};
}

std::uint64_t Window::counted_with_care(Instant now) const {
  return counted(now);
}

bool Window::take_more_care(Instant /*now*/) {
  return false;
}

BootTime Window::falls_to_with(std::uint64_t pending, std::uint64_t allowed, Instant now) const {
  return pending <= allowed ? falls_to(allowed - pending, now) : counts_until(now);
}

void Window::add_until(std::uint64_t cost, BootTime /*until*/, Instant now) {
  add(cost, now);
}

void Window::clear(Instant now) {
  take_oldest(counted(now), now);
}

void Window::set_amount(std::uint64_t /*amount*/, Instant /*now*/) {}

bool Window::same_window(BootTime /*stamp*/, Instant /*now*/) const {
  return true;
}

std::optional<Stretch> Window::current(Instant /*now*/) const {
  return std::nullopt;
}

bool Window::is_closed(Instant /*now*/) const {
  return false;
}

bool Window::ended(Instant /*now*/) const {
  return false;
}

std::unique_ptr<Window> make_window(const Limit& limit) {
  const EngineWindow engine = engine_window(limit);
  switch (engine.kind) {
    case WindowKind::fixed:
      return std::make_unique<FixedWindow>(WindowEdges::aligned(engine.length));
    case WindowKind::calendar:
      return std::make_unique<FixedWindow>(limit.period.unit == Period::Unit::month
                                               ? WindowEdges::months_in(*engine.zone)
                                               : WindowEdges::days_in(*engine.zone));
    case WindowKind::credit:
      return std::make_unique<CreditWindow>(limit.expires);
    case WindowKind::concurrency:
      return std::make_unique<InFlightWindow>();
    case WindowKind::refill:
      return std::make_unique<RefillWindow>(engine.length);
    case WindowKind::first_use:
      return std::make_unique<FirstUseWindow>(engine.length);
    case WindowKind::interval:
      return std::make_unique<IntervalWindow>(engine.length);
    case WindowKind::sliding:
      break;
  }
  return std::make_unique<SlidingWindow>(engine.length);
}

}  // namespace weir::quota
