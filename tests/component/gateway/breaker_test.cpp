// What fails again and again is left alone, as clients and providers see it.

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "component/gateway/gateway_fixture.hpp"
#include "support/closed_port.hpp"

namespace weir::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

class BreakerTest : public GatewayTest {
 protected:
  void start_breaking_after(std::uint32_t failures, std::vector<providers::Provider> providers) {
    gateway::Settings settings = settings_for(std::move(providers));
    settings.routing.breaker = {.failures = failures, .open_for = 30s};
    settings.routing.max_attempts = 1;
    start_with(std::move(settings));
  }
};

TEST_F(BreakerTest, AfterItsFailuresATargetIsLeftAloneAndThenProbedByOneRequest) {
  std::atomic<bool> is_well = false;
  RawProvider provider([&is_well](RawConnection& peer) {
    while (peer.read_request())
      peer.send(is_well ? RawProvider::answer(200, kGoodAnswer, "content-type: application/json\r\n")
                        : RawProvider::answer(500, "{}"));
  });
  start_breaking_after(3, {provider_at("groq", provider.port())});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask().status, 502);
  const RawAnswer told = ask();
  EXPECT_EQ(told.status, 502);
  EXPECT_EQ(told.field("retry-after"), "30");
  const auto error = json::parse(told.body)["error"];
  EXPECT_EQ(error["code"], "upstream_error");
  EXPECT_THAT(
      error["message"].get<std::string>(),
      HasSubstr("is failing again and again; it is tried again at 2026-11-24T00:00:30Z (groq, in 30s)"));
  EXPECT_EQ(provider.requests(), 3U);
  advance(30s);
  EXPECT_EQ(ask().status, 502);
  EXPECT_EQ(provider.requests(), 4U);
  EXPECT_EQ(ask().field("retry-after"), "60");
  EXPECT_EQ(provider.requests(), 4U);
  advance(60s);
  is_well = true;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask().status, 200);
}

TEST_F(BreakerTest, AnAddressThatNobodyListensAtIsLeftAlone) {
  const ClosedPort nobody;
  RawProvider good(serves());
  gateway::Settings settings =
      settings_for({provider_at("down", nobody.port()), provider_at("good", good.port())});
  settings.routing.breaker.failures = 2;
  start_with(std::move(settings));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ask().field("x-weir-attempts"), "2");
  EXPECT_EQ(ask().field("x-weir-attempts"), "1");
}

TEST_F(BreakerTest, RefusalsAndClientsFaultsAreNoFailures) {
  for (const int status : {400, 408, 413, 422}) {
    RawProvider provider(answers(status, R"({"error":{"message":"no"}})"));
    start_breaking_after(1, {provider_at("p" + std::to_string(status), provider.port())});
    for (int i = 0; i < 3; ++i) ask();
    EXPECT_EQ(provider.requests(), 3U) << status;
    stop();
  }
}

TEST_F(BreakerTest, AClientsShortDeadlineIsNoFailure) {
  RawProvider slow([](RawConnection& peer) {
    if (peer.read_request()) (void)peer.wait_for_close();
  });
  start_breaking_after(1, {provider_at("slow", slow.port())});
  for (std::size_t i = 1; i <= 3; ++i) {
    RawClient client = connect();
    client.send(post(R"({"model":"smart","stream":true,"messages":[{"role":"user","content":"hi"}]})",
                     "x-weir-timeout-ms: 2000\r\n"));
    ASSERT_TRUE(eventually([&] { return slow.requests() == i; }));
    advance(2s);
    EXPECT_EQ(client.read_answer().status, 504);
  }
}

TEST_F(BreakerTest, StreamsThatBreakAfterContentAreFailures) {
  RawProvider broken(streams(std::string(kTextEvent)));
  start_breaking_after(2, {provider_at("groq", broken.port())});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ask_stream().status, 200);
  EXPECT_TRUE(eventually([&] { return ask_stream().status == 502; }));
  EXPECT_EQ(broken.requests(), 2U);
}

TEST_F(BreakerTest, AProbeWhoseClientLeavesGivesItsTurnToTheNext) {
  std::atomic<int> asked = 0;
  RawProvider provider([&asked](RawConnection& peer) {
    while (peer.read_request()) {
      const int number = asked++;
      if (number == 0) peer.send(RawProvider::answer(500, "{}"));
      if (number == 1) return (void)peer.wait_for_close();
      if (number > 1) peer.send(RawProvider::answer(200, kGoodAnswer, "content-type: application/json\r\n"));
    }
  });
  start_breaking_after(1, {provider_at("groq", provider.port())});
  EXPECT_EQ(ask().status, 502);
  advance(30s);
  {
    RawClient client = connect();
    client.send(post(R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})"));
    ASSERT_TRUE(eventually([&] { return asked == 2; }));
    EXPECT_EQ(ask().status, 502);  // while the probe is out
  }
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));
  EXPECT_EQ(ask().status, 200);
}

}  // namespace
}  // namespace weir::test
