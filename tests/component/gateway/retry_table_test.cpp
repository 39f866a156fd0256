// The retry table over real sockets: for each row what the client gets, who was asked how often, and what the
// ledger kept. In the order of routing::Point.

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "component/gateway/gateway_fixture.hpp"
#include "support/closed_port.hpp"
#include "support/no_more_descriptors.hpp"

namespace weir::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

constexpr std::string_view kStreamed =
    R"({"model":"smart","stream":true,"messages":[{"role":"user","content":"hi"}]})";
constexpr std::string_view kPlain = R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})";
// What a request is thought to take before anybody knows: the prompt, and a typical answer.
constexpr std::uint64_t kAnswerEstimate = 512;

struct Kept {
  std::uint64_t requests = 0;
  std::uint64_t tokens = 0;
  friend bool operator==(const Kept&, const Kept&) = default;
};

void PrintTo(const Kept& kept, std::ostream* out) {
  *out << kept.requests << " requests, " << kept.tokens << " tokens";
}

class RetryTableTest : public GatewayTest {
 protected:
  // Refused requests count there, so that a test sees whether they were refused or never sent.
  providers::Provider limited(std::string name, std::uint16_t port, std::uint64_t context = 0) {
    auto provider =
        provider_at(std::move(name), port, {requests_per_minute(100), tokens_per_minute(1'000'000)});
    provider.charge.failures_count = true;
    provider.models[0].context = context;
    return provider;
  }
  // What counts at a provider now. Looking is a reload to its ledger, so it comes last where a target was set
  // aside.
  [[nodiscard]] Kept kept(const std::string& provider) {
    const std::vector limits{requests_per_minute(100), tokens_per_minute(1'000'000)};
    const quota::Pool pool =
        ledger_.bind(provider + "/main", "upstream-m", limits, {}, {.failures_count = true});
    Kept kept;
    for (const quota::MeterView& view : pool.view(clock_.now())) {
      EXPECT_EQ(view.reserved, 0U);
      (view.limit.dimension == quota::Dimension::requests ? kept.requests : kept.tokens) += view.used;
    }
    return kept;
  }
  // One that asks and waits for its answer while time passes.
  RawAnswer ask_for_long() {
    RawClient client = connect();
    client.send(post(kPlain));
    EXPECT_TRUE(eventually([&] {
      advance(50ms);
      return client.has_input();
    }));
    return client.read_answer();
  }

  // The first provider does this and the second serves. What the first then keeps.
  Kept falls_back_from(RawProvider::Script script) {
    const std::string first = "bad" + std::to_string(runs_);
    const std::string second = "good" + std::to_string(runs_++);
    RawProvider bad(std::move(script));
    RawProvider good(serves());
    start({limited(first, bad.port()), limited(second, good.port())});
    const RawAnswer answer = ask();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, kGoodAnswer);
    EXPECT_EQ(answer.field("x-weir-served-by"), second + "/m");
    EXPECT_EQ(bad.requests(), 1U);
    EXPECT_EQ(good.requests(), 1U);
    EXPECT_TRUE(eventually([&] { return kept(second) == Kept{1, 11}; }));
    const Kept left = kept(first);
    stop();
    return left;
  }
  static void expect_estimate(const Kept& kept) {
    EXPECT_EQ(kept.requests, 1U);
    EXPECT_GT(kept.tokens, kAnswerEstimate);
  }

 private:
  int runs_ = 0;
};

RawProvider::Script sends(std::string bytes) {
  return [bytes = std::move(bytes)](RawConnection& peer) {
    if (peer.read_request()) peer.send(bytes);
  };
}

