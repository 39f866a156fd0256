// What the gateway notes of the requests that it serves.

#include <gmock/gmock.h>

#include <memory>

#include "component/gateway/gateway_fixture.hpp"
#include "weir/telemetry/telemetry.hpp"

namespace weir::test {
namespace {

using telemetry::AttemptClass;
using telemetry::RequestRecord;

class TelemetryOfRequests : public GatewayTest {
 protected:
  // The last one that ended, once there have been so many.
  RequestRecord last(std::uint64_t count = 1) {
    EXPECT_TRUE(eventually([&] { return ended().written() == count; }));
    const auto found = ended().last(1);
    return found.empty() ? RequestRecord{} : found.front();
  }
  const telemetry::RequestRing& ended() { return gateway_->telemetry().ended(); }
};

TEST_F(TelemetryOfRequests, ATrailHasWhatEachAttemptCameTo) {
  RawProvider refuses(answers(429, R"({"error":{"message":"Rate limit reached"}})"));
  RawProvider good(serves());
  start({provider_at("nowhere", 1), provider_at("groq", refuses.port()), provider_at("gemini", good.port())});
  EXPECT_EQ(ask().status, 200);
  const RequestRecord record = last();
  ASSERT_EQ(record.attempts.size(), 3U);
  EXPECT_EQ(record.attempts[0].what, AttemptClass::network);
  EXPECT_EQ(record.attempts[1].what, AttemptClass::rate_limited);
  EXPECT_EQ(record.attempts[2].what, AttemptClass::ok);
  EXPECT_EQ(record.served_by, "gemini/m");
  EXPECT_EQ(record.model, "smart");
  EXPECT_EQ(record.at, clock_.now().wall);
  EXPECT_TRUE(record.is_good());
  EXPECT_EQ(gateway_->telemetry().failovers().size(), 2U);
}

TEST_F(TelemetryOfRequests, TokensAreThoseThatTheProviderTold) {
  RawProvider good(serves());
  start({provider_at("groq", good.port())});
  EXPECT_EQ(ask().status, 200);
  const RequestRecord record = last();
  EXPECT_EQ(record.prompt_tokens, 9U);
  EXPECT_EQ(record.completion_tokens, 2U);
  EXPECT_TRUE(record.usage_told);
  EXPECT_GT(record.estimated_prompt, 0U);
}

TEST_F(TelemetryOfRequests, AStreamIsNotedWhenItHasEnded) {
  RawProvider good(streams(std::string(kTextEvent) + std::string(kStopEvent) + std::string(kUsageEvent) +
                           std::string(kDoneEvent)));
  start({provider_at("groq", good.port())});
  EXPECT_EQ(ask_stream().status, 200);
  const RequestRecord record = last();
  EXPECT_TRUE(record.stream);
  EXPECT_EQ(record.completion_tokens, 2U);
  EXPECT_EQ(gateway_->telemetry().in_flight(), 0U);
}

TEST_F(TelemetryOfRequests, WhatIsNoChatIsCountedAndNotKept) {
  start({provider_at("groq", 1)});
  EXPECT_EQ(get("/v1/models").status, 200);
  EXPECT_EQ(get("/nowhere").status, 404);
  std::unique_ptr<telemetry::GeneralCounters> sums;
  EXPECT_TRUE(eventually([&] {
    sums = std::make_unique<telemetry::GeneralCounters>();
    gateway_->telemetry().add_up(*sums);
    return sums->requests[static_cast<std::size_t>(telemetry::Route::other)][404 - 100].value() == 1;
  }));
  EXPECT_EQ(sums->requests[static_cast<std::size_t>(telemetry::Route::models)][200 - 100].value(), 1U);
  EXPECT_EQ(sums->chats.value(), 0U);
  EXPECT_EQ(ended().written(), 0U);
}

TEST_F(TelemetryOfRequests, TokenizingIsARouteOfItsOwn) {
  start({provider_at("groq", 1)});
  const std::string body = R"({"model":"smart","text":"hello"})";
  const RawAnswer answer = connect().exchange(
      "POST /v1/tokenize HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(eventually([&] {
    const auto sums = std::make_unique<telemetry::GeneralCounters>();
    gateway_->telemetry().add_up(*sums);
    return sums->requests[static_cast<std::size_t>(telemetry::Route::tokenize)][200 - 100].value() == 1;
  }));
  EXPECT_EQ(ended().written(), 0U);
}

TEST_F(TelemetryOfRequests, ARequestThatIsUnderWayIsSeenAtItsTarget) {
  RawProvider silent([](RawConnection& peer) {
    if (peer.read_request()) (void)peer.read_request();  // until it is hung up
  });
  start({provider_at("groq", silent.port())});
  RawClient client = connect();
  client.send(post(R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})"));
  EXPECT_TRUE(eventually([&] {
    const auto views = gateway_->telemetry().under_way(clock_.now());
    return views.size() == 1 && views[0].state == telemetry::LiveState::trying && views[0].target == "groq/m";
  }));
  client.close();
  EXPECT_EQ(last().error, "cancelled");
  EXPECT_EQ(gateway_->telemetry().in_flight(), 0U);
}

}  // namespace
}  // namespace weir::test
