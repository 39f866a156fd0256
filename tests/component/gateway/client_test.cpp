// Client keys with limits of their own.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "component/gateway/gateway_fixture.hpp"

namespace weir::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr std::string_view kLaptop = "authorization: Bearer laptop-key\r\n";
constexpr std::string_view kPhone = "x-api-key: phone-key\r\n";
constexpr std::string_view kAsk = R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})";

class ClientLimits : public GatewayTest {
 protected:
  void start_with_keys(std::vector<quota::Limit> laptop, RawProvider& provider,
                       std::vector<quota::Limit> of_provider = {}) {
    gateway::Settings settings = settings_for({provider_at("p", provider.port(), std::move(of_provider))});
    settings.providers[0].charge = {.tokens = quota::ChargeRule::Tokens::prompt_plus_max_tokens,
                                    .settle = quota::ChargeRule::Settle::admission};
    settings.client_keys = {
        {.name = "laptop", .digest = sha256("laptop-key"), .models = {"*"}, .limits = std::move(laptop)},
        {.name = "phone", .digest = sha256("phone-key"), .models = {"*"}, .limits = {}}};
    start_with(std::move(settings));
  }
  static json error_of(const RawAnswer& answer) { return json::parse(answer.body)["error"]; }

  RawProvider good_{serves()};
};

TEST_F(ClientLimits, OneThatHasUsedUpItsOwnIsToldWhenItIsBackAndOthersGoOn) {
  start_with_keys({requests_per_minute(1)}, good_);
  const RawAnswer served = chat(kAsk, kLaptop);
  EXPECT_EQ(served.status, 200);
  EXPECT_EQ(served.field("x-ratelimit-limit-requests"), "1");
  EXPECT_EQ(served.field("x-ratelimit-remaining-requests"), "0");
  const RawAnswer refused = chat(kAsk, kLaptop);
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(std::string(error_of(refused)["message"]),
              HasSubstr("client key's own limit is used up (rpm)"));
  EXPECT_EQ(error_of(refused)["weir"]["attempts"][0]["outcome"], "skipped: the client's rpm");
  EXPECT_NE(refused.field("retry-after"), "");
  EXPECT_EQ(good_.requests(), 1U);
  EXPECT_EQ(chat(kAsk, kPhone).status, 200);
  clock_.advance(std::chrono::seconds(61));
  EXPECT_EQ(chat(kAsk, kLaptop).status, 200);
}

// Its own or the provider's, for requests and tokens apart.
TEST_F(ClientLimits, AnswersSayWhatIsLeftOfTheWindowNearerToItsEnd) {
  start_with_keys({requests_per_minute(2), tokens_per_minute(200000)}, good_,
                  {requests_per_minute(4), tokens_per_minute(100000)});
  const RawAnswer answer = chat(kAsk, kLaptop);
  EXPECT_EQ(answer.field("x-ratelimit-limit-requests"), "2");
  EXPECT_EQ(answer.field("x-ratelimit-remaining-requests"), "1");
  EXPECT_EQ(answer.field("x-ratelimit-limit-tokens"), "100000");
  EXPECT_EQ(chat(kAsk, kPhone).field("x-ratelimit-remaining-requests"), "2");
}

TEST_F(ClientLimits, ItIsChargedForWhatItWasServed) {
  start_with_keys({tokens_per_minute(1000)}, good_);
  const quota::Pool pool =
      ledger_.bind("client key laptop", "", std::vector{tokens_per_minute(1000)}, {}, {});
  EXPECT_EQ(chat(kAsk, kLaptop).status, 200);
  const std::uint64_t told = json::parse(kGoodAnswer)["usage"]["total_tokens"];
  // It is settled once the client has its answer.
  EXPECT_TRUE(eventually([&] { return pool.view(clock_.now())[0].used == told; }));
}

TEST_F(ClientLimits, AProvidersRefusalCostsItNothing) {
  RawProvider bad(answers(400, R"({"error":{"message":"no"}})"));
  start_with_keys({requests_per_minute(1)}, bad);
  EXPECT_EQ(chat(kAsk, kLaptop).status, 400);
  EXPECT_EQ(chat(kAsk, kLaptop).status, 400) << "not 429";
}

TEST_F(ClientLimits, WhatTheEndOfADrainCutsShortCostsItNothing) {
  for (const std::string_view bytes :
       {"", "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: PROCESSING\n\n"}) {
    RawProvider stalls([bytes](RawConnection& peer) {
      if (!peer.read_request()) return;
      peer.send(bytes);
      (void)peer.wait_for_close();
    });
    start_with_keys({tokens_per_minute(1000)}, stalls);
    const quota::Pool pool =
        ledger_.bind("client key laptop", "", std::vector{tokens_per_minute(1000)}, {}, {});
    RawClient client = connect();
    client.send(
        post(R"({"model":"smart","stream":true,"messages":[{"role":"user","content":"hi"}]})", kLaptop));
    ASSERT_TRUE(eventually([&] { return stalls.requests() == 1; }));
    take_turns(*loop_);
    server_->drain();
    server_->end_requests();
    EXPECT_EQ(client.read_answer().status, 503);
    take_turns(*loop_);
    EXPECT_EQ(pool.view(clock_.now())[0].used, 0U);
    stop();
  }
}

TEST_F(ClientLimits, AReloadForgetsNothing) {
  start_with_keys({requests_per_minute(1)}, good_);
  EXPECT_EQ(chat(kAsk, kLaptop).status, 200);
  stop();
  start_with_keys({requests_per_minute(1)}, good_);
  EXPECT_EQ(chat(kAsk, kLaptop).status, 429);
}

TEST_F(ClientLimits, WhatItsWindowsCanNeverHoldIsSaidSo) {
  start_with_keys({tokens_per_minute(100)}, good_);
  const RawAnswer refused = chat(kAsk, kLaptop);
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(std::string(error_of(refused)["message"]), HasSubstr("client key's own limits"));
}

}  // namespace
}  // namespace weir::test
