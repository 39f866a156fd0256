// What a request may take by its class and its client, beside what a target has: in the choice and in the
// queue.

#include <gmock/gmock.h>

#include <limits>

#include "queue_fixture.hpp"

namespace weir::routing {
namespace {

using test::fixed_requests;
using test::Queue;
using namespace std::chrono_literals;

quota::Limit per_day(std::uint64_t amount) {
  return {.dimension = quota::Dimension::requests,
          .amount = amount,
          .period = quota::kDayPeriod,
          .window = quota::WindowKind::fixed};
}

constexpr Ask kPaced{.day = {.kept = 0, .paced = true}};

TEST(Claims, ClassesTakeWhatTheirRulesLeaveThem) {
  RoutingConfig config;
  config.reserve = {0.1, 0.05, 0};
  EXPECT_EQ(day_rule(config, Priority::interactive), (quota::DayRule{.kept = 0, .paced = false}));
  EXPECT_EQ(day_rule(config, Priority::normal), (quota::DayRule{.kept = 0.1, .paced = false}));
  EXPECT_NEAR(day_rule(config, Priority::batch).kept, 0.15, 1e-9);
  EXPECT_TRUE(day_rule(config, Priority::batch).paced) << "by default";
  EXPECT_EQ(peak_of(config, Priority::batch), nullptr);
  config.peak.emplace(9h, 17h, TimeZone::utc());
  EXPECT_NE(peak_of(config, Priority::batch), nullptr);
  EXPECT_EQ(peak_of(config, Priority::normal), nullptr);
}

TEST(Claims, APacedRequestWaitsForItsMomentAndOthersPass) {
  Queue q({{"a", {per_day(1440)}}});  // one a minute
  auto first = q.come("ra", kPaced);
  ASSERT_TRUE(first->served());
  auto second = q.come("ra", kPaced, Priority::batch);
  EXPECT_TRUE(second->waits());
  auto talk = q.come("ra", {}, Priority::interactive);
  EXPECT_TRUE(talk->served());
  q.pass(60s);
  EXPECT_TRUE(second->waits()) << "what others took is made up for";
  q.pass(60s);
  EXPECT_TRUE(second->served());
}

TEST(Claims, ATargetWhoseDayIsKeptForOthersIsPassedOver) {
  Queue q({{"a", {per_day(10)}}, {"b", {per_day(1000)}}});
  const Ask batch{.day = {.kept = 0.5, .paced = false}};
  for (int i = 0; i < 5; ++i) q.spend("ra");
  auto client = q.come("both", batch, Priority::batch);
  ASSERT_TRUE(client->served());
  EXPECT_EQ(client->choice->target->provider->name, "b");
}

TEST(Claims, WhatIsKeptForOthersIsToldApartFromWhatIsSpent) {
  Queue q({{"a", {per_day(10)}}});
  const Ask batch{.day = {.kept = 0.5, .paced = false}};
  for (int i = 0; i < 5; ++i) q.spend("ra");
  auto kept = q.come("ra", batch, Priority::batch, 1min);
  ASSERT_TRUE(kept->refused);
  EXPECT_EQ(kept->refused->skips[0].held_by, HeldBy::day_rule);
  EXPECT_EQ(kept->refused->skips[0].reason, "rpd kept by routing.reserve or routing.spread");
  for (int i = 0; i < 5; ++i) q.spend("ra");
  auto spent = q.come("ra", batch, Priority::batch, 1min);
  ASSERT_TRUE(spent->refused);
  EXPECT_EQ(spent->refused->skips[0].held_by, HeldBy::target);
}

TEST(Claims, InPeakHoursADeferredClassWaitsForTheirEnd) {
  Queue q({{"a", {per_day(1000)}}});
  const PeakHours peak(0h, 1h, TimeZone::utc());  // the clock shows midnight
  const Ask deferred{.peak = &peak};
  auto refused = q.come("ra", deferred, Priority::batch, 30min);
  ASSERT_TRUE(refused->refused);
  EXPECT_EQ(refused->refused->first_back()->held_by, HeldBy::peak_hours);
  EXPECT_EQ(refused->refused->first_back()->available_at, q.clock.now().boot + 1h);
  auto waits = q.come("ra", deferred, Priority::batch, 2h);
  EXPECT_TRUE(waits->waits());
  EXPECT_TRUE(q.come("ra")->served());
  q.pass(1h - 1ns);
  EXPECT_TRUE(waits->waits());
  q.pass(1ns);
  EXPECT_TRUE(waits->served());
}

TEST(Claims, RoomThatComesInPeakHoursIsNoRoom) {
  Queue q({{"a", {fixed_requests(1)}}});
  const PeakHours peak(1min, 2h, TimeZone::utc());
  q.spend("ra");
  auto waits = q.come("ra", {.peak = &peak}, Priority::batch, 3h);
  EXPECT_TRUE(waits->waits());
  q.pass(2h - 1ns);
  EXPECT_TRUE(waits->waits());
  q.pass(1ns);
  EXPECT_TRUE(waits->served());
}

// One a second of people who talk, with a batch job beside it that is paced over the day: they don't notice.
TEST(Claims, WhoIsPacedHoldsNobodyUp) {
  Queue q({{"a", {per_day(28'800)}}});
  q.clock.advance(1h);
  while (true) {
    auto client = q.come("ra", kPaced, Priority::batch, 0s);
    if (!client->served()) break;
    client->send(q.clock.now());
    client->end(q.clock.now());
  }
  std::vector<std::unique_ptr<Queue::Client>> batch;
  for (int second = 0; second < 600; ++second) {
    if (second % 5 == 0) batch.push_back(q.come("ra", kPaced, Priority::batch, 120s));
    auto talk = q.come("ra", {}, Priority::interactive, 119s);
    ASSERT_TRUE(talk->served()) << second;
    talk->send(q.clock.now());
    talk->end(q.clock.now());
    q.pass(1s);
  }
  Queue two({{"a", {per_day(1440)}}});
  two.spend("ra", kPaced);
  auto paced = two.come("ra", kPaced, Priority::interactive);
  EXPECT_TRUE(paced->waits());
  EXPECT_TRUE(two.come("ra")->served()) << "a class behind it, which isn't paced";
}

TEST(Claims, WhoIsDeferredIsNotPassedOver) {
  Queue q({{"a", {per_day(100)}}});
  const PeakHours peak(0h, 17h, TimeZone::utc());
  auto batch = q.come("ra", {.peak = &peak}, Priority::batch, 48h);
  for (int i = 0; i < 100; ++i) q.spend("ra");
  EXPECT_TRUE(batch->waits());
}

// What someone's own key keeps waiting takes no place in front of others at the target.
TEST(Claims, AKeyThatIsUsedUpMakesNobodyElseWait) {
  Queue q({{"a", {fixed_requests(4)}}});
  const quota::Pool laptop = q.ledger.bind("client key laptop", "", std::vector{fixed_requests(1)}, {}, {});
  q.clock.advance(50s);
  q.spend("ra", {.client = &laptop});
  for (int i = 0; i < 3; ++i) q.spend("ra");
  std::vector<std::unique_ptr<Queue::Client>> theirs;
  for (int i = 0; i < 8; ++i) theirs.push_back(q.come("ra", {.client = &laptop}, Priority::normal, 600s));
  auto mine = q.come("ra", {}, Priority::normal, 30s);
  EXPECT_TRUE(mine->waits());
  q.pass(11s);
  EXPECT_TRUE(mine->served());
}

TEST(Claims, RoomThatComesBackEarlierIsUsedEarlier) {
  Queue q({{"a", {fixed_requests(4)}}});
  q.clock.advance(50s);
  for (int i = 0; i < 4; ++i) q.spend("ra");
  const quota::Pool& pool = q.catalogue.find("ra")->candidates[0].target->pool;
  pool.cool_down_account({quota::CooldownCause::capacity, q.clock.now().boot + 100s}, q.clock.now());
  auto first = q.come("ra", {}, Priority::normal, 200s);
  auto second = q.come("ra", {}, Priority::normal, 200s);
  pool.end_cooldowns(q.clock.now());
  q.pass(11s);
  EXPECT_TRUE(first->served());
  EXPECT_TRUE(second->served());
}

class ClientClaims : public ::testing::Test {
 protected:
  [[nodiscard]] Ask of(const quota::Pool& client) const { return {.client = &client}; }
  quota::Pool client(std::string_view name, std::uint64_t a_minute) {
    return q_.ledger.bind(name, "", std::vector{fixed_requests(a_minute)}, {}, {});
  }
  Queue q_{{{"a", {fixed_requests(10)}}, {"b", {fixed_requests(10)}}}};
};

TEST_F(ClientClaims, AClientOutOfItsOwnWaitsWhileOthersAreServed) {
  const quota::Pool laptop = client("client key laptop", 1);
  const quota::Pool desk = client("client key desk", 5);
  q_.spend("both", of(laptop));
  auto again = q_.come("both", of(laptop));
  EXPECT_TRUE(again->waits());
  EXPECT_TRUE(q_.come("both", of(desk))->served());
  EXPECT_TRUE(q_.come("both")->served());
  q_.pass(61s);
  EXPECT_TRUE(again->served());
}

TEST_F(ClientClaims, WhatItsKeyMayNotBeforeTheDeadlineIsRefusedAtOnce) {
  const quota::Pool laptop = client("client key laptop", 2);
  q_.spend("ra", of(laptop));
  q_.spend("rb", of(laptop));
  auto refused = q_.come("both", of(laptop), Priority::normal, 30s);
  ASSERT_TRUE(refused->refused);
  for (const Skip& skip : refused->refused->skips) {
    EXPECT_EQ(skip.held_by, HeldBy::client);
    EXPECT_GT(skip.available_at, q_.clock.now().boot + 50s);
  }
}

// Two wait for the next minute, which has one for them: a third knows that it is one minute later.
TEST_F(ClientClaims, WhoWaitsBeforeWithTheSameKeyCounts) {
  const quota::Pool laptop = client("client key laptop", 1);
  q_.spend("ra", of(laptop));
  auto second = q_.come("ra", of(laptop), Priority::normal, 90s);
  auto third = q_.come("rb", of(laptop), Priority::normal, 90s);
  EXPECT_TRUE(second->waits());
  EXPECT_TRUE(third->refused);
}

TEST_F(ClientClaims, NobodyPassesAnEarlierOneByItsKeyWhateverTheTarget) {
  const quota::Pool laptop = q_.ledger.bind("client key laptop", "", std::vector{test::at_once(1)}, {}, {});
  auto first = q_.come("ra", of(laptop));
  ASSERT_TRUE(first->served());
  auto second = q_.come("ra", of(laptop));
  auto third = q_.come("rb", of(laptop));
  EXPECT_TRUE(second->waits());
  EXPECT_TRUE(third->waits());
  first->send(q_.clock.now());
  first->end(q_.clock.now());
  EXPECT_TRUE(second->served());
  EXPECT_TRUE(third->waits());
  second->send(q_.clock.now());
  second->end(q_.clock.now());
  EXPECT_TRUE(third->served()) << "what it waits for was taken at another target";
}

// The first waits for its target's next minute, and the last request of the key's hour is meant for it.
TEST_F(ClientClaims, WhatAnEarlierOneWaitsForIsNotTakenByItsKeyElsewhere) {
  quota::Limit hour = fixed_requests(11);
  hour.period = quota::kHourPeriod;
  const quota::Pool laptop = q_.ledger.bind("client key laptop", "", std::vector{hour}, {}, {});
  for (int i = 0; i < 10; ++i) q_.spend("ra", of(laptop));
  auto first = q_.come("ra", of(laptop));
  auto second = q_.come("rb", of(laptop), Priority::normal, 2h);
  EXPECT_TRUE(first->waits());
  EXPECT_TRUE(second->waits());
  q_.pass(61s);
  EXPECT_TRUE(first->served());
  EXPECT_TRUE(second->waits());
}

TEST_F(ClientClaims, MaxTokensIsFittedToTheKeysWindowsToo) {
  const quota::Pool laptop =
      q_.ledger.bind("client key laptop", "", std::vector{test::fixed_tokens(4000)}, {}, {});
  auto client = q_.come("ra", {.prompt_tokens = 800,
                               .output_tokens = 80'000,
                               .max_tokens = 80'000,
                               .min_output = 1024,
                               .client = &laptop});
  ASSERT_TRUE(client->served());
  EXPECT_EQ(client->choice->fitted.max_tokens, 3000U);
}

}  // namespace
}  // namespace weir::routing
