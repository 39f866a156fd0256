#include <gmock/gmock.h>

#include <future>
#include <nlohmann/json.hpp>
#include <ostream>

#include "component/gateway/gateway_fixture.hpp"
#include "support/closed_port.hpp"
#include "weir/base/log.hpp"

namespace weir::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

// One way for a provider to fail before the client has seen a byte.
struct Failure {
  std::string name;
  RawProvider::Script script;
  std::string outcome;  // as x-weir-trail tells it
};

void PrintTo(const Failure& failure, std::ostream* out) {
  *out << failure.name;
}

std::vector<Failure> failures() {
  const auto bytes = [](std::string text) {
    return [text](RawConnection& peer) {
      if (!peer.read_request()) return;
      peer.send(text);
    };
  };
  const std::string json_head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ";
  return {
      {"ServerError", answers(500, R"({"error":{"message":"boom"}})"), "500"},
      {"Overloaded", answers(503, "<html>busy</html>"), "503"},
      {"RateLimited", answers(429, R"({"error":{"message":"slow down"}})", "retry-after: 7\r\n"), "429"},
      {"BadKey", answers(401, R"({"error":{"message":"bad key"}})"), "401"},
      {"Unpaid", answers(402, R"({"error":{"message":"pay"}})"), "402"},
      {"NotOnPlan", answers(403, R"({"message":"This model requires a paid plan"})"), "403"},
      {"TooManyAtOnce", answers(429, R"({"error":{"message":"too many concurrent requests"}})"), "429"},
      {"UpstreamsLimit", answers(429, R"({"error":{"message":"Provider returned error","code":429}})"),
       "429"},
      {"ClientBlocked", answers(403, "error code: 1010"), "403"},
      {"ModelGone", answers(404, R"({"error":{"message":"no such model"}})"), "404"},
      {"TooLargeForIt", answers(413, R"({"error":{"message":"too large"}})"), "413"},
      {"ClosesAtOnce", [](RawConnection& peer) { (void)peer.read_request(); }, "upstream_closed"},
      {"Resets",
       [](RawConnection& peer) {
         if (peer.read_request()) peer.reset();
       },
       "upstream_closed"},
      {"Garbage", bytes("SSH-2.0-OpenSSH_9.2\r\n\r\n"), "upstream_protocol"},
      {"TruncatedBody", bytes(json_head + "5000\r\n\r\n{\"choices\":["), "upstream_closed"},
      {"NotJson", bytes(json_head + "5\r\n\r\nhello"), "upstream_protocol"},
      {"NoObject", answers(200, "null"), "upstream_protocol"},
      {"NoChoices", answers(200, R"({"id":"c1","choices":null})"), "upstream_protocol"},
      {"ErrorInGoodAnswer", answers(200, R"({"error":{"message":"upstream down","code":502}})"),
       "200 with error 502"},
      {"Redirect", answers(302, "", "location: http://127.0.0.1:1/\r\n"), "302"},
  };
}

class Fallback : public GatewayTest, public ::testing::WithParamInterface<Failure> {};

