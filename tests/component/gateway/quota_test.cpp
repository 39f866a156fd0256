#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "component/gateway/gateway_fixture.hpp"
#include "support/log_file.hpp"

namespace weir::test {
namespace {

using nlohmann::json;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

class Quota : public GatewayTest {};

TEST_F(Quota, WhenOneRunsDryTheNextTakesOverAndThenItSaysWhen) {
  RawProvider first(serves());
  RawProvider second(serves());
  start({provider_at("first", first.port(), {requests_per_minute(2)}),
         provider_at("second", second.port(), {requests_per_minute(1)})});
  EXPECT_EQ(ask().field("x-weir-served-by"), "first/m");
  EXPECT_EQ(ask().field("x-weir-served-by"), "first/m");
  EXPECT_EQ(ask().field("x-weir-served-by"), "second/m");
  advance(1s);
  const RawAnswer dry = ask();
  EXPECT_EQ(dry.status, 429);
  const auto error = json::parse(dry.body)["error"];
  EXPECT_EQ(error["type"], "rate_limit_error");
  EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("all 2 targets of \"smart\" are out of quota"));
  EXPECT_EQ(error["weir"]["attempts"].size(), 2U);
  EXPECT_EQ(first.requests() + second.requests(), 3U);  // no request was spent on finding out
  const auto wait = std::chrono::milliseconds(std::stoll(dry.field("retry-after-ms")));
  EXPECT_LE(wait, 60s);
  advance(wait - 1ms);
  EXPECT_EQ(ask().status, 429);
  advance(1ms);
  EXPECT_EQ(ask().status, 200);  // at the moment it named
}

TEST_F(Quota, ARefusalTellsTheWindowsOfWhatIsBackFirst) {
  RawProvider provider(serves());
  start({provider_at("groq", provider.port(), {requests_per_minute(1)})});
  EXPECT_EQ(ask().status, 200);
  const RawAnswer dry = ask();
  EXPECT_EQ(dry.status, 429);
  EXPECT_EQ(dry.field("x-ratelimit-limit-requests"), "1");
  EXPECT_EQ(dry.field("x-ratelimit-remaining-requests"), "0");
}

// Two tries at one provider are the most; that its third account has room must not be denied.
TEST_F(Quota, WhereTriesRunOutBeforeTheRoomDoesThatIsSaid) {
  std::atomic<int> asked = 0;
  RawProvider provider([&asked](RawConnection& peer) {
    while (peer.read_request())
      peer.send(asked++ < 2
                    ? RawProvider::answer(429, R"({"error":{"message":"slow down"}})", "retry-after: 50\r\n")
                    : RawProvider::answer(200, kGoodAnswer));
  });
  providers::Provider three = provider_at("three", provider.port());
  three.keys.clear();
  for (const char* name : {"a", "b", "c"})
    three.keys.push_back({.label = name, .value = {}, .account = name});
  start({three});
  const RawAnswer spent = ask();
  EXPECT_EQ(spent.status, 429);
  EXPECT_EQ(spent.field("x-should-retry"), "");
  EXPECT_THAT(spent.body,
              HasSubstr("found no room, and a request may make no more; other targets have room"));
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(ask().status, 200);
}

// What another provider's limit keeps is back soon; an SDK may come again.
TEST_F(Quota, WhatIsLimitedUpstreamIsBackInAMoment) {
  RawProvider provider(answers(429, R"({"error":{"message":"Provider returned error","code":429}})"));
  start({provider_at("router", provider.port())});
  const RawAnswer answer = ask();
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.field("x-should-retry"), "");
  EXPECT_THAT(answer.body, HasSubstr("is overloaded; it is back at"));
}

TEST_F(Quota, ManyClientsAtOnceSendExactlyWhatThereIsRoomFor) {
  RawProvider provider(serves());
  start({provider_at("groq", provider.port(), {requests_per_minute(7)})});
  std::array<int, 20> statuses{};
  {
    std::vector<std::jthread> clients;
    for (int& status : statuses) clients.emplace_back([this, &status] { status = ask().status; });
  }
  EXPECT_EQ(std::ranges::count(statuses, 200), 7);
  EXPECT_EQ(std::ranges::count(statuses, 429), 13);
  EXPECT_EQ(provider.requests(), 7U);
}

