#include "weir/telemetry/telemetry.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "unit/telemetry/records.hpp"

namespace weir::telemetry {
namespace {

using std::chrono::milliseconds;
using test::make_attempt;
using test::make_record;

std::unique_ptr<GeneralCounters> sums_of(const Telemetry& telemetry) {
  auto sums = std::make_unique<GeneralCounters>();
  telemetry.add_up(*sums);
  return sums;
}

std::uint64_t chats_with(const GeneralCounters& sums, int status) {
  return sums.requests[static_cast<std::size_t>(Route::chat)][static_cast<std::size_t>(status - 100)].value();
}

std::map<std::string, std::uint64_t> attempts_by_target(const Telemetry& telemetry, AttemptClass what) {
  std::map<std::string, std::uint64_t> counts;
  telemetry.for_targets([&](const TargetName& name, const TargetCounters& counters) {
    counts[name.provider + "/" + name.model] = counters.attempts[static_cast<std::size_t>(what)].value();
  });
  return counts;
}

TEST(Telemetry, WhatAllLanesCountedIsAddedUp) {
  Telemetry telemetry(2);
  telemetry.count(0, make_record("a"));
  telemetry.count(1, make_record("b"));
  telemetry.count_rejected(1, Route::chat, 401);
  const auto sums = sums_of(telemetry);
  EXPECT_EQ(chats_with(*sums, 200), 2U);
  EXPECT_EQ(chats_with(*sums, 401), 1U);
  EXPECT_EQ(sums->chats.value(), 2U);
  EXPECT_EQ(sums->good.value(), 2U);
}

TEST(Telemetry, ATargetKeepsItsNumber) {
  Telemetry telemetry(1);
  const std::uint32_t number = telemetry.number_of("p", "m");
  EXPECT_NE(telemetry.number_of("p", "n"), number);
  EXPECT_NE(telemetry.number_of("q", "m"), number);
  EXPECT_EQ(telemetry.number_of("p", "m"), number);
}

TEST(Telemetry, TargetsBeyondTheBoundShareOneName) {
  Telemetry telemetry(1);
  std::uint32_t last = 1;
  for (std::size_t i = 0; i < kMaxTargets + 5; ++i) last = telemetry.number_of("p", std::to_string(i));
  EXPECT_EQ(last, 0U);
  RequestRecord record = make_record("a");
  record.attempts = {make_attempt(last, "p/x")};
  telemetry.count(0, record);
  EXPECT_EQ(attempts_by_target(telemetry, AttemptClass::ok)["other/other"], 1U);
}

TEST(Telemetry, AnAttemptIsCountedByWhatItCameTo) {
  Telemetry telemetry(1);
  const std::uint32_t p = telemetry.number_of("p", "m");
  const std::uint32_t q = telemetry.number_of("q", "m");
  RequestRecord record = make_record("a");
  record.attempts = {make_attempt(p, "p/m", AttemptClass::quota), make_attempt(q, "q/m")};
  telemetry.count(0, record);
  EXPECT_EQ(attempts_by_target(telemetry, AttemptClass::quota)["p/m"], 1U);
  EXPECT_EQ(attempts_by_target(telemetry, AttemptClass::ok)["q/m"], 1U);
  EXPECT_EQ(attempts_by_target(telemetry, AttemptClass::ok)["p/m"], 0U);
  EXPECT_EQ(sums_of(telemetry)->refused_by_providers.value(), 1U);
}

TEST(Telemetry, AFailoverIsFromOneProviderToAnother) {
  Telemetry telemetry(1);
  RequestRecord record = make_record("a");
  record.attempts = {make_attempt(telemetry.number_of("p", "m"), "p/m", AttemptClass::timeout),
                     make_attempt(telemetry.number_of("q", "m"), "q/m")};
  telemetry.count(0, record);
  telemetry.count(0, record);
  const auto failovers = telemetry.failovers();
  ASSERT_EQ(failovers.size(), 1U);
  EXPECT_EQ(failovers[0].from, "p");
  EXPECT_EQ(failovers[0].to, "q");
  EXPECT_EQ(failovers[0].why, AttemptClass::timeout);
  EXPECT_EQ(failovers[0].count, 2U);
}

TEST(Telemetry, TheSameTargetOnceMoreIsNoFailover) {
  Telemetry telemetry(1);
  const std::uint32_t p = telemetry.number_of("p", "m");
  RequestRecord record = make_record("a");
  record.attempts = {make_attempt(p, "p/m", AttemptClass::server_error), make_attempt(p, "p/m")};
  telemetry.count(0, record);
  EXPECT_TRUE(telemetry.failovers().empty());
  EXPECT_EQ(sums_of(telemetry)->failovers.value(), 0U);
}

TEST(Telemetry, WhatServedLastsUntilTheLastByte) {
  Telemetry telemetry(1);
  RequestRecord record = make_record("a");  // 300 ms in all
  record.attempts = {make_attempt(telemetry.number_of("p", "m"), "p/m", AttemptClass::ok, milliseconds(100))};
  record.attempts[0].after = milliseconds(50);
  record.stream = true;
  telemetry.count(0, record);
  telemetry.for_targets([](const TargetName&, const TargetCounters& counters) {
    EXPECT_DOUBLE_EQ(counters.operation[0].sum(), 0.25);
    EXPECT_DOUBLE_EQ(counters.first_chunk.sum(), 0.1);
  });
}

TEST(Telemetry, AnEstimateIsComparedWithWhatWasToldAlone) {
  Telemetry telemetry(1);
  RequestRecord record = make_record("a");
  record.attempts = {make_attempt(telemetry.number_of("p", "m"), "p/m")};
  record.estimated_prompt = 100;
  record.prompt_tokens = 150;
  telemetry.count(0, record);
  record.usage_told = true;
  telemetry.count(0, record);
  telemetry.for_targets([](const TargetName&, const TargetCounters& counters) {
    EXPECT_EQ(counters.estimate.total(), 1U);
    EXPECT_DOUBLE_EQ(counters.estimate.sum(), 1.5);
    EXPECT_EQ(counters.input.total(), 2U);
  });
}

TEST(Telemetry, GoodFailedAndCancelledAreToldApart) {
  Telemetry telemetry(1);
  RequestRecord failed = make_record("a");
  failed.error = "stream_broken";
  RequestRecord cancelled = make_record("b");
  cancelled.error = "cancelled";
  cancelled.status = 0;
  telemetry.count(0, make_record("c"));
  telemetry.count(0, failed);
  telemetry.count(0, cancelled);
  cancelled.status = 499;  // what the log says of it
  telemetry.count(0, cancelled);
  const auto sums = sums_of(telemetry);
  EXPECT_EQ(sums->good.value(), 1U);
  EXPECT_EQ(sums->failed.value(), 1U);
  EXPECT_EQ(sums->cancelled.value(), 2U);
  EXPECT_EQ(sums->unanswered[static_cast<std::size_t>(Route::chat)].value(), 2U);
}

TEST(Telemetry, LanesCountWhileOthersRead) {
  constexpr int kEach = 20'000;
  Telemetry telemetry(2);
  const std::uint32_t p = telemetry.number_of("p", "m");
  std::vector<std::thread> threads;
  for (std::size_t lane = 0; lane < 2; ++lane)
    threads.emplace_back([&telemetry, lane, p] {
      RequestRecord record = make_record("a");
      record.attempts = {make_attempt(p, "p/m")};
      for (int i = 0; i < kEach; ++i) telemetry.count(lane, record);
    });
  std::uint64_t seen = 0;
  while (seen < kEach) {
    const std::uint64_t now = sums_of(telemetry)->chats.value();
    EXPECT_GE(now, seen);
    seen = now;
    (void)telemetry.number_of("q", std::to_string(seen % 10));
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sums_of(telemetry)->chats.value(), 2U * kEach);
  EXPECT_EQ(attempts_by_target(telemetry, AttemptClass::ok)["p/m"], 2U * kEach);
}

TEST(FineBuckets, AreKnownToSixPercent) {
  for (double ms = 3; ms < 200'000; ms *= 1.013) {
    const double middle = fine_middle_ms(fine_bucket(static_cast<std::uint64_t>(ms * 1e6)));
    EXPECT_NEAR(middle, ms, 0.063 * ms);
  }
}

TEST(FineBuckets, HaveRoomForWhateverTime) {
  EXPECT_EQ(fine_bucket(0), 0U);
  EXPECT_EQ(fine_bucket(UINT64_MAX), kFineBuckets - 1);
}

}  // namespace
}  // namespace weir::telemetry