TEST_P(Fallback, AnotherProviderServesAndTheClientSeesNothingOfIt) {
  RawProvider bad(GetParam().script);
  RawProvider good(serves());
  start({provider_at("bad", bad.port()), provider_at("good", good.port())});
  const RawAnswer answer = ask();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, kGoodAnswer);
  EXPECT_EQ(answer.field("x-weir-served-by"), "good/m");
  EXPECT_EQ(answer.field("x-weir-attempts"), "2");
  EXPECT_THAT(answer.field("x-weir-trail"), ::testing::StartsWith("bad/m#main=" + GetParam().outcome + "("));
  EXPECT_EQ(bad.requests(), 1U);
  EXPECT_EQ(good.requests(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Every, Fallback, ::testing::ValuesIn(failures()),
                         [](const auto& failure) { return failure.param.name; });

class FallbackRules : public GatewayTest {};

TEST_F(FallbackRules, AStreamWhoseFirstEventIsAnErrorStillFallsBack) {
  RawProvider bad(streams(": PROCESSING\n\ndata: {\"error\":{\"message\":\"no\",\"code\":429}}\n\n"));
  RawProvider good(streams(std::string(kTextEvent) + std::string(kStopEvent) + std::string(kDoneEvent)));
  start({provider_at("bad", bad.port()), provider_at("good", good.port())});
  const RawAnswer answer = ask_stream();
  EXPECT_EQ(answer.field("x-weir-served-by"), "good/m");
  EXPECT_THAT(answer.body, Not(HasSubstr("error")));
  EXPECT_THAT(answer.body, Not(HasSubstr("PROCESSING")));
}

TEST_F(FallbackRules, AStreamThatEndsBeforeItBeganFallsBack) {
  RawProvider bad(streams(": PROCESSING\n\n"));
  RawProvider good(streams(std::string(kTextEvent) + std::string(kDoneEvent)));
  start({provider_at("bad", bad.port()), provider_at("good", good.port())});
  EXPECT_EQ(ask_stream().field("x-weir-served-by"), "good/m");
}

// More than is held of a stream that has begun to speak.
TEST_F(FallbackRules, AStreamThatIsAllCommentsFallsBack) {
  std::string comments;
  for (int i = 0; i < 10'000; ++i) comments += ": PROCESSING\n\n";
  RawProvider bad(streams(comments));
  RawProvider good(streams(std::string(kTextEvent) + std::string(kDoneEvent)));
  start({provider_at("bad", bad.port()), provider_at("good", good.port())});
  EXPECT_EQ(ask_stream().field("x-weir-served-by"), "good/m");
}

TEST_F(FallbackRules, AStreamThatIsOverAtOnceFallsBack) {
  RawProvider bad(streams(std::string(kDoneEvent)));
  RawProvider good(streams(std::string(kTextEvent) + std::string(kDoneEvent)));
  start({provider_at("bad", bad.port()), provider_at("good", good.port())});
  EXPECT_EQ(ask_stream().field("x-weir-served-by"), "good/m");
}

TEST_F(FallbackRules, AProviderThatHangsLeavesTimeForTheNext) {
  RawProvider hangs([](RawConnection& peer) {
    if (!peer.read_request()) return;
    (void)peer.wait_for_close();
  });
  RawProvider good(serves());
  start({provider_at("hangs", hangs.port()), provider_at("good", good.port())});
  RawClient client = connect();
  client.send(post(R"({"model":"smart","stream":true,"messages":[{"role":"user","content":"hi"}]})"));
  ASSERT_TRUE(eventually([&] { return hangs.requests() == 1; }));
  advance(std::chrono::seconds(59));
  EXPECT_EQ(good.requests(), 0U);
  advance(std::chrono::seconds(2));  // past first_byte, and half of the deadline
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("x-weir-served-by"), "good/m");
}

TEST_F(FallbackRules, AClientsShorterDeadlineIsKept) {
  RawProvider hangs([](RawConnection& peer) {
    if (!peer.read_request()) return;
    (void)peer.wait_for_close();
  });
  start({provider_at("hangs", hangs.port())});
  RawClient client = connect();
  client.send(post(R"({"model":"smart","stream":true,"messages":[{"role":"user","content":"hi"}]})",
                   "x-weir-timeout-ms: 3000\r\n"));
  ASSERT_TRUE(eventually([&] { return hangs.requests() == 1; }));
  advance(std::chrono::milliseconds(3001));
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 504);
  EXPECT_EQ(answer.field("x-should-retry"), "false");
  EXPECT_EQ(nlohmann::json::parse(answer.body)["error"]["code"], "upstream_timeout");
}

constexpr std::string_view kLongPlain =
    R"({"model":"smart","max_tokens":2000,"messages":[{"role":"user","content":"hi"}]})";

void hang(RawConnection& peer) {
  if (peer.read_request()) (void)peer.wait_for_close();
}

