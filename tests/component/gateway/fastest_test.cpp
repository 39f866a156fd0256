#include <gtest/gtest.h>

#include "component/gateway/gateway_fixture.hpp"

namespace weir::test {
namespace {

using namespace std::chrono_literals;

class Fastest : public GatewayTest {
 protected:
  Fastest() { chance_ = {0.5}; }
};

TEST_F(Fastest, TriesEachOnceAndThenAsksTheOneThatBeganSooner) {
  const std::string stream = std::string(kTextEvent) + std::string(kStopEvent) + std::string(kDoneEvent);
  RawProvider quick(streams(stream));
  const BootTime began = clock_.now().boot;
  RawProvider slow([&](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send(kStreamHead);
    if (eventually([&] { return clock_.now().boot - began >= 2s; })) peer.send(stream);
  });
  gateway::Settings settings =
      settings_for({provider_at("slow", slow.port()), provider_at("quick", quick.port())});
  settings.routes[0].strategy = routing::Strategy::fastest;
  settings.routing.sticky = routing::Sticky::off;
  start_with(std::move(settings));
  RawClient client = connect();
  client.send(post(R"({"model":"smart","stream":true,"messages":[{"role":"user","content":"hi"}]})"));
  ASSERT_TRUE(eventually([&] { return slow.requests() == 1; }));
  advance(2s);
  EXPECT_EQ(client.read_answer().field("x-weir-served-by"), "slow/m");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ask_stream().field("x-weir-served-by"), "quick/m");
}

}  // namespace
}  // namespace weir::test