// A provider that errs, or lies, closes nobody's windows; what it says is passed on as it stands.
TEST_F(Quota, UsageThatCannotBeIsChargedByTheEstimateAndToldOnce) {
  constexpr std::string_view kLie =
      R"({"id":"c1","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},)"
      R"("finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":900000000,)"
      R"("total_tokens":900000009}})";
  RawProvider plain(answers(200, kLie));
  RawProvider streamed(
      streams(std::string(kTextEvent) + std::string(kStopEvent) +
              "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":800000,\"completion_tokens\":2}}\n\n" +
              std::string(kDoneEvent)));
  auto first = provider_at("first", plain.port(), {tokens_per_minute(1000)});
  auto second = provider_at("second", streamed.port(), {tokens_per_minute(1000)});
  start({std::move(first), std::move(second)});
  const LogFile log;
  for (int i = 0; i < 3; ++i) {
    const RawAnswer answer = chat(R"({"model":"first/m","messages":[{"role":"user","content":"hi"}]})");
    EXPECT_THAT(answer.body, HasSubstr("900000000"));
    EXPECT_GT(std::stoi(answer.field("x-ratelimit-remaining-tokens")), 0);
    const RawAnswer stream =
        chat(R"({"model":"second/m","stream":true,"messages":[{"role":"user","content":"hi"}]})");
    EXPECT_THAT(stream.body, EndsWith("[DONE]\n\n"));
  }
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(plain.requests(), 4U);
  EXPECT_EQ(streamed.requests(), 3U);
  stop();
  EXPECT_EQ(log.count("\"usage_not_believed\""), 2U);
  EXPECT_EQ(log.count(R"("target":"first/m")"), 1U);
}

// As OpenAI's SDKs and their users read them; of the window that is nearest to its end.
TEST_F(Quota, AnswersSayWhatIsLeft) {
  RawProvider provider(serves());
  quota::Limit daily = requests_per_minute(1000);
  daily.period = quota::kDayPeriod;
  start({provider_at("one", provider.port(), {requests_per_minute(10), daily, tokens_per_minute(8000)}),
         provider_at("two", provider.port())});
  const RawAnswer answer = ask();
  EXPECT_EQ(answer.field("x-ratelimit-limit-requests"), "10");
  EXPECT_EQ(answer.field("x-ratelimit-remaining-requests"), "9");
  EXPECT_EQ(answer.field("x-ratelimit-limit-tokens"), "8000");
  EXPECT_THAT(answer.field("x-ratelimit-reset-requests"), testing::MatchesRegex("1m[01]s"));
  const RawAnswer stream = ask_stream();
  EXPECT_EQ(stream.field("x-ratelimit-remaining-requests"), "8");
}

TEST_F(Quota, WhatNobodyKnowsIsNotSaid) {
  RawProvider provider(serves());
  start({provider_at("one", provider.port())});
  const RawAnswer answer = ask();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("x-ratelimit-limit-requests"), "");
  EXPECT_EQ(answer.field("x-ratelimit-remaining-tokens"), "");
}

TEST_F(Quota, A429CoolsDownTheModelThatWasRefusedAndNoOther) {
  std::atomic<int> refused = 0;
  RawProvider provider([&refused](RawConnection& peer) {
    while (const auto request = peer.read_request()) {
      const bool other = request->body.find("upstream-other") != std::string::npos;
      if (!other) ++refused;
      peer.send(other ? RawProvider::answer(200, kGoodAnswer, "content-type: application/json\r\n")
                      : RawProvider::answer(429, R"({"error":{"message":"slow"}})", "retry-after: 20\r\n"));
    }
  });
  auto configured = provider_at("groq", provider.port());
  providers::Model other = make_model("other");
  other.id = "upstream-other";
  configured.models.push_back(other);
  start({configured});
  const RawAnswer first = ask();
  EXPECT_EQ(first.status, 429);
  EXPECT_EQ(first.field("retry-after"), "20");
  EXPECT_EQ(ask().status, 429);
  EXPECT_EQ(refused, 1);  // known to be refused: not asked again
  EXPECT_EQ(chat(R"({"model":"groq/other","messages":[{"role":"user","content":"hi"}]})").status, 200);
  advance(20s);
  ask();
  EXPECT_EQ(refused, 2);
}

