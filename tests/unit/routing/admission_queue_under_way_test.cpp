// Whoever waits for what only the end of other requests can give: nobody knows when that is.

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "queue_fixture.hpp"

namespace weir::routing {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

TEST(UnderWay, ASlotIsWaitedForUntilTheDeadline) {
  Queue q({{"a", {at_once(1)}}});
  const auto running = q.come("ra");
  const auto hasty = q.come("ra", {}, Priority::normal, 500ms);
  const auto client = q.come("ra", {}, Priority::normal, 2s);
  ASSERT_TRUE(hasty->waits() && client->waits());
  q.pass(1900ms);
  EXPECT_TRUE(client->waits());
  hasty->place.reset();
  running->send(q.clock.now());
  running->end(q.clock.now());
  EXPECT_TRUE(client->served());
}

TEST(UnderWay, WhoHasNoTimeToWaitIsRefusedAtOnce) {
  Queue q({{"a", {at_once(1)}}});
  const auto running = q.come("ra");
  ASSERT_TRUE(running->served());
  const auto client = q.come("ra", {}, Priority::normal, 0s);
  ASSERT_TRUE(client->refused);
  EXPECT_EQ(client->refused->first_back()->available_at, q.clock.now().boot + 1s);
}

TEST(UnderWay, AClientsOwnSlotIsWaitedForUntilTheDeadline) {
  Queue q({{"a", {fixed_requests(100)}}});
  const std::vector<quota::Limit> limits = {at_once(1)};
  const quota::Pool key = q.ledger.bind("client u", "", limits, {}, {});
  const Ask of_client{.client = &key};
  const auto running = q.come("ra", of_client);
  const auto client = q.come("ra", of_client, Priority::normal, 500ms);
  ASSERT_TRUE(client->waits());
  running->send(q.clock.now());
  running->end(q.clock.now());
  EXPECT_TRUE(client->served());
}

TEST(UnderWay, AProbeIsWaitedForUntilTheDeadline) {
  Queue q({{"a", {fixed_requests(100)}}});
  q.ledger.break_by({.failures = 1, .open_for = 10s});
  const auto failing = q.come("ra");
  failing->choice->reservation.report(quota::Health::failing, q.clock.now());
  failing->choice->reservation.keep(q.clock.now());
  EXPECT_TRUE(q.come("ra", {}, Priority::normal, 500ms)->refused) << "that is known";
  q.pass(10s);
  const auto probe = q.come("ra");
  const auto client = q.come("ra", {}, Priority::normal, 500ms);
  ASSERT_TRUE(probe->served() && client->waits());
  probe->choice->reservation.report(quota::Health::serving, q.clock.now());
  EXPECT_TRUE(client->served()) << "at once, and not when the probe has ended";
}

constexpr Ask kLong{.prompt_tokens = 10, .output_tokens = 3500, .max_tokens = 3500};

struct Tokens : testing::Test {
  // Of 8,000 a minute two take 7,020 until they end.
  Queue q{{{"a", {test::refilled_tokens(8000)}}}};
  std::unique_ptr<Queue::Client> first = q.come("ra", kLong);
  std::unique_ptr<Queue::Client> second = q.come("ra", kLong);

  void SetUp() override {
    ASSERT_TRUE(first->served() && second->served());
    first->send(q.clock.now());
    second->send(q.clock.now());
  }
  void settle(Queue::Client& client, std::uint64_t output) const {
    client.choice->reservation.settle({.tokens = 10 + output, .input_tokens = 10, .output_tokens = output},
                                      q.clock.now());
  }
};

TEST_F(Tokens, WhatMayComeBackIsWaitedFor) {
  const auto client = q.come("ra", kLong, Priority::normal, 10s);
  ASSERT_TRUE(client->waits());
  q.pass(1s);
  settle(*first, 30);
  EXPECT_TRUE(client->served());
}

TEST_F(Tokens, AWaitForWhatDoesNotComeBackEndsOnceThatIsKnown) {
  const auto client = q.come("ra", kLong, Priority::normal, 10s);
  settle(*first, 3500);
  EXPECT_TRUE(client->waits()) << "the second may leave enough";
  settle(*second, 3500);
  EXPECT_FALSE(client->waits());
  ASSERT_TRUE(client->refused);
  EXPECT_GE(client->refused->first_back()->available_at, q.clock.now().boot + 15s);
}

TEST(UnderWay, WhatAPromptTakesDoesNotComeBack) {
  Queue q({{"a", {refilled_tokens(8000)}}});
  const auto first = q.come("ra", tokens(3510));
  const auto second = q.come("ra", tokens(3510));
  ASSERT_TRUE(first->served() && second->served());
  EXPECT_TRUE(q.come("ra", kLong, Priority::normal, 10s)->refused);
}

TEST(UnderWay, WhatIsMoreThanAWindowWasSeenToHoldIsInTheWayForOne) {
  quota::Limit limit = fixed_tokens(80'000);
  limit.source = quota::Source::preset;
  Queue q({{"a", {limit, fixed_requests(1000)}}});
  q.spend("ra", tokens(10'000));
  const auto refused = q.come("ra", tokens(2'000));
  refused->send(q.clock.now());
  refused->choice->reservation.refuse_for_quota({}, q.clock.now());  // half of it, then
  q.pass(11s);
  q.spend("ra", tokens(30'000));
  std::vector<std::unique_ptr<Queue::Client>> large;
  for (int i = 0; i < 3; ++i) {
    large.push_back(q.come("ra", tokens(70'000), Priority::normal, 10min));
    ASSERT_TRUE(large.back()->waits());
  }
  // Theirs are the next three minutes, and not the next five.
  EXPECT_TRUE(q.come("ra", tokens(2'000), Priority::normal, 270s)->waits());
}

TEST_F(Tokens, WhoWaitBeforeAreExpectedToLeaveWhatTheyDoNotUse) {
  std::vector<std::unique_ptr<Queue::Client>> waiting;
  for (int i = 0; i < 20; ++i) {
    waiting.push_back(q.come("ra", kLong, Priority::normal, 10s));
    EXPECT_TRUE(waiting.back()->waits()) << i;
  }
  settle(*first, 30);
  settle(*second, 30);
  for (const auto& client : waiting) {
    ASSERT_TRUE(client->served());
    client->send(q.clock.now());
    settle(*client, 30);
  }
}

}  // namespace
}  // namespace weir::routing
