// Who waits for one thing, and who asks for another of the same account or with the same key.

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "queue_fixture.hpp"

namespace weir::routing {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

TEST(Neighbours, WhoWaitsForASlotKeepsNobodyFromAnotherModel) {
  Queue q({{"a", {of_model(at_once(1), "m")}}}, 1, "n");
  const auto running = q.come("ra");
  const auto waits = q.come("ra");
  ASSERT_TRUE(running->served() && waits->waits());
  q.pass(300ms);
  EXPECT_TRUE(q.come("n/a")->served());
}

TEST(Neighbours, AClientThatWaitsForItsOwnSlotKeepsNobodyElse) {
  Queue q({{"a", {fixed_requests(100)}}});
  const std::vector<quota::Limit> limits = {at_once(1)};
  const quota::Pool key = q.ledger.bind("client u", "", limits, {}, {});
  const Ask of_client{.client = &key};
  const auto running = q.come("ra", of_client);
  const auto waits = q.come("ra", of_client);
  ASSERT_TRUE(running->served() && waits->waits());
  q.pass(300ms);
  EXPECT_TRUE(q.come("ra")->served());
}

// At one look the larger is taken to have room with the smaller, which is too early.
TEST(Neighbours, AMomentThatWasTakenFromASmallerRequestKeepsNobody) {
  Queue q({{"a", {of_model(refilled_tokens(6000), "m")}}}, 1, "n");
  q.spend("ra", tokens(6000));
  std::vector<std::unique_ptr<Queue::Client>> waiting;
  for (const std::uint64_t size : {1000U, 1500U, 2000U, 2500U}) waiting.push_back(q.come("ra", tokens(size)));
  ASSERT_TRUE(q.catalogue.targets()[0].pool.correct("tpm", 6000, q.clock.now()));
  EXPECT_TRUE(q.come("n/a")->served());
  for (const auto& client : waiting) EXPECT_TRUE(client->waits());
}

TEST(Neighbours, WhatWouldDelayOneWhoWaitsForASlotIsKeptForIt) {
  Queue q({{"a", {of_model(at_once(1), "m"), fixed_requests(2)}}}, 1, "n");
  const auto running = q.come("ra");
  const auto waits = q.come("ra");
  ASSERT_TRUE(running->served() && waits->waits());
  q.pass(300ms);
  EXPECT_TRUE(q.come("n/a")->waits()) << "of two requests a minute one is left";
  running->send(q.clock.now());
  running->end(q.clock.now());
  EXPECT_TRUE(waits->served());
}

}  // namespace
}  // namespace weir::routing
