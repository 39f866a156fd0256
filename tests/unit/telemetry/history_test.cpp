#include "weir/telemetry/history.hpp"

#include <gtest/gtest.h>

#include "support/fake_clock.hpp"
#include "unit/telemetry/records.hpp"

namespace weir::telemetry {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using test::make_record;

class HistoryTest : public ::testing::Test {
 protected:
  void serve(int requests, milliseconds first_byte = milliseconds(100)) {
    RequestRecord record = make_record("a");
    record.stream = true;
    record.first_byte = first_byte;
    record.prompt_tokens = 10;
    record.completion_tokens = 3;
    for (int i = 0; i < requests; ++i) telemetry_.count(0, record);
  }
  void pass(Duration time) {
    clock_.advance(time);
    history_.sample(clock_.now());
  }

  test::FakeClock clock_;
  Telemetry telemetry_{1};
  History history_{telemetry_, clock_.now()};
};

TEST_F(HistoryTest, AStepHasWhatHappenedInIt) {
  serve(3);
  pass(seconds(15));
  serve(1);
  RequestRecord failed = make_record("b");
  failed.error = "upstream_failed";
  telemetry_.count(0, failed);
  pass(seconds(15));
  const Series series = history_.recent();
  ASSERT_EQ(series.points.size(), 2U);
  EXPECT_EQ(series.step, seconds(15));
  EXPECT_EQ(series.end, clock_.now().wall);
  EXPECT_EQ(series.points[0].requests, 3U);
  EXPECT_EQ(series.points[0].errors, 0U);
  EXPECT_EQ(series.points[0].prompt_tokens, 30U);
  EXPECT_EQ(series.points[1].requests, 2U);
  EXPECT_EQ(series.points[1].errors, 1U);
  EXPECT_EQ(series.points[1].completion_tokens, 3U);
}

TEST_F(HistoryTest, AStepIsShownWhenItIsOver) {
  serve(3);
  pass(seconds(14));
  EXPECT_TRUE(history_.recent().points.empty());
  pass(seconds(1));
  EXPECT_EQ(history_.recent().points.size(), 1U);
}

TEST_F(HistoryTest, QuantilesAreOfTheStep) {
  serve(100, milliseconds(4000));
  pass(seconds(15));
  serve(90, milliseconds(100));
  serve(10, milliseconds(2000));
  pass(seconds(15));
  pass(seconds(15));
  const Series series = history_.recent();
  ASSERT_EQ(series.points.size(), 3U);
  EXPECT_NEAR(series.points[1].ttfb_p50_ms, 100, 7);
  EXPECT_NEAR(series.points[1].ttfb_p95_ms, 2000, 130);
  EXPECT_LT(series.points[2].ttfb_p50_ms, 0);
}

// A plain answer is written whole before it comes: half a second for a stream's first words and one for a
// whole answer have no median that means anything.
TEST_F(HistoryTest, StreamsAndPlainAnswersAreTimedApart) {
  serve(20, milliseconds(100));
  RequestRecord plain = make_record("b");
  plain.stream = false;
  plain.first_byte = milliseconds(2000);
  for (int i = 0; i < 30; ++i) telemetry_.count(0, plain);
  pass(seconds(15));
  telemetry_.count(0, plain);
  pass(seconds(15));
  const Series series = history_.recent();
  EXPECT_NEAR(series.points[0].ttfb_p50_ms, 100, 7);
  EXPECT_NEAR(series.points[0].ttfb_p95_ms, 100, 7);
  EXPECT_NEAR(series.points[0].plain_p50_ms, 2000, 130);
  EXPECT_LT(series.points[1].ttfb_p50_ms, 0) << "no stream, no time";
  EXPECT_NEAR(series.points[1].plain_p95_ms, 2000, 130);
}

TEST_F(HistoryTest, AnErrorThatIsPassedOnIsNoFirstByte) {
  RequestRecord refused = make_record("b");
  refused.stream = true;
  refused.first_byte = milliseconds(3);
  refused.status = 400;
  refused.error = "invalid_request";
  telemetry_.count(0, refused);
  pass(seconds(15));
  EXPECT_LT(history_.recent().points[0].ttfb_p50_ms, 0);
  EXPECT_LT(history_.recent().points[0].plain_p50_ms, 0);
}

TEST_F(HistoryTest, ADayIsThinnedAndBounded) {
  for (int i = 0; i < 200 * 40; ++i) {
    serve(1);
    pass(seconds(15));
  }
  EXPECT_EQ(history_.recent().points.size(), 60U);
  const Series day = history_.day();
  EXPECT_EQ(day.step, minutes(10));
  ASSERT_EQ(day.points.size(), 144U);
  EXPECT_EQ(day.points.back().requests, 40U);
  EXPECT_NEAR(day.points.back().ttfb_p95_ms, 100, 7);
}

TEST_F(HistoryTest, ALateLookLeavesNoGap) {
  serve(5);
  pass(seconds(50));
  const Series series = history_.recent();
  ASSERT_EQ(series.points.size(), 3U);
  EXPECT_EQ(series.points[0].requests, 5U);
  EXPECT_EQ(series.points[1].requests, 0U);
  EXPECT_EQ(series.end, clock_.now().wall - seconds(5));
  EXPECT_EQ(history_.next_at(), clock_.now().boot + seconds(10));
}

TEST_F(HistoryTest, AWeekOfSleepIsWalkedThroughQuickly) {
  serve(1);
  pass(hours(24 * 365));
  EXPECT_EQ(history_.recent().points.size(), 60U);
  EXPECT_EQ(history_.recent().points.back().requests, 0U);
}

}  // namespace
}  // namespace weir::telemetry