// "At once" is when the refused request came: the next would be refused too.
TEST_F(Quota, ARetryAfterOfZeroIsAMomentAllTheSame) {
  std::atomic<int> refused = 0;
  RawProvider provider([&refused](RawConnection& peer) {
    while (peer.read_request()) {
      ++refused;
      peer.send(RawProvider::answer(429, R"({"error":{"message":"slow"}})", "retry-after: 0\r\n"));
    }
  });
  start({provider_at("groq", provider.port())});
  const RawAnswer first = ask();
  EXPECT_EQ(first.status, 429);
  EXPECT_EQ(first.field("retry-after"), "1");
  EXPECT_EQ(ask().status, 429);
  EXPECT_EQ(refused, 1);
  advance(1s);
  ask();
  EXPECT_EQ(refused, 2);
}

TEST_F(Quota, ALongWaitIsCalledExhaustedAndSdksAreToldNotToRetry) {
  RawProvider provider(answers(429, R"({"error":{"message":"daily"}})", "retry-after: 19260\r\n"));
  start({provider_at("gemini", provider.port())});
  const RawAnswer answer = ask();
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.field("x-should-retry"), "false");
  EXPECT_EQ(answer.field("retry-after"), "19260");
  const auto error = json::parse(answer.body)["error"];
  EXPECT_EQ(error["type"], "insufficient_quota");
  EXPECT_THAT(error["message"].get<std::string>(),
              HasSubstr("is back at 2026-11-24T05:21:00Z (gemini, in 5h 21m)"));
}

TEST_F(Quota, HeadersOfGoodAnswersCorrectTheCounts) {
  static constexpr std::array<providers::HeaderRule, 2> kRules{{
      {"x-ratelimit-limit-requests", quota::Dimension::requests, quota::kMinutePeriod,
       providers::HeaderField::limit, providers::ValueFormat::count},
      {"x-ratelimit-remaining-requests", quota::Dimension::requests, quota::kMinutePeriod,
       providers::HeaderField::remaining, providers::ValueFormat::count},
  }};
  static constexpr providers::Preset kTells{.name = "tells",
                                            .base_url = {},
                                            .key_variables = {},
                                            .models = {},
                                            .limits = {},
                                            .plans = {},
                                            .headers = kRules,
                                            .charge = {},
                                            .stream_usage = providers::StreamUsage::never};
  RawProvider provider(
      answers(200, kGoodAnswer, "x-ratelimit-limit-requests: 30\r\nx-ratelimit-remaining-requests: 0\r\n"));
  auto configured = provider_at("groq", provider.port(), {requests_per_minute(30)});
  configured.preset = &kTells;
  start({configured});
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(ask().status, 429);  // somebody else used the other 29
  EXPECT_EQ(provider.requests(), 1U);
}

TEST_F(Quota, TokensSettleToWhatWasUsed) {
  RawProvider provider(serves());  // says 11 tokens
  start({provider_at("groq", provider.port(), {tokens_per_minute(1100)})});
  // Each holds the typical output of 512 tokens and more while it is under way, and gives most of it back.
  for (int i = 0; i < 50; ++i) ASSERT_EQ(ask().status, 200) << i;
}

TEST_F(Quota, ConcurrencyIsInFlightNow) {
  std::mutex gate;
  gate.lock();
  RawProvider provider([&gate](RawConnection& peer) {
    while (peer.read_request()) {
      const std::lock_guard wait(gate);
      peer.send(RawProvider::answer(200, kGoodAnswer, "content-type: application/json\r\n"));
    }
  });
  start({provider_at(
      "local", provider.port(),
      {{.dimension = quota::Dimension::in_flight, .amount = 1, .window = quota::WindowKind::concurrency}})});
  RawClient first = connect();
  first.send(post(R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})"));
  ASSERT_TRUE(eventually([&] { return provider.requests() == 1; }));
  EXPECT_EQ(ask().status, 429);
  gate.unlock();
  EXPECT_EQ(first.read_answer().status, 200);
  EXPECT_TRUE(eventually([&] { return ask().status == 200; }));
}

TEST_F(Quota, AReloadKeepsWhatWasCounted) {
  RawProvider provider(serves());
  start({provider_at("groq", provider.port(), {requests_per_minute(1)})});
  EXPECT_EQ(ask().status, 200);
  gateway_->configure(settings_for({provider_at("groq", provider.port(), {requests_per_minute(1)})}));
  EXPECT_EQ(ask().status, 429);
  gateway_->configure(settings_for({provider_at("groq", provider.port(), {requests_per_minute(2)})}));
  EXPECT_EQ(ask().status, 200);
}