TEST_F(RetryTableTest, OwnShortageIsNoFailureOfTheProvidersAndGivesEverythingBack) {
  if (kChecksNeedDescriptors) GTEST_SKIP() << "the sanitizer itself needs descriptors";
  RawProvider provider(serves());
  gateway::Settings settings = settings_for({limited("only", provider.port())});
  settings.routing.breaker.failures = 1;
  start_with(std::move(settings));
  RawClient client = connect();
  ASSERT_EQ(client.exchange("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200);
  {
    const NoMoreDescriptors none(NoMoreDescriptors::Closed::is_gone);
    client.send(post(kPlain));
    EXPECT_TRUE(eventually([&] {
      advance(50ms);
      return client.has_input();
    }));
    const RawAnswer answer = client.read_answer();
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.field("retry-after"), "1");
    EXPECT_EQ(json::parse(answer.body)["error"]["code"], "overloaded");
    EXPECT_THAT(answer.field("x-weir-trail"), HasSubstr("only/m#main=own_shortage("));
    EXPECT_EQ(answer.field("x-weir-attempts"), "2");
  }
  EXPECT_EQ(kept("only"), Kept{});
  EXPECT_EQ(client.exchange(post(kPlain)).status, 200) << "no breaker has opened";
}

TEST_F(RetryTableTest, UnreachableGoesToTheNextAndGivesEverythingBack) {
  const ClosedPort nobody;
  RawProvider good(serves());
  start({limited("bad", nobody.port()), limited("good", good.port())});
  const RawAnswer answer = ask();
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.field("x-weir-trail"), HasSubstr("bad/m#main=connect_failed("));
  EXPECT_EQ(good.requests(), 1U);
  EXPECT_EQ(kept("bad"), Kept{});
}

TEST_F(RetryTableTest, UnreachableAloneIsTriedOnceMore) {
  const ClosedPort nobody;
  start({limited("bad", nobody.port())});
  const RawAnswer answer = ask_for_long();
  EXPECT_EQ(answer.status, 502);
  EXPECT_EQ(answer.field("x-weir-attempts"), "2");
  EXPECT_EQ(kept("bad"), Kept{});
}

// The provider closed the connection that was kept, and can't have begun to answer.
TEST_F(RetryTableTest, AKeptConnectionThatIsResetIsReplacedWithinTheAttempt) {
  RawProvider provider([](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send(RawProvider::answer(200, kGoodAnswer, "content-type: application/json\r\n"));
    if (peer.number() > 0) return (void)peer.wait_for_close();
    if (peer.read_request()) peer.reset();
  });
  start({limited("only", provider.port())});
  EXPECT_EQ(ask().status, 200);
  const RawAnswer second = ask();
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.field("x-weir-attempts"), "1");
  EXPECT_EQ(provider.connections(), 2U);
  EXPECT_EQ(provider.requests(), 3U);
  EXPECT_TRUE(eventually([&] { return kept("only") == Kept{2, 22}; }));
}

TEST_F(RetryTableTest, LostByAnEndGoesToTheNextAndKeepsItsEstimate) {
  expect_estimate(falls_back_from([](RawConnection& peer) { (void)peer.read_request(); }));
}

TEST_F(RetryTableTest, LostByAResetGoesToTheNextAndKeepsItsEstimate) {
  expect_estimate(falls_back_from([](RawConnection& peer) {
    if (peer.read_request()) peer.reset();
  }));
}

TEST_F(RetryTableTest, LostInGarbageGoesToTheNextAndKeepsItsEstimate) {
  expect_estimate(falls_back_from(sends("SSH-2.0-OpenSSH_9.2\r\n\r\n")));
}

TEST_F(RetryTableTest, LostAloneIsNotBilledTwice) {
  RawProvider bad([](RawConnection& peer) { (void)peer.read_request(); });
  start({limited("bad", bad.port())});
  EXPECT_EQ(ask().status, 502);
  EXPECT_EQ(bad.requests(), 1U);
}

TEST_F(RetryTableTest, TimedOutIsCancelledAndGoesToTheNextAndKeepsItsEstimate) {
  std::atomic<bool> closed = false;
  RawProvider hangs([&closed](RawConnection& peer) {
    if (peer.read_request() && peer.wait_for_close()) closed = true;
  });
  RawProvider good(streams(std::string(kTextEvent) + std::string(kStopEvent) + std::string(kDoneEvent)));
  start({limited("hangs", hangs.port()), limited("good", good.port())});
  RawClient client = connect();
  client.send(post(kStreamed));
  ASSERT_TRUE(eventually([&] { return hangs.requests() == 1; }));
  advance(60s);
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("x-weir-served-by"), "good/m");
  EXPECT_TRUE(eventually([&] { return closed.load(); }));
  EXPECT_EQ(kept("hangs").requests, 1U);
}