// It may take half of the deadline and the time to write 2,000 tokens; the other half is still there.
TEST_F(FallbackRules, AProviderThatHangsLeavesTimeForTheNextOfAPlainAnswerToo) {
  RawProvider hangs(hang);
  RawProvider good(serves());
  start({provider_at("hangs", hangs.port()), provider_at("good", good.port())});
  RawClient client = connect();
  client.send(post(kLongPlain));
  ASSERT_TRUE(eventually([&] { return hangs.requests() == 1; }));
  advance(std::chrono::seconds(161));
  EXPECT_EQ(client.read_answer().field("x-weir-served-by"), "good/m");
}

// After that nobody hears an answer, whatever was granted for its writing.
TEST_F(FallbackRules, AProviderThatHangsLeavesHalfOfTheClientsOwnDeadline) {
  RawProvider hangs(hang);
  RawProvider good(serves());
  start({provider_at("hangs", hangs.port()), provider_at("good", good.port())});
  RawClient client = connect();
  client.send(post(kLongPlain, "x-stainless-timeout: 6\r\n"));
  ASSERT_TRUE(eventually([&] { return hangs.requests() == 1; }));
  advance(std::chrono::milliseconds(3001));
  EXPECT_EQ(client.read_answer().field("x-weir-served-by"), "good/m");
}

// An answer took four seconds: no reason to leave the next after three. Where that hangs a quarter is left.
TEST_F(FallbackRules, WhatAnAnswerTakesAsARuleIsLeftToIt) {
  std::atomic<bool> is_written = false;
  RawProvider slow([&](RawConnection& peer) {
    while (peer.read_request()) {
      if (slow.requests() == 3 && peer.wait_for_close()) return;
      if (!eventually([&] { return is_written.exchange(false); })) return;
      peer.send(RawProvider::answer(200, kGoodAnswer, "content-type: application/json\r\n"));
    }
  });
  RawProvider other(serves());
  start({provider_at("slow", slow.port()), provider_at("other", other.port())});
  const auto served_by = [&](std::string_view timeout, unsigned asked, Duration waits, bool is_heard) {
    RawClient client = connect();
    client.send(post(kLongPlain, "x-weir-timeout-ms: " + std::string(timeout) + "\r\n"));
    EXPECT_TRUE(eventually([&] { return slow.requests() == asked; }));
    advance(waits);
    take_turns(*loop_);
    is_written = is_heard;
    return client.read_answer().field("x-weir-served-by");
  };
  EXPECT_EQ(served_by("60000", 1, 4s, true), "slow/m");
  EXPECT_EQ(served_by("6000", 2, 4s, true), "slow/m");
  EXPECT_EQ(served_by("6000", 3, 4501ms, false), "other/m");
}

TEST_F(FallbackRules, AConnectionThatHangsLeavesTimeForTheNext) {
  std::atomic<bool> connected = false;
  RawProvider hangs([&connected](RawConnection& peer) {
    connected = true;
    (void)peer.wait_for_close();
  });
  RawProvider good(serves());
  gateway::Settings settings =
      settings_for({provider_at("hangs", hangs.port()), provider_at("good", good.port())});
  settings.endpoints[0].tls = true;  // the handshake gets no answer
  settings.routing.deadline = std::chrono::seconds(6);
  start_with(std::move(settings));
  RawClient client = connect();
  client.send(post(kLongPlain));
  ASSERT_TRUE(eventually([&] { return connected.load(); }));
  advance(std::chrono::milliseconds(3001));
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.field("x-weir-served-by"), "good/m");
  EXPECT_THAT(answer.field("x-weir-trail"), ::testing::StartsWith("hangs/m#main=tls_failed("));
}

