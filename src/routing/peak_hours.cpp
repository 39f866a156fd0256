#include "weir/routing/peak_hours.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace weir::routing {
namespace {

constexpr Duration kDay = std::chrono::hours(24);

// What clocks show, since their midnight.
Duration time_of_day(WallTime at, const TimeZone& zone) {
  const Duration shown = (at.time_since_epoch() + zone.offset_at(at)) % kDay;
  return shown < Duration::zero() ? shown + kDay : shown;
}

// From one time of day to the next one that shows `to`.
Duration ahead(Duration from, Duration to) {
  return to > from ? to - from : to - from + kDay;
}

// When the clocks are set, to the second.
WallTime change_between(WallTime from, WallTime until, const TimeZone& zone) {
  const Duration before = zone.offset_at(from);
  while (until - from > std::chrono::seconds(1)) {
    const WallTime middle = from + (until - from) / 2;
    (zone.offset_at(middle) == before ? from : until) = middle;
  }
  return std::chrono::floor<std::chrono::seconds>(until);
}

}  // namespace

PeakHours::PeakHours(Duration from, Duration until, TimeZone zone)
    : from_(from), until_(until), zone_(std::move(zone)) {}

WallTime PeakHours::over_at(WallTime at) const {
  const Duration shown = time_of_day(at, zone_);
  const bool is_peak = from_ < until_ ? from_ <= shown && shown < until_ : shown >= from_ || shown < until_;
  if (!is_peak) return at;
  const WallTime end = at + ahead(shown, until_);
  const Duration change = zone_.offset_at(end) - zone_.offset_at(at);
  // Where clocks are set in between, the end comes earlier or later by as much; or with that, where they skip
  // it.
  return std::max(end - change, change == Duration::zero() ? end : change_between(at, end, zone_));
}

}  // namespace weir::routing
