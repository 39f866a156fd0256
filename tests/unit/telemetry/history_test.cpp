#include "weir/telemetry/history.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

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

// What a run saved, as the next one shows it that begins so much later.
class SavedHistory : public HistoryTest {
 protected:
  struct Run {
    Telemetry telemetry{1};
    History history;
    explicit Run(Instant now) : history(telemetry, now) {}
  };
  std::unique_ptr<Run> next_run(Duration later) {
    const std::string saved = history_.save();
    clock_.advance(later);
    auto run = std::make_unique<Run>(clock_.now());
    EXPECT_TRUE(run->history.restore(saved)) << saved;
    return run;
  }
  static std::uint64_t requests(const Series& series) {
    std::uint64_t sum = 0;
    for (const Point& point : series.points) sum += point.requests;
    return sum;
  }
};

TEST_F(SavedHistory, GoesOnWithAGapForTheTimeBetween) {
  serve(3);
  pass(seconds(15));
  serve(2);
  pass(seconds(15));
  const auto run = next_run(seconds(45));
  const Series series = run->history.recent();
  ASSERT_EQ(series.points.size(), 5U);
  EXPECT_EQ(series.points[0].requests, 3U);
  EXPECT_EQ(series.points[1].requests, 2U);
  EXPECT_NEAR(series.points[1].ttfb_p50_ms, 100, 7);
  EXPECT_EQ(series.points[1].prompt_tokens, 20U);
  for (int i = 2; i < 5; ++i) EXPECT_EQ(series.points[static_cast<std::size_t>(i)], Point{});
  EXPECT_EQ(series.end, clock_.now().wall);
}

TEST_F(SavedHistory, HasTheStepThatWasUnderWayAsWell) {
  serve(3);
  pass(seconds(15));
  serve(4);
  clock_.advance(seconds(5));
  const auto run = next_run(seconds(1));
  const Series series = run->history.recent();
  ASSERT_EQ(series.points.size(), 2U);
  EXPECT_EQ(series.points[1].requests, 4U);
  EXPECT_NEAR(series.points[1].ttfb_p95_ms, 100, 7);
}

// Ten minutes of which each run saw a part.
TEST_F(SavedHistory, ACoarseStepIsMadeOfBothRuns) {
  RequestRecord record = make_record("a");
  record.first_byte = milliseconds(1000);
  telemetry_.count(0, record);  // not streamed
  for (int i = 0; i < 10; ++i) {
    serve(2, milliseconds(4000));
    pass(seconds(15));
  }
  const auto run = next_run(seconds(15));
  record.stream = true;
  record.first_byte = milliseconds(100);
  for (int i = 0; i < 29; ++i) {
    EXPECT_TRUE(run->history.day().points.empty());
    for (int n = 0; n < 10; ++n) run->telemetry.count(0, record);
    clock_.advance(seconds(15));
    run->history.sample(clock_.now());
  }
  const Series day = run->history.day();
  ASSERT_EQ(day.points.size(), 1U);
  EXPECT_EQ(day.points[0].requests, 1U + 20U + 290U);
  EXPECT_NEAR(day.points[0].plain_p50_ms, 1000, 65);
  EXPECT_NEAR(day.points[0].ttfb_p50_ms, 100, 7);
  EXPECT_NEAR(day.points[0].ttfb_p95_ms, 4000, 260);
  EXPECT_EQ(day.end, clock_.now().wall);
}

TEST_F(SavedHistory, OfADayComesBackAsItWas) {
  for (int i = 0; i < 200 * 40; ++i) {
    if (i % 7 == 0) serve(1);
    pass(seconds(15));
  }
  serve(1);
  const Series before = history_.day();
  const auto run = next_run(hours(1));
  const Series day = run->history.day();
  ASSERT_EQ(day.points.size(), 144U);
  EXPECT_TRUE(std::equal(before.points.begin() + 6, before.points.end(), day.points.begin()));
  EXPECT_EQ(requests(run->history.recent()), 0U) << "an hour ago";
  EXPECT_EQ(day.points[138].requests, 1U) << "what was under way";
  EXPECT_LE(clock_.now().wall - day.end, minutes(10));
}

TEST_F(SavedHistory, IsLeftOutWhereItIsTooOldOrFromLater) {
  serve(1);
  pass(seconds(15));
  const std::string saved = history_.save();
  const auto is_taken = [&](Instant at) {
    Run run(at);
    return run.history.restore(saved);
  };
  Instant later = clock_.now();
  later.wall += hours(24);
  EXPECT_FALSE(is_taken(later));
  later.wall -= minutes(1);
  EXPECT_TRUE(is_taken(later));
  Instant earlier = clock_.now();
  earlier.wall -= seconds(31);
  EXPECT_FALSE(is_taken(earlier)) << "the clock was set back";
}

TEST_F(SavedHistory, WhatSaveDidNotWriteIsRefused) {
  serve(1);
  pass(seconds(15));
  serve(1);
  const std::string saved = history_.save();
  for (std::size_t cut = 0; cut + 1 < saved.size(); ++cut) {
    Run run(clock_.now());
    const bool taken = run.history.restore(saved.substr(0, cut));
    EXPECT_LE(requests(run.history.recent()), taken ? 20U : 0U) << cut;
  }
  for (const char* text :
       {"", "2 0 0 0 0 _ 0 0 0 0", "1 0 40 0 0 _ 0 0 0 0", "1 0 0 61 0 _ 0 0 0 0", "1 0 0 0 0 _ 0 0 0 -1",
        "1 0 0 0 0 _ 0 0 0 0 320 1", "1 0 0 1 1 1 1 1 1 1 1 x 0 _ 0 0 0 0", "1 0 0 0 0 _ 0 0 0 1e99",
        "1 nan 0 0 0 _ 0 0 0 0"}) {
    Run run(clock_.now());
    EXPECT_FALSE(run.history.restore(text)) << text;
    EXPECT_TRUE(run.history.recent().points.empty());
  }
}

// The store asks often; an idle daemon has nothing to write.
TEST_F(SavedHistory, OnlyRequestsMakeItWorthSaving) {
  const std::uint64_t before = history_.ended_requests();
  pass(minutes(5));
  EXPECT_EQ(history_.ended_requests(), before);
  serve(1);
  EXPECT_GT(history_.ended_requests(), before);
}

}  // namespace
}  // namespace weir::telemetry
