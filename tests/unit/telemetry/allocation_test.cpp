// What is counted on the path of a request allocates nothing, once its target has been counted before and the
// list of the last requests is full.

#include <gtest/gtest.h>

#include "support/fake_clock.hpp"
#include "unit/quota/counted_allocation.hpp"
#include "unit/telemetry/records.hpp"

namespace weir::telemetry {
namespace {

using quota::test::allocations;
using test::make_attempt;
using test::make_record;

TEST(TelemetryAllocation, HappensNowhereOnceAllIsWarm) {
  const test::FakeClock clock;
  Telemetry telemetry(1);
  RequestRecord record = make_record("a request's id that is longer than a short one");
  record.attempts = {make_attempt(telemetry.number_of("p", "m"), "p/m", AttemptClass::timeout),
                     make_attempt(telemetry.number_of("q", "m"), "q/m")};
  telemetry.count(0, record);
  for (std::size_t i = 0; i < kKeptRequests; ++i) telemetry.keep(make_record("an earlier one"));
  const std::size_t before = allocations();
  {
    LiveRequest live(telemetry.live(0), record, clock.now());
    live.asked();
    live.waits();
    live.tries("provider", "model", "key");
    live.answers();
  }
  telemetry.count(0, record);
  telemetry.keep(std::move(record));
  EXPECT_EQ(allocations(), before);
}

}  // namespace
}  // namespace weir::telemetry