TEST_F(FallbackRules, ARefusalWhoseWordsDoNotComeIsARefusalSoon) {
  std::atomic<bool> refused = false;
  RawProvider hangs([&refused](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send("HTTP/1.1 500 Oh\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{");
    refused = true;
    (void)peer.wait_for_close();
  });
  RawProvider good(serves());
  start({provider_at("hangs", hangs.port()), provider_at("good", good.port())});
  RawClient client = connect();
  client.send(post(kLongPlain));
  ASSERT_TRUE(eventually([&] { return refused.load(); }));
  take_turns(*loop_);
  advance(std::chrono::seconds(6));
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.field("x-weir-served-by"), "good/m");
  EXPECT_THAT(answer.field("x-weir-trail"), ::testing::StartsWith("hangs/m#main=500("));
}

// Nothing is kept for a fallback that will have no room before the deadline.
TEST_F(FallbackRules, WhatCannotServeInTimeIsGivenNoTime) {
  std::promise<void> go;
  const std::shared_future<void> gone = go.get_future().share();
  RawProvider spent(serves());
  RawProvider slow([&](RawConnection& peer) {
    if (!peer.read_request()) return;
    gone.wait();
    peer.send(RawProvider::answer(200, kGoodAnswer, "content-type: application/json\r\n"));
  });
  providers::Provider local = provider_at("slow", slow.port());
  local.timeouts.first_byte = std::chrono::seconds(120);
  quota::Limit one_a_day = requests_per_minute(1);
  one_a_day.period = quota::kDayPeriod;
  start({provider_at("spent", spent.port(), {one_a_day}), local});
  EXPECT_EQ(ask().field("x-weir-served-by"), "spent/m");
  RawClient client = connect();
  client.send(post(R"({"model":"smart","max_tokens":1,"messages":[{"role":"user","content":"hi"}]})"));
  ASSERT_TRUE(eventually([&] { return slow.requests() == 1; }));
  advance(std::chrono::seconds(100));
  go.set_value();
  EXPECT_EQ(client.read_answer().field("x-weir-served-by"), "slow/m");
}

TEST_F(FallbackRules, ThreeAttemptsAreTheMost) {
  RawProvider bad(answers(500, "{}"));
  std::vector<providers::Provider> providers;
  for (const char* name : {"a", "b", "c", "d"}) providers.push_back(provider_at(name, bad.port()));
  start(std::move(providers));
  const RawAnswer answer = ask();
  EXPECT_EQ(answer.status, 502);
  EXPECT_EQ(bad.requests(), 3U);
  EXPECT_EQ(answer.field("x-should-retry"), "false");
  const auto error = nlohmann::json::parse(answer.body)["error"];
  EXPECT_EQ(error["type"], "server_error");
  EXPECT_EQ(error["code"], "upstream_error");
  EXPECT_EQ(error["weir"]["attempts"].size(), 3U);
  EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("\"smart\" failed"));
}

TEST_F(FallbackRules, TheOnlyTargetIsTriedOnceMoreAfterABackoff) {
  std::atomic<int> asked = 0;
  RawProvider flaky([&asked](RawConnection& peer) {
    while (peer.read_request())
      peer.send(asked++ == 0 ? RawProvider::answer(500, "{}")
                             : RawProvider::answer(200, kGoodAnswer, "content-type: application/json\r\n"));
  });
  start({provider_at("flaky", flaky.port())});
  RawClient client = connect();
  client.send(post(R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})"));
  ASSERT_TRUE(eventually([&] { return asked == 1; }));
  ASSERT_TRUE(eventually([&] {
    advance(std::chrono::milliseconds(50));
    return asked == 2;
  }));
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("x-weir-attempts"), "2");
}

TEST_F(FallbackRules, ButNeverMoreThanTwice) {
  RawProvider bad(answers(500, "{}"));
  start({provider_at("bad", bad.port())});
  RawClient client = connect();
  client.send(post(R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})"));
  ASSERT_TRUE(eventually([&] {
    advance(std::chrono::milliseconds(50));
    return client.has_input();
  }));
  EXPECT_EQ(client.read_answer().status, 502);
  EXPECT_EQ(bad.requests(), 2U);
}

