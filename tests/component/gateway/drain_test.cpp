// A stop while much is under way: what is there may finish, what waits for room too, and nothing new is
// taken.

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <string>
#include <vector>

#include "component/gateway/gateway_fixture.hpp"

namespace weir::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

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

// What a client asks for that waits for something when the drain's time is over.
class EndOfDrain : public GatewayTest {
 protected:
  static constexpr std::string_view kAsk = R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})";
  static constexpr std::string_view kAskStream =
      R"({"model":"smart","stream":true,"messages":[{"role":"user","content":"hi"}]})";

  // A provider that sends this to each, and then says nothing more.
  RawProvider::Script sends_and_stalls(std::string bytes) {
    return [this, bytes = std::move(bytes)](RawConnection& peer) {
      if (!peer.read_request()) return;
      peer.send(bytes);
      ++stalled_;
      if (peer.wait_for_close()) ++left_alone_;
    };
  }
  void end_drain() {
    gateway_->drain();
    server_->drain();
    server_->end_requests();
  }
  static void expect_told(const RawAnswer& answer) {
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.field("retry-after"), "1");
    EXPECT_EQ(answer.field("connection"), "close");
    EXPECT_THAT(answer.body, HasSubstr("weir is shutting down"));
  }

  std::atomic<std::size_t> stalled_ = 0;     // nothing more will come
  std::atomic<std::size_t> left_alone_ = 0;  // connections that weir closed
};

TEST_F(EndOfDrain, AStreamEndsAsABrokenOneDoes) {
  RawProvider provider(sends_and_stalls(std::string(kStreamHead) + std::string(kTextEvent)));
  start({provider_at("groq", provider.port(), {requests_per_minute(1)})});
  RawClient client = connect();
  client.send(post(kAskStream));
  ASSERT_TRUE(eventually([&] { return client.has_input(); }));

  end_drain();
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.whole);
  EXPECT_TRUE(answer.body.starts_with(kTextEvent));
  EXPECT_THAT(answer.body, HasSubstr(R"("finish_reason":"error")"));
  EXPECT_THAT(answer.body, HasSubstr(R"("message":"weir is shutting down")"));
  EXPECT_THAT(answer.body, Not(HasSubstr("[DONE]")));
  EXPECT_TRUE(client.ends_silently());
  client.close();
  EXPECT_TRUE(eventually([&] { return left_alone_ == 1 && server_->connections() == 0; }));
  const auto ended = gateway_->telemetry().ended().last(1);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended.front().error, "stream_broken");
  EXPECT_TRUE(ended.front().used_tokens.has_value()) << "what came is settled";
}

// That weir stops is nobody's failure, and what came is charged as where a client leaves.
TEST_F(EndOfDrain, ShowsNothingOfTheProvider) {
  RawProvider provider(sends_and_stalls(std::string(kStreamHead) + std::string(kTextEvent)));
  gateway::Settings settings = settings_for({provider_at("groq", provider.port(), {requests_per_minute(3)})});
  settings.routing.breaker = {.failures = 1, .open_for = std::chrono::seconds(30)};
  start_with(std::move(settings));
  for (std::size_t i = 1; i <= 3; ++i) {
    RawClient client = connect();
    client.send(post(kAskStream));
    ASSERT_TRUE(eventually([&] { return client.has_input(); })) << i;
    server_->end_requests();
    EXPECT_THAT(client.read_answer().body, HasSubstr("weir is shutting down")) << i;
    client.close();
    ASSERT_TRUE(eventually([&] { return left_alone_ == i; }));
  }
  EXPECT_EQ(ask().status, 429);
  EXPECT_EQ(provider.requests(), 3U);
}

// It lacks only the end of its framing, or [DONE].
TEST_F(EndOfDrain, AStreamThatHasSaidAllIsWhole) {
  RawProvider provider(
      sends_and_stalls(std::string(kStreamHead) + std::string(kTextEvent) + std::string(kStopEvent)));
  start({provider_at("groq", provider.port())});
  RawClient client = connect();
  client.send(post(kAskStream));
  ASSERT_TRUE(eventually([&] { return client.has_input(); }));
  take_turns(*loop_);
  end_drain();
  const RawAnswer answer = client.read_answer();
  EXPECT_TRUE(answer.body.ends_with(kDoneEvent));
  EXPECT_THAT(answer.body, Not(HasSubstr("error")));
}

TEST_F(EndOfDrain, WhoWaitsForAProviderIsAnswered) {
  RawProvider silent(sends_and_stalls(""));
  RawProvider other(serves());
  start({provider_at("silent", silent.port()), provider_at("other", other.port())});
  RawClient plain = connect();
  plain.send(post(kAsk));
  RawClient streamed = connect();
  streamed.send(post(kAskStream));
  ASSERT_TRUE(eventually([&] { return silent.requests() == 2; }));
  end_drain();
  expect_told(plain.read_answer());
  expect_told(streamed.read_answer());
  EXPECT_TRUE(eventually([&] { return left_alone_ == 2; }));
  EXPECT_EQ(other.requests(), 0U);
}

TEST_F(EndOfDrain, WhoseAnswerHasNotBegunForTheClientIsAnswered) {
  RawProvider half(sends_and_stalls("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{"));
  RawProvider says_nothing(sends_and_stalls(std::string(kStreamHead) + ": PROCESSING\n\n"));
  start({provider_at("half", half.port()), provider_at("empty", says_nothing.port())});
  RawClient plain = connect();
  plain.send(post(R"({"model":"half/m","messages":[{"role":"user","content":"hi"}]})"));
  RawClient streamed = connect();
  streamed.send(post(R"({"model":"empty/m","stream":true,"messages":[{"role":"user","content":"hi"}]})"));
  ASSERT_TRUE(eventually([&] { return stalled_ == 2; }));
  take_turns(*loop_);
  end_drain();
  expect_told(plain.read_answer());
  expect_told(streamed.read_answer());
}

TEST_F(EndOfDrain, WhoWaitsForRoomIsAnswered) {
  RawProvider silent(sends_and_stalls(""));
  const quota::Limit at_once{.dimension = quota::Dimension::in_flight, .amount = 1};
  gateway::Settings settings = settings_for({provider_at("groq", silent.port(), {at_once})});
  settings.routing.queue_wait.reset();
  start_with(std::move(settings));
  RawClient served = connect();
  served.send(post(kAsk));
  ASSERT_TRUE(eventually([&] { return silent.requests() == 1; }));
  RawClient waits = connect();
  waits.send(post(kAsk));
  ASSERT_TRUE(eventually([&] { return gateway_->waiting() == 1; }));
  end_drain();
  expect_told(waits.read_answer());
  expect_told(served.read_answer());
  EXPECT_EQ(silent.requests(), 1U);
}

// Time stands still: its pause is never over.
TEST_F(EndOfDrain, WhoWaitsToTryOnceMoreIsAnswered) {
  for (const std::string_view wait : {"", "retry-after: 8\r\n"}) {
    RawProvider busy(answers(503, "{}", wait));
    chance_ = {0.5};
    start({provider_at("busy", busy.port())});
    RawClient client = connect();
    client.send(post(kAsk));
    ASSERT_TRUE(eventually([&] {
      const auto views = gateway_->telemetry().under_way(clock_.now());
      return views.size() == 1 && views.front().attempts.size() == 1;
    }));
    take_turns(*loop_);
    end_drain();
    expect_told(client.read_answer());
    EXPECT_EQ(busy.requests(), 1U);
    stop();
  }
}

}  // namespace
}  // namespace weir::test
