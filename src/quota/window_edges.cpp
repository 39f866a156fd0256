#include "quota/window_edges.hpp"

#include <algorithm>
#include <utility>

namespace weir::quota {
namespace {

// No zone has set its clocks back by more than this since 2000. Source: IANA tz 2025b, Antarctica/Casey.
constexpr Duration kLargestStepBack = std::chrono::hours(3);
constexpr Duration kLongestDay = std::chrono::hours(24) + kLargestStepBack;
constexpr Duration kLongestMonth = std::chrono::hours(31 * 24) + kLargestStepBack;

}  // namespace

WindowEdges::WindowEdges(Kind kind, Duration longest, TimeZone zone)
    : kind_(kind), longest_(longest), zone_(std::move(zone)) {}

WindowEdges WindowEdges::aligned(Duration period) {
  return {Kind::aligned, std::max(period, Duration(1)), TimeZone::utc()};
}

WindowEdges WindowEdges::days_in(TimeZone zone) {
  return {Kind::day, kLongestDay, std::move(zone)};
}

WindowEdges WindowEdges::months_in(TimeZone zone) {
  return {Kind::month, kLongestMonth, std::move(zone)};
}

CivilWindow WindowEdges::around(WallTime time) const {
  if (!last_.contains(time)) last_ = compute(time);
  return last_;
}

CivilWindow WindowEdges::compute(WallTime time) const {
  switch (kind_) {
    case Kind::day:
      return zone_.day_of(time);
    case Kind::month:
      return zone_.month_of(time);
    case Kind::aligned:
      break;
  }
  Duration since = time.time_since_epoch() % longest_;
  if (since < Duration::zero()) since += longest_;
  return {.start = time - since, .end = time - since + longest_};
}

}  // namespace weir::quota
