#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>

#include "component/gateway/gateway_fixture.hpp"
#include "weir/base/log.hpp"

namespace weir::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Keeps the requests that a script saw.
class Recorder {
 public:
  RawProvider::Script then(RawProvider::Script answer_all) {
    return [this, answer_all](RawConnection& peer) {
      while (const auto request = peer.read_request()) {
        {
          const std::lock_guard lock(mutex_);
          seen_.push_back(*request);
        }
        peer.send(
            RawProvider::answer(200, kGoodAnswer, "content-type: application/json\r\nx-private: 1\r\n"));
      }
    };
  }
  RawRequest last() {
    const std::lock_guard lock(mutex_);
    return seen_.back();
  }

 private:
  std::mutex mutex_;
  std::vector<RawRequest> seen_;
};

class Relay : public GatewayTest {
 protected:
  // What a client gets of a stream whose provider sends `first`, and `rest` only once something of it has
  // arrived there.
  RawAnswer ask_across_a_pause(const std::string& first, const std::string& rest) {
    std::mutex gate;
    gate.lock();
    RawProvider provider([&](RawConnection& peer) {
      if (!peer.read_request()) return;
      peer.send(std::string(kStreamHead) + first);
      const std::lock_guard wait(gate);
      peer.send(rest);
    });
    start({provider_at("groq", provider.port())});
    RawClient client = connect();
    client.send(post(R"({"model":"smart","stream":true,"messages":[{"role":"user","content":"hi"}]})"));
    EXPECT_TRUE(eventually([&] { return client.has_input(); }));  // while the provider still waits
    gate.unlock();
    return client.read_answer();
  }
};

TEST_F(Relay, APlainAnswerComesBackAsTheProviderWroteIt) {
  RawProvider provider(serves());
  start({provider_at("groq", provider.port())});
  const RawAnswer answer = ask();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, kGoodAnswer);
  EXPECT_EQ(answer.field("content-type"), "application/json");
  EXPECT_EQ(answer.field("x-weir-served-by"), "groq/m");
  EXPECT_EQ(answer.field("x-weir-key"), "main");
  EXPECT_EQ(answer.field("x-weir-attempts"), "1");
  EXPECT_EQ(answer.field("x-weir-trail"), "groq/m#main=ok");
  EXPECT_THAT(answer.field("x-request-id"), ::testing::StartsWith("req_"));
  EXPECT_NE(answer.field("openai-processing-ms"), "");
  EXPECT_NE(answer.field("x-weir-overhead-us"), "");
}

// x-weir-overhead-us is our own time: where only the provider lets time pass, it is none.
TEST_F(Relay, TheTimeThatAProviderTakesIsNotOurs) {
  for (const bool is_stream : {false, true}) {
    RawProvider provider([&](RawConnection& peer) {
      if (!peer.read_request()) return;
      advance(std::chrono::seconds(2));
      peer.send(is_stream ? std::string(kStreamHead) : "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
      advance(std::chrono::seconds(3));
      peer.send(is_stream ? std::string(kTextEvent) + std::string(kStopEvent) + std::string(kDoneEvent)
                          : std::string(kGoodAnswer));
    });
    start({provider_at("groq", provider.port())});
    const RawAnswer answer = is_stream ? ask_stream() : ask();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.field("x-weir-overhead-us"), "0");
    EXPECT_EQ(answer.field("openai-processing-ms"), "5000");
    stop();
  }
}

TEST_F(Relay, OnlyTheModelChangesInTheBodyAndHeadersAreOurs) {
  Recorder recorder;
  RawProvider provider(recorder.then(serves()));
  auto configured = provider_at("groq", provider.port());
  configured.keys[0].value = Secret("gsk-upstream-key");
  start({configured});
  const RawAnswer answer = chat(
      R"({ "temperature":1.50,"model" : "smart", "messages":[{"role":"user","content":"hi\u00e9"}],"x":[1e400] })",
      "authorization: Bearer client-key\r\ncookie: a=b\r\nx-forwarded-for: 9.9.9.9\r\n"
      "x-weir-timeout-ms: 5000\r\ntraceparent: 00-abc-def-01\r\n"
      "connection: keep-alive, tracestate\r\ntracestate: vendor=1\r\n");
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("x-private"), "");
  const RawRequest seen = recorder.last();
  EXPECT_EQ(
      seen.body,
      R"({ "temperature":1.50,"model" : "upstream-m", "messages":[{"role":"user","content":"hi\u00e9"}],"x":[1e400] })");
  EXPECT_EQ(seen.line(), "POST /v1/chat/completions HTTP/1.1");
  EXPECT_EQ(seen.field("authorization"), "Bearer gsk-upstream-key");
  EXPECT_EQ(seen.field("accept-encoding"), "identity");
  EXPECT_EQ(seen.field("traceparent"), "00-abc-def-01");
  EXPECT_THAT(seen.head, Not(HasSubstr("client-key")));
  for (const char* name : {"cookie", "x-forwarded-for", "x-weir-timeout-ms", "tracestate"})
    EXPECT_FALSE(seen.field(name)) << name;
}

