#include <gmock/gmock.h>

#include <future>

#include "gateway_fixture.hpp"

namespace weir::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Waiting : GatewayTest {
  gateway::Settings waiting_settings(std::vector<providers::Provider> providers) {
    gateway::Settings settings = settings_for(std::move(providers));
    settings.routing.queue_wait.reset();
    settings.routing.deadline = 10min;
    return settings;
  }
  void start_waiting(std::vector<providers::Provider> providers) {
    start_with(waiting_settings(std::move(providers)));
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
  EXPECT_EQ(answer.field("retry-after-ms"), "59999");
}

// An attempt that begins when the client is about to leave is a request for nothing.
TEST_F(Waiting, LeavesTimeForTheAttempt) {
  RawProvider provider(serves());
  start_waiting({provider_at("one", provider.port(), {requests_per_minute(1)})});
  EXPECT_EQ(ask().status, 200);
  const RawAnswer answer = chat(R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})",
                                "x-weir-timeout-ms: 60700\r\n");
  EXPECT_EQ(answer.status, 429);
  EXPECT_LE(std::stoi(answer.field("retry-after-ms")), 60'100);
}

TEST_F(Waiting, LeavesTheTimeThatAnAnswerTookBefore) {
  std::promise<void> go;
  RawProvider provider([written = go.get_future().share()](RawConnection& peer) {
    while (peer.read_request()) {
      written.wait();
      peer.send(RawProvider::answer(200, kGoodAnswer));
    }
  });
  start_waiting({provider_at("one", provider.port(), {requests_per_minute(1)})});
  auto first = begin();
  ASSERT_TRUE(eventually([&] { return provider.requests() == 1; }));
  advance(8s);
  go.set_value();
  EXPECT_EQ(first.get().status, 200);
  const RawAnswer answer = begin("x-weir-timeout-ms: 59000\r\n").get();  // room is back in 52 s
  EXPECT_EQ(answer.status, 429);
  EXPECT_LE(std::stoi(answer.field("retry-after-ms")), 52'100);
  EXPECT_EQ(provider.requests(), 1U);
}

// Forty tokens in two seconds say nothing of five hundred.
TEST_F(Waiting, LeavesNoMoreThanAnswersAsLongAsThoseBeforeTake) {
  constexpr int kAnswers = 12;
  std::string answer(kGoodAnswer);
  answer.replace(answer.find(R"("completion_tokens":2,"total_tokens":11)"), 39,
                 R"("completion_tokens":40,"total_tokens":49)");
  std::atomic<bool> is_written = false;
  RawProvider provider([&](RawConnection& peer) {
    while (peer.read_request()) {
      if (!eventually([&] { return is_written.exchange(false); })) return;
      peer.send(RawProvider::answer(200, answer));
    }
  });
  start_waiting({provider_at("one", provider.port(), {requests_per_minute(kAnswers)})});
  for (int i = 1; i <= kAnswers; ++i) {
    auto one = begin();
    ASSERT_TRUE(eventually([&] { return provider.requests() == static_cast<std::size_t>(i); }));
    advance(2s);
    is_written = true;
    ASSERT_EQ(one.get().status, 200);
  }
  advance(27s);
  auto waits = begin("x-weir-timeout-ms: 14000\r\n");  // room is back in 9 s
  expect_waiting(1);
  advance(10s);
  is_written = true;
  EXPECT_EQ(waits.get().status, 200);
}

// A target that fails asks to be left alone for longer than another takes to have room.
TEST_F(Waiting, IsForTheOtherTargetWhereThatIsSoonerThanAnotherTry) {
  std::atomic<int> asked = 0;
  RawProvider fails([&asked](RawConnection& peer) {
    while (peer.read_request())
      peer.send(asked++ == 0 ? RawProvider::answer(500, "{}")
                             : RawProvider::answer(503, "{}", "retry-after: 8\r\n"));
  });
  RawProvider other(serves());
  quota::Limit seldom = requests_per_minute(1);
  seldom.period = {quota::Period::Unit::span, 3s};
  start_waiting({provider_at("fails", fails.port()), provider_at("other", other.port(), {seldom})});
  EXPECT_EQ(ask().field("x-weir-served-by"), "other/m");
  auto second = begin();
  expect_waiting(1);
  advance(4s);
  EXPECT_EQ(second.get().field("x-weir-served-by"), "other/m");
  EXPECT_EQ(asked, 2);
}

TEST_F(Waiting, EndsWhereATargetMayBeTriedOnceMoreSooner) {
  std::atomic<int> asked = 0;
  RawProvider fails([&asked](RawConnection& peer) {
    while (peer.read_request()) {
      const int before = asked++;
      if (before == 0) peer.send(RawProvider::answer(500, "{}"));
      if (before == 1) peer.send(RawProvider::answer(503, "{}", "retry-after: 8\r\n"));
      if (before > 1) peer.send(RawProvider::answer(200, kGoodAnswer));
    }
  });
  RawProvider other(serves());
  start_waiting(
      {provider_at("fails", fails.port()), provider_at("other", other.port(), {requests_per_minute(1)})});
  EXPECT_EQ(ask().field("x-weir-served-by"), "other/m");
  auto second = begin();
  expect_waiting(1);
  advance(9s);
  EXPECT_EQ(second.get().field("x-weir-served-by"), "fails/m");
}

TEST_F(Waiting, IsNoLongerThanConfigured) {
  RawProvider provider(serves());
  gateway::Settings settings =
      waiting_settings({provider_at("one", provider.port(), {requests_per_minute(1)})});
  settings.routing.queue_wait = 30s;
  start_with(std::move(settings));
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(ask().status, 429);
  advance(31s);
  auto second = begin();
  expect_waiting(1);
  advance(30s);
  EXPECT_EQ(second.get().status, 200);
}

TEST_F(Waiting, ABetterTierIsGivenAMomentWhereConfigured) {
  std::promise<void> go;
  std::shared_future<void> gone = go.get_future().share();
  RawProvider slow([&](RawConnection& peer) {
    while (peer.read_request()) {
      gone.wait();
      peer.send(RawProvider::answer(200, kGoodAnswer));
    }
  });
  RawProvider second(serves());
  quota::Limit one_at_once{.dimension = quota::Dimension::in_flight,
                           .amount = 1,
                           .period = quota::kMinutePeriod,
                           .window = quota::WindowKind::concurrency};
  gateway::Settings settings =
      waiting_settings({provider_at("one", slow.port(), {one_at_once}), provider_at("two", second.port())});
  settings.routes[0].targets[1].tier = 2;
  settings.routing.tier_patience = 2s;
  start_with(std::move(settings));
  auto first = begin();
  EXPECT_TRUE(eventually([&] { return slow.requests() == 1; }));
  auto patient = begin();
  expect_waiting(1);
  EXPECT_EQ(second.requests(), 0U);
  advance(2s);
  EXPECT_EQ(patient.get().field("x-weir-served-by"), "two/m");
  go.set_value();
  EXPECT_EQ(first.get().field("x-weir-served-by"), "one/m");
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

TEST_F(Waiting, WhoSaysNothingIsOfTheConfiguredClass) {
  std::vector<std::string> order;
  RawProvider provider([&](RawConnection& peer) {
    const auto request = peer.read_request();
    if (!request) return;
    order.push_back(request->body.find("normally") != std::string::npos ? "normal" : "untold");
    peer.send(RawProvider::answer(200, kGoodAnswer, "connection: close\r\n"));
  });
  gateway::Settings settings =
      waiting_settings({provider_at("one", provider.port(), {requests_per_minute(1)})});
  settings.routing.default_class = routing::Priority::batch;
  start_with(std::move(settings));
  EXPECT_EQ(ask().status, 200);
  auto untold = begin();
  expect_waiting(1);
  auto normal = std::async(std::launch::async, [this] {
    return chat(R"({"model":"smart","messages":[{"role":"user","content":"normally"}]})",
                "x-weir-priority: normal\r\n");
  });
  expect_waiting(2);
  advance(61s);
  EXPECT_EQ(normal.get().status, 200);
  expect_waiting(1);
  advance(61s);
  EXPECT_EQ(untold.get().status, 200);
  EXPECT_EQ(order, (std::vector<std::string>{"untold", "normal", "untold"}));
}

TEST_F(Waiting, TooManyAreToldToComeAgain) {
  RawProvider provider(serves());
  gateway::Settings settings =
      waiting_settings({provider_at("one", provider.port(), {requests_per_minute(1)})});
  settings.routing.queue_length = 0;
  start_with(std::move(settings));
  EXPECT_EQ(ask().status, 200);
  const RawAnswer full = ask();
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(full.field("retry-after"), "1");
  EXPECT_THAT(full.body, HasSubstr("overloaded"));
}

TEST_F(Waiting, APriorityOrTimeoutThatIsNoneIsRefused) {
  RawProvider provider(serves());
  start_waiting({provider_at("one", provider.port())});
  const std::pair<std::string_view, std::string_view> wrong[] = {
      {"x-weir-priority: urgent\r\n", "x-weir-priority must be interactive, normal or batch"},
      {"x-weir-timeout-ms: 5s\r\n", "x-weir-timeout-ms must be a number of milliseconds"}};
  for (const auto& [field, why] : wrong) {
    const RawAnswer answer = chat(R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})", field);
    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.body, HasSubstr(why));
  }
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
