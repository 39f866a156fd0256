#include "weir/routing/peak_hours.hpp"

#include <gtest/gtest.h>

namespace weir::routing {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::year;

WallTime utc(int month, int day, Duration time) {
  return WallTime(sys_days(year(2026) / month / day)) + time;
}

TEST(PeakHours, LastFromTheirBeginningToTheirEnd) {
  const PeakHours hours(9h, 17h, TimeZone::utc());
  EXPECT_EQ(hours.over_at(utc(11, 24, 9h - 1ns)), utc(11, 24, 9h - 1ns));
  EXPECT_EQ(hours.over_at(utc(11, 24, 9h)), utc(11, 24, 17h));
  EXPECT_EQ(hours.over_at(utc(11, 24, 17h - 1ns)), utc(11, 24, 17h));
  EXPECT_EQ(hours.over_at(utc(11, 24, 17h)), utc(11, 24, 17h));
}

TEST(PeakHours, MayLastOverMidnight) {
  const PeakHours hours(22h, 6h, TimeZone::utc());
  EXPECT_EQ(hours.over_at(utc(11, 24, 23h)), utc(11, 25, 6h));
  EXPECT_EQ(hours.over_at(utc(11, 24, 5h)), utc(11, 24, 6h));
  EXPECT_EQ(hours.over_at(utc(11, 24, 12h)), utc(11, 24, 12h));
  const PeakHours until_midnight(18h, 0h, TimeZone::utc());
  EXPECT_EQ(until_midnight.over_at(utc(11, 24, 19h)), utc(11, 25, 0h));
  EXPECT_EQ(until_midnight.over_at(utc(11, 24, 1h)), utc(11, 24, 1h));
}

TEST(PeakHours, GoByTheClocksOfTheirPlace) {
  const PeakHours hours(9h, 17h, TimeZone::find("America/Los_Angeles").value());
  EXPECT_EQ(hours.over_at(utc(11, 24, 16h)), utc(11, 24, 16h));
  EXPECT_EQ(hours.over_at(utc(11, 24, 18h)), utc(11, 25, 1h));
}

// Clocks go back at 2 on 1 November and forward at 2 on 8 March.
TEST(PeakHours, EndWhenTheClocksShowItOnDaysOnWhichTheyAreSet) {
  const PeakHours night(22h, 6h, TimeZone::find("America/Los_Angeles").value());
  EXPECT_EQ(night.over_at(utc(11, 1, 6h)), utc(11, 1, 14h)) << "from 23:00 summer time to 06:00 winter time";
  EXPECT_EQ(night.over_at(utc(3, 8, 7h)), utc(3, 8, 13h)) << "from 23:00 winter time to 06:00 summer time";
}

// On 8 March 2:00 is followed by 3:00: hours that end in between end there.
TEST(PeakHours, EndWhereTheClocksSkipTheirEnd) {
  const PeakHours night(0h, 2h + 30min, TimeZone::find("America/Los_Angeles").value());
  EXPECT_EQ(night.over_at(utc(3, 8, 8h)), utc(3, 8, 10h));
  EXPECT_EQ(night.over_at(utc(3, 8, 9h + 40min)), utc(3, 8, 10h));
  EXPECT_EQ(night.over_at(utc(3, 8, 10h)), utc(3, 8, 10h));
}

}  // namespace
}  // namespace weir::routing