TEST_F(Relay, OneUpstreamConnectionServesManyRequests) {
  RawProvider provider(serves());
  start({provider_at("groq", provider.port())});
  for (int i = 0; i < 5; ++i) ASSERT_EQ(ask().status, 200);
  EXPECT_EQ(provider.connections(), 1U);
  EXPECT_EQ(provider.requests(), 5U);
}

TEST_F(Relay, StreamedBytesPassUnchanged) {
  const std::string all =
      ": hi\r\n\r\n" + std::string(kTextEvent) + std::string(kStopEvent) + std::string(kDoneEvent);
  RawProvider provider(streams(all));
  start({provider_at("groq", provider.port())});
  const RawAnswer answer = ask_stream();
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.body, all);
  EXPECT_THAT(answer.field("content-type"), HasSubstr("text/event-stream"));
  EXPECT_EQ(answer.field("x-weir-served-by"), "groq/m");
}

TEST_F(Relay, AnEventIsPassedOnBeforeTheNextOneExists) {
  const RawAnswer answer =
      ask_across_a_pause(std::string(kTextEvent), std::string(kStopEvent) + std::string(kDoneEvent));
  EXPECT_THAT(answer.body, HasSubstr("[DONE]"));
}

// A provider that says much before it says anything: from then on it is the one.
TEST_F(Relay, NoMoreThan16KiBOfAStreamAreHeldBack) {
  constexpr std::string_view kSaysNothing =
      "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{"
      "\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n";
  std::string much;
  while (much.size() <= 16 * 1024) much += kSaysNothing;
  const RawAnswer answer =
      ask_across_a_pause(much, std::string(kTextEvent) + std::string(kStopEvent) + std::string(kDoneEvent));
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, testing::StartsWith(much));
  EXPECT_THAT(answer.body, HasSubstr("[DONE]"));
}

TEST_F(Relay, UsageIsAskedForButOnlyShownToAClientThatAskedToo) {
  static constexpr providers::Preset kAsks{.name = "asks",
                                           .base_url = {},
                                           .key_variables = {},
                                           .models = {},
                                           .limits = {},
                                           .plans = {},
                                           .headers = {},
                                           .charge = {},
                                           .stream_usage = providers::StreamUsage::ask};
  std::mutex mutex;
  std::string body;
  RawProvider provider([&](RawConnection& peer) {
    const auto request = peer.read_request();
    if (!request) return;
    {
      const std::lock_guard lock(mutex);
      body = request->body;
    }
    peer.send(kStreamHead);
    for (const auto event : {kTextEvent, kStopEvent, kUsageEvent, kDoneEvent}) peer.send(event);
  });
  auto configured = provider_at("groq", provider.port());
  configured.preset = &kAsks;
  start({configured});
  EXPECT_THAT(ask_stream().body, Not(HasSubstr("\"usage\"")));
  {
    const std::lock_guard lock(mutex);
    EXPECT_EQ(nlohmann::json::parse(body)["stream_options"]["include_usage"], true);
  }
  const RawAnswer asked = chat(
      R"({"model":"smart","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]})");
  EXPECT_THAT(asked.body, HasSubstr("\"usage\""));
}

TEST_F(Relay, APlainAnswerToWhoAskedForAStreamIsToldAsOne) {
  RawProvider provider(serves());
  start({provider_at("groq", provider.port())});
  const RawAnswer answer = ask_stream();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("content-type"), "text/event-stream; charset=utf-8");
  EXPECT_EQ(answer.field("x-weir-served-by"), "groq/m");
  EXPECT_EQ(answer.body.substr(0, 6), "data: ");
  EXPECT_THAT(answer.body, ::testing::EndsWith("data: [DONE]\n\n"));
  const std::string said = nlohmann::json::parse(kGoodAnswer)["choices"][0]["message"]["content"];
  EXPECT_THAT(answer.body, HasSubstr("\"delta\":{\"content\":\"" + said + "\""));
  EXPECT_THAT(answer.body, Not(HasSubstr("\"usage\"")));
}