TEST_F(RetryTableTest, FailedGoesToTheNextAndGivesItsTokensBack) {
  for (const int status : {500, 502, 504, 503, 529, 302}) {
    SCOPED_TRACE(status);
    EXPECT_EQ(falls_back_from(answers(status, "{}")), (Kept{1, 0}));
  }
}

TEST_F(RetryTableTest, FailedAloneIsTriedOnceMoreAfterABackoff) {
  RawProvider bad(answers(500, "{}"));
  start({limited("bad", bad.port())});
  EXPECT_EQ(ask_for_long().status, 502);
  EXPECT_EQ(bad.requests(), 2U);
  EXPECT_EQ(kept("bad"), (Kept{2, 0}));
}

TEST_F(RetryTableTest, BusyGoesToTheNextAndGivesItsTokensBack) {
  for (const int status : {408, 409, 425, 503}) {
    SCOPED_TRACE(status);
    EXPECT_EQ(falls_back_from(answers(status, "{}", "retry-after: 2\r\n")), (Kept{1, 0}));
  }
}

// How long the only target is left alone when it was busy and said so.
class BusyAlone : public RetryTableTest {
 protected:
  Duration is_left_alone(const std::string& field) {
    std::atomic<int> asked = 0;
    RawProvider busy([&](RawConnection& peer) {
      while (peer.read_request())
        peer.send(asked++ == 0 ? RawProvider::answer(503, "{}", field)
                               : RawProvider::answer(200, kGoodAnswer, "content-type: application/json\r\n"));
    });
    start({limited("busy", busy.port())});
    RawClient client = connect();
    client.send(post(kPlain));
    EXPECT_TRUE(eventually([&] { return asked == 1; }));
    const BootTime from = clock_.now().boot;
    EXPECT_TRUE(eventually([&] {
      advance(500ms);
      return asked == 2;
    }));
    EXPECT_EQ(client.read_answer().status, 200);
    return clock_.now().boot - from;
  }
};

TEST_F(BusyAlone, IsTriedOnceMoreAfterItsHintAndNotBefore) {
  EXPECT_GE(is_left_alone("retry-after: 20\r\n"), 20s);
}

TEST_F(BusyAlone, IsGivenAMomentWhereItSaysAtOnce) {
  EXPECT_GE(is_left_alone("retry-after: 0\r\n"), 1s);
}

TEST_F(RetryTableTest, BusyForLongerThanTheDeadlineOrAMinuteIsNotWaitedFor) {
  RawProvider busy(answers(503, "{}", "retry-after: 61\r\n"));
  start({limited("busy", busy.port())});
  EXPECT_EQ(ask().status, 502);
  EXPECT_EQ(busy.requests(), 1U);
  stop();
  RawProvider soon(answers(503, "{}", "retry-after: 10\r\n"));
  start({limited("soon", soon.port())});
  EXPECT_EQ(chat(kPlain, "x-weir-timeout-ms: 9000\r\n").status, 502);
  EXPECT_EQ(soon.requests(), 1U);
}

TEST_F(RetryTableTest, NoRoomGoesToTheNextAndGivesItsTokensBack) {
  EXPECT_EQ(falls_back_from(answers(429, R"({"error":{"message":"slow down"}})", "retry-after: 7\r\n")),
            (Kept{1, 0}));
}

TEST_F(RetryTableTest, KeyRefusedGoesToTheNextAndIsNotAskedAgain) {
  for (const int status : {401, 402, 403}) {
    SCOPED_TRACE(status);
    RawProvider bad(answers(status, R"({"error":{"message":"no"}})"));
    RawProvider good(serves());
    const std::string name = "bad" + std::to_string(status);
    start({limited(name, bad.port()), limited("good", good.port())});
    EXPECT_EQ(ask().field("x-weir-served-by"), "good/m");
    EXPECT_EQ(ask().field("x-weir-attempts"), "1");
    EXPECT_EQ(bad.requests(), 1U);
    EXPECT_EQ(kept(name), (Kept{1, 0}));
    stop();
  }
}

