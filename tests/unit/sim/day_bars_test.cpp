// A day's quota spread over the day: under demand above it no hour is without room, and at midnight none is
// left.

#include <algorithm>

#include "sim_fixture.hpp"

namespace weir::sim {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)
using routing::Priority;

quota::Limit rpd(WindowKind window, std::uint64_t amount) {
  return limit(window, Dimension::requests, amount, quota::kDayPeriod);
}

Scenario a_day(const std::vector<Limits>& providers, std::uint64_t seed) {
  Scenario made = scenario(providers, 1.5, seed);
  made.traffic.sizes = {{.priority = Priority::batch}};
  made.traffic.deadline = minutes(10);
  made.time = hours(24);
  return made;
}

TEST(ADaySpreadEvenly, LeavesNoHourWithoutRoomAndNoneUnusedAtMidnight) {
  for (const WindowKind window : {WindowKind::fixed, WindowKind::calendar}) {
    const Report report = run(a_day({{rpd(window, 2400)}, {rpd(window, 1200)}}, 1));
    EXPECT_EQ(report.all().refused, 0U);
    ASSERT_GE(report.sent_by_hour.size(), 24U);
    for (std::size_t hour = 0; hour < 24; ++hour) {
      EXPECT_GE(report.sent_by_hour[hour], 148U) << hour;
      EXPECT_LE(report.sent_by_hour[hour], 152U) << hour;
    }
    EXPECT_GE(report.served + report.lost, 3598U) << "of 3600";
  }
}

TEST(ADaySpreadEvenly, IsNotSpentByNoonAsItIsElse) {
  Scenario unspread = a_day({{rpd(WindowKind::fixed, 2400)}}, 1);
  unspread.routing.spread = {};
  const Report report = run(std::move(unspread));
  EXPECT_EQ(report.sent_by_hour[20], 0U);
}

TEST(ADaySpreadEvenly, MakesUpForWhatOthersTake) {
  Scenario made = a_day({{rpd(WindowKind::fixed, 2400)}}, 2);
  made.traffic.sizes = {{.share = 0.3, .priority = Priority::interactive},
                        {.share = 0.7, .priority = Priority::batch}};
  const Report report = run(std::move(made));
  EXPECT_EQ(report.all().refused, 0U);
  for (std::size_t hour = 0; hour < 24; ++hour) EXPECT_GE(report.sent_by_hour[hour], 90U) << hour;
  EXPECT_GE(report.served + report.lost, 2397U) << "of 2400";
  EXPECT_LE(report.wait_at(0.95, Priority::interactive), seconds(1));
}

TEST(ADaySpreadEvenly, IsARateWhereNothingResets) {
  for (const WindowKind window : {WindowKind::sliding, WindowKind::refill}) {
    const Report report = run(a_day({{rpd(window, 2400)}}, 3));
    EXPECT_EQ(report.all().refused, 0U);
    for (std::size_t hour = 0; hour < 24; ++hour) EXPECT_GE(report.sent_by_hour[hour], 95U) << hour;
    EXPECT_GE(report.served + report.lost, 2395U);
  }
}

}  // namespace
}  // namespace weir::sim