TEST_F(Relay, APlainAnswerThatCannotBeToldAsAStreamFallsBack) {
  RawProvider odd(
      answers(200, R"({"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[1]})"));
  RawProvider good(serves());
  start({provider_at("odd", odd.port()), provider_at("good", good.port())});
  const RawAnswer answer = ask_stream();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("x-weir-served-by"), "good/m");
  EXPECT_EQ(answer.field("x-weir-attempts"), "2");
  EXPECT_THAT(answer.body, ::testing::EndsWith("data: [DONE]\n\n"));
}

TEST_F(Relay, AStreamThatBreaksAfterContentEndsHonestlyAndIsNotSplicedWithAnother) {
  RawProvider broken([](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n");
    peer.send("9c\r\n" + std::string(kTextEvent) + "\r\n");
    peer.reset();
  });
  static_assert(kTextEvent.size() == 0x9c);
  RawProvider other(streams(std::string(kTextEvent) + std::string(kDoneEvent)));
  start({provider_at("broken", broken.port()), provider_at("other", other.port())});
  const RawAnswer answer = ask_stream();
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("hello"));
  EXPECT_THAT(answer.body, HasSubstr("\n\ndata: {\"error\":{"));
  EXPECT_THAT(answer.body,
              HasSubstr(R"({"id":"c1","object":"chat.completion.chunk","created":1,"model":"upstream-m",)"
                        R"("choices":[{"index":0,"delta":{},"finish_reason":"error"}]})"));
  EXPECT_THAT(answer.body, Not(HasSubstr("[DONE]")));
  EXPECT_EQ(other.requests(), 0U);
}

TEST_F(Relay, AStreamThatJustEndsIsATruncationToo) {
  RawProvider provider(streams(std::string(kTextEvent)));
  start({provider_at("groq", provider.port())});
  const RawAnswer answer = ask_stream();
  EXPECT_THAT(answer.body, HasSubstr("\"error\""));
  EXPECT_THAT(answer.body, Not(HasSubstr("[DONE]")));
}

TEST_F(Relay, AProvidersErrorInMidStreamKeepsItsWordsButNoKey) {
  log::hide(Secret("gsk-planted-77"));
  const RawAnswer answer = ask_across_a_pause(
      std::string(kTextEvent),
      "data: {\"error\":{\"message\":\"lost gsk-planted-77 in the river\",\"code\":502}}\n\n");
  EXPECT_THAT(answer.body, HasSubstr("in the river"));
  EXPECT_THAT(answer.body, Not(HasSubstr("gsk-planted-77")));
}

TEST_F(Relay, AProvidersContentTypeBringsNoKeyAlong) {
  log::hide(Secret("gsk-planted-66"));
  RawProvider provider([](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send(
        "HTTP/1.1 200 gsk-planted-66\r\ncontent-type: application/json; for=gsk-planted-66\r\n"
        "x-key: gsk-planted-66\r\ncontent-length: " +
        std::to_string(kGoodAnswer.size()) + "\r\n\r\n" + std::string(kGoodAnswer));
  });
  start({provider_at("groq", provider.port())});
  const RawAnswer answer = ask();
  EXPECT_EQ(answer.field("content-type"), "application/json; for=***");
  for (const auto& [name, value] : answer.fields) EXPECT_THAT(value, Not(HasSubstr("gsk-planted"))) << name;
}

TEST_F(Relay, ASlowProviderIsGivenUpAfterItsIdleTimeout) {
  RawProvider provider([](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send(std::string(kStreamHead) + std::string(kTextEvent));
    (void)peer.wait_for_close();
  });
  start({provider_at("groq", provider.port())});
  RawClient client = connect();
  client.send(post(R"({"model":"smart","stream":true,"messages":[{"role":"user","content":"hi"}]})"));
  ASSERT_TRUE(eventually([&] { return client.has_input(); }));
  advance(std::chrono::seconds(119));
  EXPECT_EQ(provider.open_connections(), 1U);
  advance(std::chrono::seconds(2));
  const RawAnswer answer = client.read_answer();
  EXPECT_THAT(answer.body, HasSubstr("\"finish_reason\":\"error\""));
  EXPECT_THAT(answer.body, HasSubstr("groq/m sent nothing for timeouts.idle, 2m"));
  EXPECT_THAT(answer.body, Not(HasSubstr("127.0.0.1"))) << "where a provider stands is nobody's business";
}