TEST_F(RetryTableTest, ModelRefusedGoesToTheNextAndIsNotAskedAgain) {
  RawProvider bad(answers(404, R"({"error":{"message":"no such model"}})"));
  RawProvider good(serves());
  start({limited("bad", bad.port()), limited("good", good.port())});
  EXPECT_EQ(ask().field("x-weir-served-by"), "good/m");
  EXPECT_EQ(ask().field("x-weir-attempts"), "1");
  EXPECT_EQ(bad.requests(), 1U);
  EXPECT_EQ(kept("bad"), (Kept{1, 0}));
}

TEST_F(RetryTableTest, TooLargeGoesToTheNext) {
  EXPECT_EQ(falls_back_from(answers(413, R"({"error":{"message":"too large"}})")), (Kept{1, 0}));
}

TEST_F(RetryTableTest, TooLargeEverywhereIsToldAsThat) {
  RawProvider bad(answers(413, R"({"error":{"message":"at most 6000 tokens"}})"));
  start({limited("one", bad.port()), limited("two", bad.port())});
  const RawAnswer answer = ask();
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.field("x-should-retry"), "false");
  const auto error = json::parse(answer.body)["error"];
  EXPECT_EQ(error["code"], "request_too_large");
  EXPECT_EQ(error["message"], "at most 6000 tokens");
  EXPECT_EQ(bad.requests(), 2U);
}

constexpr std::string_view kTooLong =
    R"({"error":{"message":"This model's maximum context length is 8192 tokens. However, you requested )"
    R"(20000 tokens","code":"context_length_exceeded"}})";

