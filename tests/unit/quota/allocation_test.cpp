// Nothing is allocated while quota is taken and given back, once the account has seen that much traffic.

#include "counted_allocation.hpp"
#include "quota_fixture.hpp"

namespace weir::quota {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

using Allocation = QuotaTest;

TEST_F(Allocation, HappensNowhereOnceAnAccountIsWarm) {
  const Pool pool = bind({rpm(1000), rpd(100'000), tpm(1'000'000), rpd(50'000, WindowKind::calendar),
                          concurrency(4), make_limit(Dimension::input_tokens, 500'000, kHourPeriod)});
  const Observation head = heard(Dimension::requests, kMinutePeriod, 1000, 500);
  const auto traffic = [&] {
    for (int i = 0; i < 1000; ++i) {
      auto outcome = pool.reserve(tokens(100), now());
      if (auto* const one = std::get_if<Reservation>(&outcome)) {
        one->send(now());
        one->observe({&head, 1}, now());
        one->settle(tokens(50), now());
      }
      (void)pool.headroom(tokens(100), now());
      (void)pool.refusal(tokens(10'000'000), now());  // names of limits are short: they need no allocation
      pass(milliseconds(20));
    }
  };
  traffic();
  const std::size_t before = allocations();
  traffic();
  EXPECT_EQ(allocations(), before);
}

}  // namespace
}  // namespace weir::quota
