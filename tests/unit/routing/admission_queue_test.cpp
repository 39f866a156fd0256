#include "weir/routing/admission_queue.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "queue_fixture.hpp"

namespace weir::routing {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

TEST(AdmissionQueue, WaitsForTheExactMoment) {
  Queue q({{"a", {fixed_requests(1)}}});
  q.pass(20s);
  q.spend("ra");
  const auto client = q.come("ra");
  ASSERT_TRUE(client->waits());
  const BootTime due = q.alarm;
  EXPECT_GE(due, q.clock.now().boot + 40s);  // the minute's end, and the care that is taken at its edge
  EXPECT_LE(due, q.clock.now().boot + 42s);
  q.pass(due - q.clock.now().boot - 1ns);
  EXPECT_FALSE(client->served());
  q.pass(1ns);
  EXPECT_TRUE(client->served());
  EXPECT_EQ(q.queue.waiting(), 0U);
}

TEST(AdmissionQueue, WhatIsFreedServesWhoWaitsAtOnce) {
  Queue q({{"a", {at_once(1)}}});
  const auto first = q.come("ra");
  const auto second = q.come("ra");
  const auto third = q.come("ra");
  ASSERT_TRUE(first->served());
  first->send(q.clock.now());
  EXPECT_TRUE(second->waits() && third->waits());
  first->end(q.clock.now());
  EXPECT_TRUE(second->served());
  EXPECT_FALSE(third->served());
  second->choice.reset();  // dropped before it was sent
  EXPECT_TRUE(third->served());
}

TEST(AdmissionQueue, ServesByClassAndThenByArrival) {
  Queue q({{"a", {at_once(1)}}});
  auto running = q.come("ra");
  std::vector<std::unique_ptr<Queue::Client>> clients;
  const std::vector<Priority> classes = {Priority::batch, Priority::normal, Priority::interactive,
                                         Priority::batch, Priority::normal, Priority::interactive};
  for (const Priority priority : classes) {
    q.pass(1ms);
    clients.push_back(q.come("ra", {}, priority));
  }
  std::vector<std::size_t> order;
  for (std::size_t turn = 0; turn < classes.size(); ++turn) {
    running->send(q.clock.now());
    running->end(q.clock.now());
    for (std::size_t i = 0; i < clients.size(); ++i) {
      if (clients[i] == nullptr || !clients[i]->served()) continue;
      order.push_back(i);
      running = std::move(clients[i]);
      break;
    }
  }
  EXPECT_EQ(order, (std::vector<std::size_t>{2, 5, 1, 4, 0, 3}));
}

// After an attempt that said "no room": its place is where its arrival puts it.
TEST(AdmissionQueue, WhoComesAgainComesBeforeWhoCameLater) {
  Queue q({{"a", {at_once(1)}}});
  auto running = q.come("ra");
  const BootTime early = q.clock.now().boot;
  q.pass(1s);
  const auto later = q.come("ra");
  const auto again = q.come("ra", {}, Priority::normal, 120s, early);
  running->send(q.clock.now());
  running->end(q.clock.now());
  EXPECT_TRUE(again->served());
  EXPECT_FALSE(later->served());
}

// What is too much for the first is not for one that asks for less, or for something else.
TEST(AdmissionQueue, WhoAsksForLessIsLookedAtByItself) {
  Queue q({{"a", {fixed_tokens(1000)}}});
  q.spend("ra", tokens(1000));
  const auto large = q.come("ra", tokens(800));
  const auto small = q.come("ra", tokens(300));
  ASSERT_TRUE(large->waits() && small->waits());
  ASSERT_TRUE(q.catalogue.targets()[0].pool.correct("tpm", 700, q.clock.now()));
  EXPECT_TRUE(large->waits());
  EXPECT_TRUE(small->served());
}

TEST(AdmissionQueue, WhoNeedsSomethingElseIsLookedAtByItself) {
  Queue q({{"a", {at_once(1)}}, {"b", {at_once(1)}}});
  auto at_a = q.come("ra");
  auto at_b = q.come("rb");
  Ask only_b;
  only_b.needs.provider = &q.catalogue.providers()[1];
  const auto pinned = q.come("both", only_b);
  const auto free = q.come("both");
  ASSERT_TRUE(pinned->waits() && free->waits());
  at_a->send(q.clock.now());
  at_a->end(q.clock.now());
  EXPECT_TRUE(pinned->waits());
  EXPECT_TRUE(free->served());
}

TEST(AdmissionQueue, EachClassGetsOneGrantInTwenty) {
  Queue q({{"a", {at_once(1)}}});
  auto running = q.come("ra");
  const auto batch = q.come("ra", {}, Priority::batch, 1h);
  const auto normal = q.come("ra", {}, Priority::normal, 1h);
  int grants = 0;
  std::optional<int> batch_at;
  std::optional<int> normal_at;
  auto next = q.come("ra", {}, Priority::interactive, 1h);
  while (!batch_at || !normal_at) {
    ASSERT_LT(grants, 100);
    auto after = q.come("ra", {}, Priority::interactive, 1h);  // there is always another
    running->send(q.clock.now());
    running->end(q.clock.now());
    ++grants;
    if (!batch_at && batch->served()) {
      batch_at = grants;
      running->choice = std::move(batch->choice);
    } else if (!normal_at && normal->served()) {
      normal_at = grants;
      running->choice = std::move(normal->choice);
    } else {
      ASSERT_TRUE(next->served());
      running = std::move(next);
      next = std::move(after);
      continue;
    }
    after.reset();
  }
  EXPECT_LE(*batch_at, 21);
  EXPECT_LE(*normal_at, 21);
}

TEST(AdmissionQueue, NobodyPassesWhoWouldWaitLongerForIt) {
  Queue q({{"a", {fixed_tokens(1000)}}});
  q.spend("ra", tokens(600));
  const auto large = q.come("ra", tokens(800));  // not in this minute
  ASSERT_TRUE(large->waits());
  // What is left of this minute is no use to it, and the next minute begins anew.
  const auto small = q.come("ra", tokens(300));
  EXPECT_TRUE(small->served());
  small->send(q.clock.now());
  small->end(q.clock.now());
  q.pass(62s);
  EXPECT_TRUE(large->served());
}

TEST(AdmissionQueue, ASmallRequestDoesNotDelayALargeOne) {
  Queue q({{"a",
            {{.dimension = quota::Dimension::tokens,
              .amount = 6000,
              .period = quota::kMinutePeriod,
              .window = quota::WindowKind::refill}}}});
  q.spend("ra", tokens(6000));
  const auto large = q.come("ra", tokens(3000));  // in half a minute
  ASSERT_TRUE(large->waits());
  std::vector<std::unique_ptr<Queue::Client>> small;
  for (int second = 0; second < 29; ++second) {
    q.pass(1s);
    small.push_back(q.come("ra", tokens(50)));  // would fit any time
    EXPECT_TRUE(small.back()->waits()) << second;
  }
  q.pass(2s);
  ASSERT_TRUE(large->served());
  large->send(q.clock.now());
  for (int half = 0; half < 60; ++half) {
    q.pass(500ms);
    for (const auto& client : small)
      if (client->served()) client->send(q.clock.now());
  }
  for (const auto& client : small) EXPECT_TRUE(client->served());
}

TEST(AdmissionQueue, WhoWaitsForOneTargetIsNoneOfAnothersBusiness) {
  Queue q({{"a", {fixed_requests(1)}}, {"b", {fixed_requests(5)}}});
  q.spend("ra");
  const auto waits = q.come("ra");
  EXPECT_TRUE(waits->waits());
  EXPECT_TRUE(q.come("rb")->served());
  EXPECT_TRUE(q.come("both")->served());
}

TEST(AdmissionQueue, WhatCannotBeBeforeTheDeadlineIsRefusedAtOnceWithTheTime) {
  Queue q({{"a", {fixed_requests(1)}}});
  q.spend("ra");
  const auto hasty = q.come("ra", {}, Priority::normal, 30s);
  ASSERT_TRUE(hasty->refused);
  const Skip* const first = hasty->refused->first_back();
  ASSERT_NE(first, nullptr);
  EXPECT_GE(first->available_at - q.clock.now().boot, 60s);
  EXPECT_LE(first->available_at - q.clock.now().boot, 62s);
  EXPECT_EQ(q.queue.waiting(), 0U);
}

TEST(AdmissionQueue, CountsThoseWhoWaitBefore) {
  Queue q({{"a", {fixed_requests(2)}}});
  q.spend("ra");
  q.spend("ra");
  std::vector<std::unique_ptr<Queue::Client>> waiting;
  for (int i = 0; i < 2; ++i) waiting.push_back(q.come("ra", {}, Priority::normal, 70s));
  for (const auto& client : waiting) EXPECT_TRUE(client->waits());
  // The next minute is theirs.
  const auto late = q.come("ra", {}, Priority::normal, 70s);
  ASSERT_TRUE(late->refused);
  EXPECT_GE(late->refused->first_back()->available_at - q.clock.now().boot, 80s);
  // A better class does not wait behind them, and one with more time may.
  EXPECT_TRUE(q.come("ra", {}, Priority::interactive, 70s)->waits());
  EXPECT_TRUE(q.come("ra", {}, Priority::normal, 200s)->waits());
}

TEST(AdmissionQueue, WhoseWaitHasBecomePointlessHearsItAtOnce) {
  Queue q({{"a", {fixed_requests(1)}}});
  q.spend("ra");
  const auto client = q.come("ra");
  ASSERT_TRUE(client->waits());
  q.catalogue.targets()[0].pool.cool_down_model(
      {quota::CooldownCause::quota_exhausted, q.clock.now().boot + 5h}, q.clock.now());
  EXPECT_FALSE(client->waits());
  ASSERT_TRUE(client->refused);
  EXPECT_EQ(client->refused->first_back()->available_at, q.clock.now().boot + 5h);
}

TEST(AdmissionQueue, WhoLeavesMakesWay) {
  Queue q({{"a", {fixed_tokens(1000)}}});
  q.spend("ra", tokens(500));
  auto head = q.come("ra", tokens(1000));
  ASSERT_TRUE(head->waits());
  // They would fit, and would take nothing from the head: a new minute is a new minute.
  EXPECT_TRUE(q.come("ra", tokens(100))->served());
  Queue r({{"a",
            {{.dimension = quota::Dimension::tokens,
              .amount = 1000,
              .period = quota::kMinutePeriod,
              .window = quota::WindowKind::refill}}}});
  r.spend("ra", tokens(500));
  head = r.come("ra", tokens(1000));
  const auto behind = r.come("ra", tokens(100));
  EXPECT_TRUE(behind->waits());
  (void)head->place->leave(r.clock.now());
  EXPECT_TRUE(behind->served());
  // One that is dropped does so too.
  behind->choice.reset();
  head = r.come("ra", tokens(1000));
  const auto last = r.come("ra", tokens(100));
  EXPECT_TRUE(last->waits());
  head.reset();
  EXPECT_TRUE(last->served());
}

TEST(AdmissionQueue, WhatWasGrantedToSomeoneWhoLeftGoesToTheNext) {
  Queue q({{"a", {at_once(1)}}});
  auto running = q.come("ra");
  auto first = q.come("ra");
  const auto second = q.come("ra");
  running->send(q.clock.now());
  running->end(q.clock.now());
  EXPECT_TRUE(first->woken);
  first.reset();  // without having looked
  EXPECT_TRUE(second->served());
}

TEST(AdmissionQueue, IsFullWhereTooManyWait) {
  Queue q({{"a", {fixed_requests(1)}}});
  q.queue.set_max_length(2);
  q.spend("ra");
  const auto first = q.come("ra", {}, Priority::normal, 10min);
  const auto second = q.come("ra", {}, Priority::normal, 10min);
  EXPECT_TRUE(first->waits() && second->waits());
  EXPECT_TRUE(q.come("ra", {}, Priority::normal, 10min)->full);
  EXPECT_EQ(q.queue.waiting(), 2U);
}

TEST(AdmissionQueue, ATierIsWaitedForAsLongAsPatienceLasts) {
  Queue q({{"a", {at_once(1)}}, {"b", {}}}, 2);
  auto running = q.come("both");
  ASSERT_TRUE(running->served());
  EXPECT_EQ(running->choice->target->provider->name, "a");
  // Nobody knows when it ends; it is taken to be within a second.
  Ask patient;
  patient.patience = 2s;
  auto waits = q.come("both", patient);
  auto other = q.come("both", patient);
  EXPECT_TRUE(waits->waits() && other->waits());
  running->send(q.clock.now());
  running->end(q.clock.now());
  ASSERT_TRUE(waits->served());
  EXPECT_EQ(waits->choice->target->provider->name, "a");
  q.pass(2s);
  ASSERT_TRUE(other->served());
  EXPECT_EQ(other->choice->target->provider->name, "b");
  // Without patience the second tier serves at once.
  EXPECT_TRUE(q.come("both")->served());
}

TEST(AdmissionQueue, ATierThatWillBeDryForLongIsNotWaitedFor) {
  Queue q({{"a", {fixed_requests(1)}}, {"b", {}}}, 2);
  q.spend("both");
  Ask patient;
  patient.patience = 1s;
  const auto client = q.come("both", patient);
  ASSERT_TRUE(client->served());
  EXPECT_EQ(client->choice->target->provider->name, "b");
}

// The deadline may come before the patience ends: then the next tier is better than nothing.
TEST(AdmissionQueue, PatienceRefusesNobody) {
  Queue q({{"a", {at_once(1)}}, {"b", {}}}, 2);
  const auto running = q.come("both");
  Ask patient;
  patient.patience = 2s;
  const auto client = q.come("both", patient, Priority::normal, 500ms);
  ASSERT_TRUE(running->served() && client->waits());
  q.pass(500ms);
  const auto left = client->place->leave(q.clock.now());
  ASSERT_TRUE(std::holds_alternative<Choice>(left));
  EXPECT_EQ(std::get<Choice>(left).target->provider->name, "b");
}

TEST(AdmissionQueue, WhoGaveWayUntilItsDeadlineHearsWhenThereIsRoom) {
  Queue q({{"a", {refilled_tokens(6000)}}});
  q.spend("ra", tokens(6000));
  const auto large = q.come("ra", tokens(3000));  // in half a minute
  q.pass(5s);
  const auto small = q.come("ra", tokens(50), Priority::normal, 5s);
  ASSERT_TRUE(large->waits() && small->waits());
  q.pass(5s);
  const auto left = small->place->leave(q.clock.now());
  ASSERT_TRUE(std::holds_alternative<NoRoom>(left));
  const Skip* const first = std::get<NoRoom>(left).first_back();
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->reason, "kept for requests before it");
  EXPECT_GE(first->available_at, q.clock.now().boot + 20s);
  EXPECT_LE(first->available_at, q.clock.now().boot + 22s);
}

TEST(Priorities, HaveNames) {
  for (const Priority priority : {Priority::interactive, Priority::normal, Priority::batch})
    EXPECT_EQ(priority_named(name(priority)), priority);
  EXPECT_FALSE(priority_named("urgent"));
}

}  // namespace
}  // namespace weir::routing