TEST_F(Relay, AStreamThatTakesTooLongInAllIsToldSo) {
  RawProvider provider([](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send(std::string(kStreamHead) + std::string(kTextEvent));
    (void)peer.wait_for_close();
  });
  auto configured = provider_at("groq", provider.port());
  configured.timeouts.total = std::chrono::seconds(20);
  start({configured});
  RawClient client = connect();
  client.send(post(R"({"model":"smart","stream":true,"messages":[{"role":"user","content":"hi"}]})"));
  ASSERT_TRUE(eventually([&] { return client.has_input(); }));
  advance(std::chrono::seconds(21));
  EXPECT_THAT(client.read_answer().body,
              HasSubstr("groq/m had not come to its end when timeouts.total was over, 20s"));
}

TEST_F(Relay, AnAnswerThatHasSaidAllIsWholeHoweverItsConnectionEnds) {
  RawProvider provider([](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 100000\r\n\r\n" +
              std::string(kTextEvent) + std::string(kStopEvent));
  });
  gateway::Settings settings = settings_for({provider_at("groq", provider.port())});
  settings.routing.breaker.failures = 1;
  start_with(std::move(settings));
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(ask_stream().body, std::string(kTextEvent) + std::string(kStopEvent) + std::string(kDoneEvent));
}

TEST_F(Relay, OfTwoAnswersTheFirstAloneProvesNoEnd) {
  RawProvider provider([](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 100000\r\n\r\n" +
              std::string(kTextEvent) + std::string(kStopEvent));
  });
  start({provider_at("groq", provider.port())});
  const RawAnswer answer =
      chat(R"({"model":"smart","stream":true,"n":2,"messages":[{"role":"user","content":"hi"}]})");
  EXPECT_THAT(answer.body, HasSubstr("\"finish_reason\":\"error\""));
  EXPECT_THAT(answer.body, Not(HasSubstr("[DONE]")));
}

TEST_F(Relay, AnAnswerThatHasSaidAllAndDoesNotEndIsWaitedForOnlyShortly) {
  RawProvider provider([](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send(std::string(kStreamHead) + std::string(kTextEvent) + std::string(kStopEvent));
    (void)peer.wait_for_close();
  });
  start({provider_at("groq", provider.port())});
  RawClient client = connect();
  client.send(post(R"({"model":"smart","stream":true,"messages":[{"role":"user","content":"hi"}]})"));
  ASSERT_TRUE(eventually([&] { return client.has_input(); }));
  advance(std::chrono::seconds(6));
  EXPECT_EQ(client.read_answer().body,
            std::string(kTextEvent) + std::string(kStopEvent) + std::string(kDoneEvent));
}

// It may come late, or never; time stands still here.
TEST_F(Relay, NobodyWaitsForTheFramingsEndBehindDone) {
  std::atomic<bool> may_end = false;
  RawProvider provider([&](RawConnection& peer) {
    const std::string events = std::string(kTextEvent) + std::string(kStopEvent) + std::string(kDoneEvent);
    std::ostringstream size;
    size << std::hex << events.size();
    while (peer.read_request()) {
      peer.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n" +
                size.str() + "\r\n" + events + "\r\n");
      (void)eventually([&] { return may_end.load(); });
      peer.send("0\r\n\r\n");
    }
  });
  const quota::Limit one_at_once{.dimension = quota::Dimension::in_flight, .amount = 1};
  start({provider_at("groq", provider.port(), {one_at_once})});
  RawClient client = connect();
  const std::string request =
      post(R"({"model":"smart","stream":true,"messages":[{"role":"user","content":"hi"}]})");
  ASSERT_TRUE(eventually([&] { return server_->connections() == 1; }));
  take_turns(*loop_);
  const std::size_t tasks = loop_->tasks();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(client.exchange(request).status, 200) << i;
  EXPECT_EQ(provider.connections(), 2U);
  may_end = true;
  ASSERT_TRUE(eventually([&] { return loop_->tasks() == tasks; }));
  EXPECT_EQ(client.exchange(request).status, 200);
  EXPECT_EQ(provider.connections(), 2U) << "a connection that was read to its end is used again";
}

}  // namespace
}  // namespace weir::test
