// Nothing is allocated while quota is taken and given back, once the account has seen that much traffic: not
// by its records in the intent log, and under its lock not by the store's writer.

#include "counted_allocation.hpp"
#include "quota_fixture.hpp"
#include "weir/quota/intent_log.hpp"
#include "weir/quota/state.hpp"

namespace weir::quota {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

using Allocation = QuotaTest;

TEST_F(Allocation, HappensNowhereOnceAnAccountIsWarm) {
  std::vector<std::uint64_t> memory(8 * 512);
  IntentLog log(std::as_writable_bytes(std::span(memory)), 1);
  ledger_.journal_to(&log);
  ledger_.break_by({.failures = 5, .open_for = milliseconds(40)});
  AccountState state;
  const Pool pool = bind({rpm(1000), rpd(100'000), tpm(1'000'000), rpd(50'000, WindowKind::calendar),
                          concurrency(4), make_limit(Dimension::input_tokens, 500'000, kHourPeriod)});
  const Observation head = heard(Dimension::requests, kMinutePeriod, 1000, 500);
  const auto traffic = [&] {
    for (int i = 0; i < 1000; ++i) {
      auto outcome = pool.reserve(tokens(100), now());
      if (auto* const one = std::get_if<Reservation>(&outcome)) {
        one->send(now());
        one->observe({&head, 1}, now());
        one->report(i % 20 < 7 ? Health::failing : Health::served, now());
        one->settle(tokens(50), now());
      }
      (void)pool.headroom(tokens(100), now());
      (void)pool.refusal(tokens(10'000'000), now());  // names of limits are short: they need no allocation
      (void)ledger_.save(0, true, state);
      pass(milliseconds(20));
    }
  };
  traffic();
  const std::size_t before = allocations();
  const std::uint64_t written = log.position();
  traffic();
  EXPECT_EQ(allocations(), before);
  EXPECT_GT(log.position(), written + 3000);
  ledger_.journal_to(nullptr);
}

}  // namespace
}  // namespace weir::quota
