// What a run must be before its figures mean anything.

#include <algorithm>
#include <string>
#include <vector>

#include "sim_fixture.hpp"

namespace weir::sim {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

Scenario small(double load, std::uint64_t seed = 1) {
  Scenario made = scenario({{rpm(WindowKind::sliding, 60), tpm(WindowKind::refill, 30'000)},
                            {rpm(WindowKind::fixed, 30)},
                            {concurrency(2)}},
                           load, seed);
  made.journey.lost = 0.02;
  return made;
}

TEST(Simulation, OfOneSeedIsAlwaysTheSame) {
  EXPECT_EQ(run(small(2)), run(small(2)));
  EXPECT_FALSE(run(small(2)) == run(small(2, 7)));
}

TEST(Simulation, EndsEveryRequestInExactlyOneWay) {
  for (const double load : {0.5, 1.0, 4.0}) {
    const Report report = run(small(load));
    EXPECT_GT(report.arrivals, 1000U);
    EXPECT_EQ(report.served + report.turned_away + report.lost, report.arrivals) << load;
    EXPECT_EQ(report.waits.size(), report.served + report.lost) << load;
    EXPECT_GT(report.lost, 0U) << load;
  }
}

TEST(Simulation, SeesEveryRequestThatIsSentAtTheProvider) {
  Scenario made = small(2);
  made.settling_in = {};
  made.parts.providers[0].limits.clear();
  made.truths["p0"].limits = Limits{rpm(WindowKind::sliding, 60)};
  made.traffic.load.reset();
  made.traffic.rate = 3;
  const Report report = run(std::move(made));
  const Counts all = report.all();
  EXPECT_GT(all.refused, 0U);
  // What is under way when the measuring ends is sent but not yet seen.
  EXPECT_LE(all.sent - all.accepted - all.refused, 3U);
  EXPECT_LE(all.accepted, report.served + report.lost);
}

TEST(Simulation, LetsNobodyWaitBeyondTheDeadline) {
  Scenario made = small(3);
  made.traffic.deadline = seconds(2);
  const Report report = run(std::move(made));
  EXPECT_GT(report.turned_away, 0U);
  EXPECT_LE(report.wait_at(1), seconds(2));
}

TEST(Simulation, LetsNobodyWaitLongerThanTheQueueLets) {
  Scenario made = small(3);
  made.routing.queue_wait = seconds(1);
  const Report report = run(std::move(made));
  EXPECT_GT(report.turned_away, 0U);
  EXPECT_GT(report.wait_at(1), seconds(0));
  EXPECT_LE(report.wait_at(1), seconds(1));
}

TEST(Simulation, WaitsForTheFirstTierAsLongAsTheGatewayWould) {
  const auto sent_to_the_second = [](Duration patience) {
    Scenario made = scenario({{limit(WindowKind::interval, Dimension::requests, 60)}, {}}, 1);
    made.parts.routes[0].targets[1].tier = 2;
    made.traffic.load.reset();
    made.traffic.rate = 0.5;
    made.routing.tier_patience = patience;
    const Report report = run(std::move(made));
    EXPECT_EQ(report.turned_away, 0U);
    EXPECT_LE(report.wait_at(1), patience);
    return report.rows.at(1).counts.sent;
  };
  EXPECT_GT(sent_to_the_second({}), 100U);
  EXPECT_EQ(sent_to_the_second(seconds(30)), 0U);
}

TEST(Simulation, TurnsAwayAtOnceWhereNobodyMayWait) {
  Scenario of_length = small(1);
  of_length.routing.queue_length = 0;
  Scenario of_time = small(1);
  of_time.routing.queue_wait = seconds(0);
  Scenario of_deadline = small(1);
  of_deadline.traffic.deadline = seconds(0);
  for (Scenario* made : {&of_length, &of_time, &of_deadline}) {
    const Report report = run(std::move(*made));
    EXPECT_GT(report.turned_away, 0U);
    EXPECT_EQ(report.wait_at(0.95), seconds(0));  // who was refused has waited for that
    EXPECT_GT(report.all().grantable, 1000U);     // an oracle serves who comes when there is room
  }
}

TEST(Simulation, OfNothingTellsNoShare) {
  Scenario made = scenario({{rpm(WindowKind::sliding, 60)}}, 1);
  made.traffic.load.reset();
  made.traffic.rate = 1e-9;
  const std::string text = format(run(std::move(made)));
  EXPECT_EQ(text.find("100.0 %"), std::string::npos) << text;
}

TEST(Simulation, TurnsAwayWhatNoWindowWillEverHold) {
  Scenario made = scenario({{tpm(WindowKind::sliding, 1000)}}, 1);
  made.traffic = {.rate = 0.1, .sizes = {{.share = 1, .prompt = 5000, .output = 10, .max_tokens = {}}}};
  const Report report = run(std::move(made));
  EXPECT_GT(report.arrivals, 100U);
  EXPECT_EQ(report.turned_away, report.arrivals);
}

// The figures are worth something only if a gateway that counts wrongly fails.
TEST(Simulation, SeesAGatewayThatThinksTheWindowIsAnotherOne) {
  Scenario made = scenario({{rpm(WindowKind::fixed, 60)}}, 0.9);
  made.truths["p0"].limits = Limits{rpm(WindowKind::sliding, 60)};
  made.time = hours(2);
  EXPECT_GT(run(std::move(made)).all().refused_per_thousand(), 1.0);
}

TEST(Simulation, SeesAGatewayThatLeavesQuotaUnused) {
  Scenario made = scenario({{rpm(WindowKind::fixed, 50)}}, 3);
  made.truths["p0"].limits = Limits{rpm(WindowKind::fixed, 60)};
  const Report report = run(std::move(made));
  EXPECT_NEAR(report.share(), 50.0 / 60, 0.01);
}

TEST(Simulation, CountsAStrangersUseAgainstNobody) {
  Scenario made = scenario({{rpm(WindowKind::fixed, 60)}}, 0.5);
  made.truths["p0"].foreign_rate = 0.3;
  const Report report = run(std::move(made));
  EXPECT_LT(report.all().accepted, 1000U);
  EXPECT_GT(report.share(), 0.95);
}

TEST(Simulation, NamesAModelLikeTheOneThatIsMissing) {
  Scenario made = small(1);
  made.model = "p0/n";
  const Result<Report> report = simulate(std::move(made));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind, ErrorKind::model_not_found);
  EXPECT_NE(report.error().message.find("did you mean \"p0/m\"?"), std::string::npos)
      << report.error().message;
}

TEST(Simulation, OfALoadNeedsLimits) {
  for (const Limits& limits : {Limits{}, Limits{rpm(WindowKind::sliding, 0)}}) {
    const Result<Report> report = simulate(scenario({limits}, 1));
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().kind, ErrorKind::invalid_request);
  }
}

TEST(Simulation, AsksForTheFirstRouteWhereNoModelIsNamed) {
  Scenario made = small(1);
  made.model.clear();
  EXPECT_EQ(run(std::move(made)).model, "all");
  Scenario without = small(1);
  without.model.clear();
  without.parts.routes.clear();
  EXPECT_EQ(run(std::move(without)).model, "auto");
}

TEST(Capacity, IsThatOfTheTightestLimit) {
  Scenario made = scenario({{rpm(WindowKind::sliding, 60), tpm(WindowKind::sliding, 12'000)}}, 1);
  made.time = minutes(10);  // requests of 400 tokens
  EXPECT_NEAR(run(std::move(made)).capacity, 0.5, 1e-9);
}

TEST(Capacity, OfADaysLimitIsSpreadOverTheRun) {
  Scenario made = scenario({{limit(WindowKind::fixed, Dimension::requests, 600, quota::kDayPeriod)}}, 1);
  made.time = minutes(10);
  EXPECT_NEAR(run(std::move(made)).capacity, 1.0, 1e-9);
}

TEST(Report, SaysWhatHappenedAtEachProvider) {
  const std::string text = format(run(small(2)));
  for (const char* const part : {"30m of traffic", "served", "turned away", "lost", "waited", "p0", "p1",
                                 "p2", "all", "refused", "grantable", "used", "wasted"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
}

}  // namespace
}  // namespace weir::sim
