// Fifty years of many zones, day by day, against two other readers of the system's data: the date library as
// far as files list changes, and the C library, which follows the rule at their end, from there on.

#include <date/tz.h>
#include <gtest/gtest.h>
#include <time.h>  // NOLINT(modernize-deprecated-headers): localtime_r and tzset are POSIX

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "weir/base/time_zone.hpp"

namespace weir {
namespace {

using std::chrono::days;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year;

constexpr sys_seconds kFrom = sys_days(year(2000) / 1 / 1);
constexpr sys_seconds kTo = sys_days(year(2050) / 1 / 1);

struct Span {
  sys_seconds start;
  sys_seconds end;
  seconds offset{};
};

seconds offset_of_c_library(sys_seconds at) {
  const time_t time = at.time_since_epoch().count();
  tm local{};
  localtime_r(&time, &local);
  return seconds(local.tm_gmtoff);
}

// The end of the span of the C library's current zone that begins at `start`, but not beyond kTo.
sys_seconds end_of_span(sys_seconds start) {
  constexpr days kStep(1);  // no zone changes twice in a day
  const seconds offset = offset_of_c_library(start);
  sys_seconds same = start;
  while (same < kTo && offset_of_c_library(same + kStep) == offset) same += kStep;
  sys_seconds other = same + kStep;
  while (other - same > seconds(1)) {
    const sys_seconds middle = same + (other - same) / 2;
    (offset_of_c_library(middle) == offset ? same : other) = middle;
  }
  return std::min(other, kTo);
}

// All from before kFrom to kTo.
std::vector<Span> spans_of(const std::string& name) {
  std::vector<Span> spans;
  const date::time_zone* const zone = date::locate_zone(name);
  sys_seconds at = kFrom - days(2);
  for (date::sys_info info = zone->get_info(at); at < kTo && info.end < kTo; info = zone->get_info(at)) {
    spans.push_back({.start = at, .end = info.end, .offset = info.offset});
    at = info.end;
  }
  setenv("TZ", name.c_str(), 1);
  tzset();
  while (at < kTo) {
    spans.push_back({.start = at, .end = end_of_span(at), .offset = offset_of_c_library(at)});
    at = spans.back().end;
  }
  return spans;
}

sys_days date_shown(sys_seconds local) {
  return std::chrono::floor<days>(local);
}

// When each date, or the first date of each month, is first shown.
template <class Unit>
std::vector<sys_seconds> starts_of(const std::vector<Span>& spans, Unit unit_of) {
  std::vector<sys_seconds> starts;
  auto newest = unit_of(date_shown(spans.front().start + spans.front().offset));
  for (const Span& span : spans) {
    sys_seconds local = span.start + span.offset;
    for (; local < span.end + span.offset; local = date_shown(local) + days(1)) {
      const auto unit = unit_of(date_shown(local));
      if (unit <= newest) continue;
      newest = unit;
      starts.push_back(local - span.offset);
    }
  }
  return starts;
}

std::vector<std::string> zones() {
  return {"America/Los_Angeles", "America/New_York", "Asia/Shanghai", "Asia/Singapore", "Asia/Tokyo",
          "Europe/Berlin", "Europe/London", "Europe/Paris",
          // Summer time that changes at midnight, so that some days have none and some show it twice.
          "America/Asuncion", "America/Havana", "America/Santiago", "America/Sao_Paulo", "Asia/Amman",
          "Asia/Beirut", "Asia/Gaza", "America/St_Johns",
          // A day left out, half an hour of summer time, two hours of it, winter time instead of it, Ramadan.
          "Pacific/Apia", "Pacific/Fakaofo", "Australia/Lord_Howe", "Antarctica/Troll", "Europe/Dublin",
          "Africa/Casablanca", "Africa/El_Aaiun",
          // Southern summers, odd offsets, changed minds.
          "Australia/Sydney", "Pacific/Auckland", "Pacific/Chatham", "Pacific/Kiritimati", "Pacific/Norfolk",
          "Asia/Kathmandu", "Asia/Kolkata", "Asia/Pyongyang", "Asia/Tehran", "America/Caracas",
          "America/Nuuk", "America/Scoresbysund", "Antarctica/Casey", "Asia/Karachi", "Africa/Cairo",
          "Africa/Juba", "Europe/Istanbul", "Europe/Volgograd"};
}

class EveryZone : public ::testing::TestWithParam<std::string> {
 protected:
  EveryZone() : spans_(spans_of(GetParam())) {}
  void SetUp() override {
    const auto zone = TimeZone::find(GetParam());
    ASSERT_TRUE(zone) << zone.error().message;
    ASSERT_FALSE(zone->is_built_in());
    zone_ = *zone;
  }

  void check_windows(const std::vector<sys_seconds>& starts,
                     CivilWindow (TimeZone::*window_of)(WallTime) const, days longest) const {
    ASSERT_GE(starts.size(), 600U);
    for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
      const CivilWindow expected{.start = starts[i], .end = starts[i + 1]};
      ASSERT_LE(expected.end - expected.start, longest);
      for (const WallTime time : {expected.start, expected.start + (expected.end - expected.start) / 2,
                                  expected.end - nanoseconds(1)}) {
        const CivilWindow window = (zone_.*window_of)(time);
        ASSERT_TRUE(window == expected)
            << "at " << time.time_since_epoch().count() << ": " << window.start.time_since_epoch().count()
            << " to " << window.end.time_since_epoch().count();
      }
    }
  }

  std::vector<Span> spans_;
  TimeZone zone_ = TimeZone::utc();
};

TEST_P(EveryZone, HasTheOffsetsOfOtherReadersAroundEachChangeAndBetween) {
  for (const Span& span : spans_) {
    const WallTime start = span.start;
    const WallTime end = span.end;
    for (const WallTime time : {start, start + nanoseconds(1), start + seconds(1), start + (end - start) / 2,
                                end - seconds(1), end - nanoseconds(1)})
      ASSERT_EQ(zone_.offset_at(time), span.offset) << time.time_since_epoch().count();
  }
}

TEST_P(EveryZone, HasTheDaysThatClocksShow) {
  check_windows(starts_of(spans_, [](sys_days date) { return date; }), &TimeZone::day_of, days(2));
}

TEST_P(EveryZone, HasTheMonthsThatClocksShow) {
  const auto month = [](sys_days date) {
    const std::chrono::year_month_day ymd(date);
    return ymd.year() / ymd.month();
  };
  check_windows(starts_of(spans_, month), &TimeZone::month_of, days(32));
}

INSTANTIATE_TEST_SUITE_P(Zones, EveryZone, ::testing::ValuesIn(zones()), [](const auto& tested) {
  std::string name = tested.param;
  std::ranges::replace_if(
      name, [](char c) { return c == '/' || c == '-'; }, '_');
  return name;
});

}  // namespace
}  // namespace weir
