#include <gmock/gmock.h>

#include <mutex>
#include <nlohmann/json.hpp>

#include "component/gateway/gateway_fixture.hpp"

namespace weir::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// One provider whose minute holds 8000 tokens, with max_tokens charged at admission.
class Fit : public GatewayTest {
 protected:
  void start_fitting(bool fit = true) {
    gateway::Settings settings =
        settings_for({provider_at("p", provider_.port(), {tokens_per_minute(8000)})});
    settings.providers[0].charge.tokens = quota::ChargeRule::Tokens::prompt_plus_max_tokens;
    settings.routing.fit_max_tokens = fit;
    start_with(std::move(settings));
  }
  static std::string request(std::string_view more) {
    return R"({"model":"smart","messages":[{"role":"user","content":"hi"}])" + std::string(more) + "}";
  }
  json upstream() {
    const std::lock_guard lock(mutex_);
    return json::parse(body_);
  }

  std::mutex mutex_;  // guards body_
  std::string body_;  // of the last request that the provider got
  RawProvider provider_{[this](RawConnection& peer) {
    while (const auto request = peer.read_request()) {
      {
        const std::lock_guard lock(mutex_);
        body_ = request->body;
      }
      if (!peer.send(RawProvider::answer(200, kGoodAnswer, "content-type: application/json\r\n"))) return;
    }
  }};
};

TEST_F(Fit, TheClientIsToldWhatWasLowered) {
  start_fitting();
  const RawAnswer answer = chat(request(R"(,"max_tokens":80000)"));
  EXPECT_EQ(answer.status, 200);
  const int sent = upstream()["max_tokens"];
  EXPECT_GT(sent, 7900);
  EXPECT_LT(sent, 8000);
  EXPECT_EQ(answer.field("x-weir-max-tokens"), "80000->" + std::to_string(sent));
}

TEST_F(Fit, TheClientIsToldWhatWasSentInItsPlace) {
  start_fitting();
  const RawAnswer answer = chat(request(""));
  EXPECT_EQ(upstream()["max_tokens"], 4096);
  EXPECT_EQ(answer.field("x-weir-max-tokens"), "none->4096");
}

TEST_F(Fit, WhatFitsIsNotTouched) {
  start_fitting();
  const RawAnswer answer = chat(request(R"(,"max_tokens":300)"));
  EXPECT_EQ(upstream()["max_tokens"], 300);
  EXPECT_EQ(answer.field("x-weir-max-tokens"), "");
}

TEST_F(Fit, WhereNothingMayBeLoweredNoRequestIsSpent) {
  start_fitting(false);
  const RawAnswer answer = chat(request(R"(,"max_tokens":80000)"));
  EXPECT_EQ(answer.status, 400);
  const json error = json::parse(answer.body)["error"];
  EXPECT_EQ(error["code"], "context_length_exceeded");
  EXPECT_THAT(std::string(error["message"]), HasSubstr("lower max_tokens"));
  EXPECT_EQ(provider_.requests(), 0U);
}

}  // namespace
}  // namespace weir::test