TEST_F(FallbackRules, AHintThatLeavesNoTimeForAnotherTryIsNotWaitedFor) {
  RawProvider busy(answers(503, "{}", "retry-after: 2\r\n"));
  start({provider_at("busy", busy.port())});
  const RawAnswer answer =
      chat(R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})", "x-weir-timeout-ms: 2100\r\n");
  EXPECT_EQ(answer.status, 502);
  EXPECT_EQ(busy.requests(), 1U);
}

// A larger context is no help where its target takes no tools.
TEST_F(FallbackRules, APromptTooLongForAllThatCanServeIsToldAsThat) {
  const auto code_after = [this](int status, std::string_view words) {
    RawProvider small(answers(status, words));
    RawProvider large(serves());
    providers::Provider without_tools = provider_at("large" + std::to_string(status), large.port());
    without_tools.models[0].context = 128'000;
    without_tools.models[0].capabilities_known = true;
    start({provider_at("small" + std::to_string(status), small.port()), without_tools});
    const RawAnswer answer = chat(R"({"model":"smart","messages":[{"role":"user","content":"hi"}],)"
                                  R"("tools":[{"type":"function","function":{"name":"f"}}]})");
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(large.requests(), 0U);
    stop();
    return nlohmann::json::parse(answer.body)["error"]["code"];
  };
  EXPECT_EQ(code_after(400, R"({"error":{"message":"This model's maximum context length is 4096 tokens. )"
                            R"(However, you requested 5000 tokens","code":"context_length_exceeded"}})"),
            "context_length_exceeded");
  EXPECT_EQ(code_after(413, R"({"error":{"message":"too large"}})"), "request_too_large");
}

TEST_F(FallbackRules, AConnectionThatIsRefusedSpendsNoQuota) {
  const ClosedPort nobody;
  RawProvider good(serves());
  start({provider_at("down", nobody.port(), {requests_per_minute(1)}), provider_at("good", good.port())});
  for (int i = 0; i < 3; ++i) {
    const RawAnswer answer = ask();
    ASSERT_EQ(answer.status, 200);
    // Each time it is tried first: the one request a minute was never spent.
    EXPECT_THAT(answer.field("x-weir-trail"), ::testing::StartsWith("down/m#main=connect_failed("));
  }
}

TEST_F(FallbackRules, TheClientsOwnMistakeIsPassedOnOnceWithTheProvidersWords) {
  log::hide(Secret("gsk-planted-88"));
  RawProvider strict(
      answers(422, R"x({"error":{"message":"temperature must be at most 2 (key gsk-planted-88)"}})x"));
  RawProvider other(serves());
  start({provider_at("strict", strict.port()), provider_at("other", other.port())});
  const RawAnswer answer = ask();
  EXPECT_EQ(answer.status, 422);
  const auto error = nlohmann::json::parse(answer.body)["error"];
  EXPECT_EQ(error["type"], "invalid_request_error");
  EXPECT_EQ(error["message"], "temperature must be at most 2 (key ***)");
  EXPECT_EQ(strict.requests() + other.requests(), 1U);
}

// Of a plan that lacks the model no wait makes one that has it.
TEST_F(FallbackRules, AModelThatIsNotOnThePlanIsNotTriedAgain) {
  RawProvider bad(answers(429, R"({"message":"slow down"})", "x-ratelimit-limit-req-minute: 0\r\n"));
  RawProvider good(serves());
  start({provider_at("bad", bad.port()), provider_at("good", good.port())});
  for (int i = 0; i < 3; ++i) ASSERT_EQ(ask().status, 200);
  EXPECT_EQ(bad.requests(), 1U);
}

TEST_F(FallbackRules, ARefusedKeyIsNotTriedAgain) {
  RawProvider bad(answers(401, R"({"error":{"message":"bad key"}})"));
  RawProvider good(serves());
  start({provider_at("bad", bad.port()), provider_at("good", good.port())});
  for (int i = 0; i < 3; ++i) ASSERT_EQ(ask().status, 200);
  EXPECT_EQ(bad.requests(), 1U);
}

}  // namespace
}  // namespace weir::test
