// Whatever the bytes of a TZif file or the text of a rule, every moment has a day and a month that hold it
// and that the next ones adjoin.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "weir/base/time_zone.hpp"

namespace {

using namespace weir;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_window(const TimeZone& zone, CivilWindow (TimeZone::*window_of)(WallTime) const, WallTime time) {
  const CivilWindow window = (zone.*window_of)(time);
  require(window.start <= time && window.start < window.end);
  require(time < window.end || window.end == WallTime::max());
  require((zone.*window_of)(window.start) == window);
  if (window.end == WallTime::max()) return;
  require((zone.*window_of)(window.end - Duration(1)) == window);
  require((zone.*window_of)(window.end).start == window.end);
}

void check(const TimeZone& zone) {
  constexpr Duration kStep = std::chrono::hours(24 * 365 * 13) + std::chrono::hours(31 * 24 + 7);
  for (WallTime time = WallTime::min(); time < WallTime::max() - kStep; time += kStep) {
    const Duration offset = zone.offset_at(time);
    require(offset > -std::chrono::hours(26) && offset < std::chrono::hours(26));
    check_window(zone, &TimeZone::day_of, time);
    check_window(zone, &TimeZone::month_of, time);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto zone = TimeZone::from_tzif("fuzzed", input)) check(*zone);
  if (const auto zone = TimeZone::from_posix("fuzzed", input)) check(*zone);
  return 0;
}