TEST_F(RetryTableTest, TooLongGoesToATargetWithALargerContextAndToNoOther) {
  RawProvider small(answers(400, kTooLong));
  RawProvider other(serves());
  RawProvider large(serves());
  start({limited("small", small.port(), 8192), limited("same", other.port(), 8192),
         limited("unknown", other.port()), limited("little-larger", other.port(), 16'384),
         limited("large", large.port(), 131'072)});
  const RawAnswer answer = ask();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("x-weir-served-by"), "large/m");
  EXPECT_EQ(small.requests(), 1U);
  EXPECT_EQ(other.requests(), 0U);
  EXPECT_EQ(kept("small"), (Kept{1, 0}));
}

TEST_F(RetryTableTest, TooLongForAllIsToldAsThat) {
  RawProvider small(answers(400, kTooLong));
  RawProvider other(serves());
  start({limited("small", small.port(), 8192), limited("same", other.port(), 8192)});
  const RawAnswer answer = ask();
  EXPECT_EQ(answer.status, 400);
  const auto error = json::parse(answer.body)["error"];
  EXPECT_EQ(error["type"], "invalid_request_error");
  EXPECT_EQ(error["code"], "context_length_exceeded");
  EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("maximum context length is 8192"));
  EXPECT_EQ(small.requests(), 1U);
  EXPECT_EQ(other.requests(), 0U);
}

// Not "too long": it would fit there, and the client is told when.
TEST_F(RetryTableTest, TooLongWhileTheLargerHasNoRoomIsToldWithTheTime) {
  RawProvider small(answers(400, kTooLong));
  RawProvider large(serves());
  auto spent = limited("large", large.port(), 131'072);
  spent.limits = {requests_per_minute(1)};
  start({limited("small", small.port(), 8192), spent});
  EXPECT_EQ(ask().field("x-weir-served-by"), "large/m");
  const RawAnswer answer = ask();
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.field("retry-after"), "60");
}

TEST_F(RetryTableTest, ClientFaultIsPassedOnOnce) {
  for (const int status : {400, 422}) {
    SCOPED_TRACE(status);
    RawProvider strict(answers(status, R"({"error":{"message":"temperature is too high"}})"));
    RawProvider other(serves());
    const std::string name = "strict" + std::to_string(status);
    start({limited(name, strict.port()), limited("other", other.port())});
    const RawAnswer answer = ask();
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(json::parse(answer.body)["error"]["message"], "temperature is too high");
    EXPECT_EQ(strict.requests(), 1U);
    EXPECT_EQ(other.requests(), 0U);
    EXPECT_EQ(kept(name), (Kept{1, 0}));
    stop();
  }
}

TEST_F(RetryTableTest, BrokenAnswerCutShortGoesToTheNextAndKeepsItsEstimate) {
  expect_estimate(falls_back_from(sends(
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{\"choices\":[")));
}

TEST_F(RetryTableTest, BrokenAnswerThatIsNoJsonGoesToTheNextAndKeepsItsEstimate) {
  expect_estimate(falls_back_from(answers(200, "hello")));
}

TEST_F(RetryTableTest, BrokenStreamEndsHonestlyAndIsSettledWithWhatCame) {
  RawProvider bad(streams(std::string(kTextEvent)));
  RawProvider other(serves());
  start({limited("bad", bad.port()), limited("other", other.port())});
  const RawAnswer answer = ask_stream();
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("hello"));
  EXPECT_THAT(answer.body, HasSubstr(R"("finish_reason":"error")"));
  EXPECT_THAT(answer.body, Not(HasSubstr("[DONE]")));
  EXPECT_EQ(other.requests(), 0U);
  EXPECT_TRUE(eventually([&] { return kept("bad").tokens < kAnswerEstimate; }));
  EXPECT_EQ(kept("bad").requests, 1U);
  EXPECT_GT(kept("bad").tokens, 0U);
}

TEST_F(RetryTableTest, ClientGoneBeforeAnythingCameKeepsTheEstimateAndAsksNobodyElse) {
  std::atomic<bool> closed = false;
  RawProvider slow([&closed](RawConnection& peer) {
    if (peer.read_request() && peer.wait_for_close()) closed = true;
  });
  RawProvider other(serves());
  start({limited("slow", slow.port()), limited("other", other.port())});
  {
    RawClient client = connect();
    client.send(post(kPlain));
    ASSERT_TRUE(eventually([&] { return slow.requests() == 1; }));
  }
  ASSERT_TRUE(eventually([&] { return closed.load() && server_->connections() == 0; }));
  expect_estimate(kept("slow"));
  EXPECT_EQ(other.requests(), 0U);
}

TEST_F(RetryTableTest, ClientGoneBeforeTheFirstTokenOfAStreamIsSettledWithWhatCame) {
  std::atomic<bool> sent = false;
  std::atomic<bool> closed = false;
  RawProvider slow([&sent, &closed](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send(std::string(kStreamHead) + ": PROCESSING\n\n");
    sent = true;
    if (peer.wait_for_close()) closed = true;
  });
  start({limited("slow", slow.port())});
  {
    RawClient client = connect();
    client.send(post(kStreamed));
    ASSERT_TRUE(eventually([&] { return sent.load(); }));
    take_turns(*loop_);
  }
  ASSERT_TRUE(eventually([&] { return closed.load() && server_->connections() == 0; }));
  EXPECT_EQ(kept("slow").requests, 1U);
  EXPECT_GT(kept("slow").tokens, 0U);
  EXPECT_LT(kept("slow").tokens, kAnswerEstimate);
}

TEST_F(RetryTableTest, ServedIsDeliveredAndSettledWithWhatWasUsed) {
  RawProvider provider(serves());
  start({limited("only", provider.port())});
  EXPECT_EQ(ask().body, kGoodAnswer);
  EXPECT_TRUE(eventually([&] { return kept("only") == Kept{1, 11}; }));
}

// Three retries to begin with, and one more for five first tries. The fourth request gives up at once.
TEST_F(RetryTableTest, RetriesAtOneProviderAreBudgetedAndFallbacksAreNot) {
  RawProvider bad(answers(408, "{}"));
  start({limited("bad", bad.port())});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask_for_long().field("x-weir-attempts"), "2");
  const RawAnswer answer = ask();
  EXPECT_EQ(answer.status, 502);
  EXPECT_EQ(answer.field("x-weir-attempts"), "1");
  EXPECT_EQ(bad.requests(), 7U);
  stop();
  RawProvider good(serves());
  start({limited("bad", bad.port()), limited("good", good.port())});
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask().field("x-weir-served-by"), "good/m");
  EXPECT_EQ(good.requests(), 20U);
}

}  // namespace
}  // namespace weir::test
