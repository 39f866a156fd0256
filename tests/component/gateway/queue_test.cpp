#include <gmock/gmock.h>

#include <future>

#include "gateway_fixture.hpp"

namespace weir::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Waiting : GatewayTest {
  void start_waiting(std::vector<providers::Provider> providers, std::size_t length = 1000) {
    gateway::Settings settings = settings_for(std::move(providers));
    settings.routing.queue_wait.reset();
    settings.routing.deadline = 10min;
    settings.routing.queue_length = length;
    start_with(std::move(settings));
  }
  // A request on its way; its answer may have to wait for what the test does next.
  std::future<RawAnswer> begin(std::string fields = "") {
    auto answer = std::async(std::launch::async, [this, fields] {
      return chat(R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})", fields);
    });
    return answer;
  }
  // So many requests wait by now.
  void expect_waiting(std::size_t count) {
    EXPECT_TRUE(eventually([&] { return gateway_->waiting() == count; }));
    take_turns(*loop_);
  }
};

TEST_F(Waiting, ForTheMomentThatRoomComesBack) {
  RawProvider provider(serves());
  start_waiting({provider_at("one", provider.port(), {requests_per_minute(1)})});
  EXPECT_EQ(ask().status, 200);
  auto second = begin();
  expect_waiting(1);
  advance(59s);
  take_turns(*loop_);
  EXPECT_EQ(provider.requests(), 1U);
  advance(2s);
  const RawAnswer answer = second.get();
  EXPECT_EQ(answer.status, 200);
  EXPECT_GE(std::stoi(answer.field("x-weir-queue-ms")), 60'000);
  EXPECT_EQ(answer.field("x-weir-attempts"), "1");
}

TEST_F(Waiting, ForAnotherRequestsEnd) {
  std::promise<void> go;
  std::shared_future<void> gone = go.get_future().share();
  RawProvider provider([&](RawConnection& peer) {
    while (peer.read_request()) {
      gone.wait();
      peer.send(RawProvider::answer(200, kGoodAnswer));
    }
  });
  quota::Limit one_at_once{.dimension = quota::Dimension::in_flight,
                           .amount = 1,
                           .period = quota::kMinutePeriod,
                           .window = quota::WindowKind::concurrency};
  start_waiting({provider_at("one", provider.port(), {one_at_once})});
  auto first = begin();
  EXPECT_TRUE(eventually([&] { return provider.requests() == 1; }));
  auto second = begin();
  expect_waiting(1);
  EXPECT_EQ(provider.requests(), 1U);
  go.set_value();
  EXPECT_EQ(first.get().status, 200);
  EXPECT_EQ(second.get().status, 200);
  EXPECT_EQ(provider.requests(), 2U);
}

TEST_F(Waiting, IsPointlessWhereTheDeadlineComesFirst) {
  RawProvider provider(serves());
  start_waiting({provider_at("one", provider.port(), {requests_per_minute(1)})});
  EXPECT_EQ(ask().status, 200);
  const RawAnswer answer = chat(R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})",
                                "x-weir-timeout-ms: 30000\r\n");
  EXPECT_EQ(answer.status, 429);
  EXPECT_THAT(answer.body, HasSubstr("rate_limit_exceeded"));
  EXPECT_GE(std::stoi(answer.field("retry-after-ms")), 60'000);
}

TEST_F(Waiting, AClientThatLeavesTakesNothingAlong) {
  RawProvider provider(serves());
  start_waiting({provider_at("one", provider.port(), {requests_per_minute(1)})});
  EXPECT_EQ(ask().status, 200);
  {
    RawClient client = connect();
    client.send(post(R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})"));
    expect_waiting(1);
  }
  expect_waiting(0);
  auto stays = begin();
  expect_waiting(1);
  advance(61s);
  EXPECT_EQ(stays.get().status, 200);
  EXPECT_EQ(provider.requests(), 2U);
}

TEST_F(Waiting, InteractiveGoesBeforeBatch) {
  std::vector<std::string> order;
  RawProvider provider([&](RawConnection& peer) {
    while (const auto request = peer.read_request()) {
      order.push_back(request->body.find("batchy") != std::string::npos ? "batch" : "interactive");
      peer.send(RawProvider::answer(200, kGoodAnswer, "connection: close\r\n"));
      return;
    }
  });
  start_waiting({provider_at("one", provider.port(), {requests_per_minute(1)})});
  EXPECT_EQ(ask().status, 200);
  auto batch = std::async(std::launch::async, [this] {
    return chat(R"({"model":"smart","messages":[{"role":"user","content":"batchy"}]})",
                "x-weir-priority: batch\r\n");
  });
  expect_waiting(1);
  auto interactive = begin("x-weir-priority: interactive\r\n");
  expect_waiting(2);
  advance(61s);
  EXPECT_EQ(interactive.get().status, 200);
  expect_waiting(1);
  advance(61s);
  EXPECT_EQ(batch.get().status, 200);
  EXPECT_EQ(order, (std::vector<std::string>{"interactive", "interactive", "batch"}));
}

TEST_F(Waiting, TooManyAreToldToComeAgain) {
  RawProvider provider(serves());
  start_waiting({provider_at("one", provider.port(), {requests_per_minute(1)})}, 0);
  EXPECT_EQ(ask().status, 200);
  const RawAnswer full = ask();
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(full.field("retry-after"), "1");
  EXPECT_THAT(full.body, HasSubstr("overloaded"));
}

TEST_F(Waiting, APriorityThatIsNoneIsRefused) {
  RawProvider provider(serves());
  start_waiting({provider_at("one", provider.port())});
  const RawAnswer answer =
      chat(R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})", "x-weir-priority: urgent\r\n");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("interactive, normal or batch"));
  EXPECT_EQ(provider.requests(), 0U);
}

// A 429 that only our count didn't expect: the client is not told while there is time.
TEST_F(Waiting, AProvidersRefusalIsWaitedOut) {
  std::atomic<int> asked = 0;
  RawProvider provider([&](RawConnection& peer) {
    while (peer.read_request())
      peer.send(++asked == 1 ? RawProvider::answer(
                                   429, R"({"error":{"message":"slow down","code":"rate_limit_exceeded"}})",
                                   "retry-after: 20\r\n")
                             : RawProvider::answer(200, kGoodAnswer));
  });
  start_waiting({provider_at("one", provider.port())});
  auto answer = begin();
  EXPECT_TRUE(eventually([&] { return asked == 1; }));
  expect_waiting(1);
  advance(21s);
  EXPECT_EQ(answer.get().status, 200);
  EXPECT_EQ(asked, 2);
}

}  // namespace
}  // namespace weir::test
