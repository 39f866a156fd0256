// A stop while much is under way: what is there may finish, what waits for room too, and nothing new is
// taken.

#include <latch>
#include <string>
#include <vector>

#include "component/gateway/gateway_fixture.hpp"

namespace weir::test {
namespace {

constexpr std::size_t kStreams = 20;
constexpr std::size_t kQueued = 10;

class DrainTest : public GatewayTest {};

TEST_F(DrainTest, StreamsAndWhatWaitsForRoomFinish) {
  std::latch over(1);
  RawProvider provider([&over](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send(std::string(kStreamHead) + std::string(kTextEvent));
    over.wait();
    peer.send(std::string(kStopEvent) + std::string(kUsageEvent) + std::string(kDoneEvent));
  });
  const quota::Limit at_once{.dimension = quota::Dimension::in_flight, .amount = kStreams};
  gateway::Settings settings = settings_for({provider_at("groq", provider.port(), {at_once})});
  settings.routing.queue_wait.reset();
  start_with(std::move(settings));
  std::vector<RawClient> clients;
  const auto begin_another = [&] {
    clients.push_back(connect());
    clients.back().send(
        post(R"({"model":"smart","stream":true,"messages":[{"role":"user","content":"hi"}]})"));
  };
  for (std::size_t i = 0; i < kStreams; ++i) begin_another();
  for (RawClient& client : clients) EXPECT_TRUE(eventually([&] { return client.has_input(); }));
  for (std::size_t i = 0; i < kQueued; ++i) begin_another();
  ASSERT_TRUE(eventually([&] { return gateway_->waiting() == kQueued; }));

  gateway_->drain();
  server_->drain();
  over.count_down();
  for (RawClient& client : clients) {
    const RawAnswer answer = client.read_answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.whole);
    EXPECT_TRUE(answer.body.ends_with(kDoneEvent));
    EXPECT_TRUE(client.ends_silently());
    client.close();
  }
  EXPECT_EQ(provider.requests(), kStreams + kQueued);
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));
}

// Who waits for room when the drain's time is over is told so, and what is under way goes on.
TEST_F(DrainTest, WhatStillWaitsAtItsEndIsAnswered) {
  std::latch over(1);
  RawProvider provider([&over](RawConnection& peer) {
    if (!peer.read_request()) return;
    over.wait();
    peer.send(RawProvider::answer(200, kGoodAnswer));
  });
  const quota::Limit at_once{.dimension = quota::Dimension::in_flight, .amount = 1};
  gateway::Settings settings = settings_for({provider_at("groq", provider.port(), {at_once})});
  settings.routing.queue_wait.reset();
  start_with(std::move(settings));
  const std::string request = post(R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})");
  RawClient served = connect();
  served.send(request);
  ASSERT_TRUE(eventually([&] { return provider.requests() == 1; }));
  RawClient waits = connect();
  waits.send(request);
  ASSERT_TRUE(eventually([&] { return gateway_->waiting() == 1; }));

  gateway_->drain();
  gateway_->refuse_waiting();
  const RawAnswer refused = waits.read_answer();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.field("retry-after"), "1");
  over.count_down();
  EXPECT_EQ(served.read_answer().status, 200);
}

}  // namespace
}  // namespace weir::test