TEST_F(Quota, ARefusalThatCameBeforeTheBodyWasWrittenCountsWhereFailuresCount) {
  RawProvider provider([](RawConnection& peer) {
    if (!peer.read_head()) return;
    peer.send(RawProvider::answer(429, "{}", "retry-after: 5\r\n"));
    (void)peer.wait_for_close();
  });
  auto configured = provider_at("groq", provider.port(), {requests_per_minute(1)});
  configured.charge.failures_count = true;
  start({configured});
  const std::string large(8'000'000, 'x');
  const std::string body = R"({"model":"smart","messages":[{"role":"user","content":")" + large + R"("}]})";
  EXPECT_EQ(chat(body).status, 429);
  advance(6s);  // what was refused is over, but the minute's one request is spent
  EXPECT_EQ(ask().status, 429);
  EXPECT_EQ(provider.requests(), 1U);
}

TEST_F(Quota, ARequestThatNoWindowCanHoldIsRefusedWithoutAskingAnyone) {
  RawProvider provider(serves());
  start({provider_at("groq", provider.port(), {tokens_per_minute(100)})});
  const RawAnswer answer =
      chat(R"({"model":"smart","messages":[{"role":"user","content":")" + std::string(4000, 'x') + R"("}]})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(json::parse(answer.body)["error"]["code"], "context_length_exceeded");
  EXPECT_EQ(provider.requests(), 0U);
}

// The provider's clock is twelve seconds ahead of ours, as the Date of its answers shows: its minute ends so
// much sooner.
TEST_F(Quota, AMinuteEndsByTheProvidersClock) {
  std::atomic<int> minute = 0;
  RawProvider provider([&minute](RawConnection& peer) {
    while (peer.read_request()) {
      const std::string date = "date: Tue, 24 Nov 2026 00:0" + std::to_string(minute.load()) + ":13 GMT\r\n";
      peer.send(RawProvider::answer(200, kGoodAnswer, "content-type: application/json\r\n" + date));
    }
  });
  quota::Limit limit = requests_per_minute(3);
  limit.window = quota::WindowKind::fixed;
  start({provider_at("groq", provider.port(), {limit})});
  advance(1s);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask().status, 200);
  advance(60s);  // 00:01:01 here, 00:01:13 there
  minute = 1;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask().status, 200);
  const RawAnswer dry = ask();
  EXPECT_EQ(dry.status, 429);
  const auto wait = std::chrono::milliseconds(std::stoll(dry.field("retry-after-ms")));
  EXPECT_GE(wait, 46s);
  EXPECT_LE(wait, 48s);
}

// Not "back at": no wait mends it, and the client is told what would.
TEST_F(Quota, ARefusedKeyIsAStateThatOneRequestProbes) {
  RawProvider provider(answers(401, R"({"error":{"message":"Invalid API Key","code":"invalid_api_key"}})"));
  start({provider_at("groq", provider.port())});
  EXPECT_NE(ask().status, 200);
  const std::size_t asked = provider.requests();
  const RawAnswer told = ask();
  EXPECT_EQ(provider.requests(), asked);
  EXPECT_EQ(told.status, 429);
  EXPECT_EQ(told.field("x-should-retry"), "false");
  EXPECT_EQ(told.field("retry-after"), "");
  EXPECT_THAT(told.body, HasSubstr("give a key that the provider accepts, then reload"));
  advance(10min);
  EXPECT_NE(ask().status, 200);
  EXPECT_EQ(provider.requests(), asked + 1);
  EXPECT_NE(ask().status, 200);
  EXPECT_EQ(provider.requests(), asked + 1);
}

// A provider that refuses in the midst of its answers: with these words, once a part has reached the client.
class MidStream : public GatewayTest {
 protected:
  RawProvider::Script refuses_midway(std::string words) {
    return [this, words = std::move(words)](RawConnection& peer) {
      if (!peer.read_request()) return;
      peer.send(std::string(kStreamHead) + std::string(kTextEvent));
      (void)eventually([this] { return has_begun_.exchange(false); });
      peer.send(R"(data: {"error":)" + words + "}\n\n");
    };
  }
  RawAnswer ask_it() {
    RawClient client = connect();
    client.send(post(R"({"model":"smart","stream":true,"messages":[{"role":"user","content":"hi"}]})"));
    EXPECT_TRUE(eventually([&] { return client.has_input(); }));
    has_begun_ = true;
    return client.read_answer();
  }
  std::atomic<bool> has_begun_ = false;
};

