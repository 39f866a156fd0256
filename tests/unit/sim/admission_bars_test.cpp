// Three times as much demand as three providers take, by three classes: nobody is refused by a provider,
// hardly anything is left unused, and who talks hardly waits.

#include "sim_fixture.hpp"

namespace weir::sim {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)
using routing::Priority;

Scenario three_classes(std::uint64_t seed) {
  Scenario made = scenario({{rpm(WindowKind::sliding, 60)},
                            {rpm(WindowKind::fixed, 40)},
                            {rpm(WindowKind::refill, 60), tpm(WindowKind::refill, 60'000)}},
                           3.0, seed);
  made.traffic.sizes = {{.share = 0.1, .priority = Priority::interactive},
                        {.share = 0.5, .priority = Priority::normal},
                        {.share = 0.4, .priority = Priority::batch}};
  made.traffic.deadline = minutes(2);
  made.settling_in = minutes(2);
  made.time = minutes(12);
  return made;
}

TEST(Admission, KeepsItsPromisesAtThreeTimesTheCapacity) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
    const Report report = run(three_classes(seed));
    EXPECT_EQ(report.all().refused, 0U) << format(report);
    EXPECT_GE(report.share(), 0.97) << format(report);
    EXPECT_LE(report.wait_at(0.95, Priority::interactive) * 10, report.wait_at(0.95, Priority::batch))
        << format(report);
    EXPECT_GT(report.waits_of[2].size(), report.served / 50) << "a class that waits gets one grant in twenty";
  }
}

}  // namespace
}  // namespace weir::sim