// It can't be mended for that client; the next ones go elsewhere.
TEST_F(MidStream, ARefusalIsHeardByTheNextRequest) {
  std::string name = "first";
  for (const char* words :
       {R"({"message":"Rate limit reached, try again in 20s","code":429})",
        R"({"message":"Rate limit exceeded","code":429})", R"({"message":"Insufficient credits","code":402})",
        R"({"message":"Provider returned error","code":429,"metadata":{"raw":)"
        R"("m is temporarily rate-limited upstream","provider_name":"X"}})",
        R"({"message":"overloaded, try again in 20s","code":503})"}) {
    RawProvider first(refuses_midway(words));
    RawProvider second(streams(std::string(kTextEvent) + std::string(kStopEvent) + std::string(kDoneEvent)));
    name += "1";  // what the ledger knows of the one before is not its
    start({provider_at(name, first.port()), provider_at("second", second.port())});
    EXPECT_THAT(ask_it().body, HasSubstr("\"error\"")) << words;
    EXPECT_EQ(ask_stream().field("x-weir-served-by"), "second/m") << words;
    stop();
  }
}

TEST_F(MidStream, WhatCameBeforeARefusalIsStillCharged) {
  RawProvider provider(refuses_midway(R"({"message":"Rate limit exceeded","code":429})"));
  start({provider_at("groq", provider.port(), {requests_per_minute(2)})});
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(ask_it().body, HasSubstr("\"error\""));
    advance(11s);
  }
  EXPECT_EQ(ask().status, 429);
  EXPECT_EQ(provider.requests(), 2U);
}

// What a provider tells of usage before the end may be a stand-in.
TEST_F(Quota, WhatWasStreamedBehindTheLastUsageOfABrokenStreamIsCharged) {
  const auto chunk = [](std::size_t bytes, std::string_view usage) {
    return R"(data: {"choices":[{"index":0,"delta":{"content":")" + std::string(bytes, 'x') +
           R"("}}],"usage":)" + std::string(usage) + "}\n\n";
  };
  constexpr std::string_view kFirst = R"({"prompt_tokens":10,"completion_tokens":1,"total_tokens":11})";
  constexpr std::string_view kLast = R"({"prompt_tokens":10,"completion_tokens":700,"total_tokens":710})";
  constexpr std::string_view kZero = R"({"prompt_tokens":0,"completion_tokens":0,"total_tokens":0})";
  constexpr std::size_t kText = 16'000;  // bytes, for 4,000 tokens
  struct Case {
    const char* name;
    std::string events;
    std::uint64_t least;
    std::uint64_t most;
  };
  const Case cases[] = {
      {"first", chunk(4, kFirst) + chunk(kText, "null"), 4011, 4011},
      {"cumulative", chunk(4, kFirst) + chunk(kText, kLast), 710, 710},
      {"zeros", chunk(4, kZero) + chunk(kText, kZero), 4002, 4100},
      {"whole", chunk(4, kFirst) + chunk(kText, "null") + std::string(kStopEvent) + std::string(kDoneEvent),
       4011, 4011},
      {"corrected",
       chunk(4, kFirst) + chunk(kText, "null") + std::string(kStopEvent) + std::string(kUsageEvent) +
           std::string(kDoneEvent),
       11, 11},
  };
  for (const Case& each : cases) {
    RawProvider provider(streams(each.events));
    start({provider_at(each.name, provider.port(), {tokens_per_minute(1'000'000)})});
    EXPECT_EQ(ask_stream().status, 200) << each.name;
    stop();  // it is settled
    const quota::Pool pool = ledger_.bind(std::string(each.name) + "/main", "upstream-m",
                                          std::vector{tokens_per_minute(1'000'000)}, {}, {});
    const std::uint64_t used = pool.view(clock_.now())[0].used;
    EXPECT_GE(used, each.least) << each.name;
    EXPECT_LE(used, each.most) << each.name;
  }
}

}  // namespace
}  // namespace weir::test
