#include <gmock/gmock.h>

#include "unit/admin/admin_fixture.hpp"

namespace weir::admin {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::seconds;
using ::testing::HasSubstr;

class StatusTest : public Admin {
 protected:
  json status() { return get("/admin/v1/status"); }
  void cool_down(std::size_t target, quota::CooldownCause cause, BootTime until) {
    pool(target).cool_down_account({cause, until}, clock_.now());
  }
  // Of p's account, of which there are four targets; of q's first, one.
  static constexpr std::size_t kP = 0;
  static constexpr std::size_t kQ = 4;
  static constexpr std::size_t kQSecond = 5;
};

TEST_F(StatusTest, ThereIsACardForEachKey) {
  const json all = status();
  ASSERT_EQ(all["cards"].size(), 4U);
  EXPECT_EQ(all["cards"][0]["provider"], "p");
  EXPECT_EQ(all["cards"][0]["key"], "main");
  EXPECT_EQ(all["cards"][1]["key"], "second");
  EXPECT_EQ(all["cards"][3]["provider"], "q");
  EXPECT_EQ(all["cards"][3]["account"], "other");
  EXPECT_EQ(all["cards"][0]["models"], 2);
  EXPECT_EQ(all["cards"][0]["models_ready"], 2);
  EXPECT_EQ(all["cards"][0]["state"], "ready");
  EXPECT_EQ(all["cards"][0]["enabled"], true);
  EXPECT_TRUE(all["cards"][0]["why"].is_null());
  EXPECT_EQ(all["state"], "ready");
  EXPECT_EQ(all["sentence"], "all 2 providers ready");
}

TEST_F(StatusTest, ACardHasTheAccountsWindowsAndThenEachModels) {
  auto taken = pool(kP).reserve({.requests = 1, .tokens = 40}, clock_.now());
  std::get<quota::Reservation>(taken).send(clock_.now());
  const json windows = status()["cards"][0]["windows"];
  ASSERT_EQ(windows.size(), 4U) << windows.dump(1);
  EXPECT_EQ(windows[0]["window"], "rpd");
  EXPECT_TRUE(windows[0]["model"].is_null());
  EXPECT_EQ(windows[0]["limit"], 50);
  EXPECT_EQ(windows[0]["used"], 1);
  EXPECT_EQ(windows[0]["left"], 49);
  EXPECT_EQ(windows[0]["dimension"], "requests");
  EXPECT_EQ(windows[0]["kind"], "sliding");
  EXPECT_EQ(windows[0]["period_s"], 86400);
  EXPECT_EQ(windows[0]["source"], "config");
  EXPECT_TRUE(windows[0]["unknown"].is_null());
  EXPECT_EQ(windows[1]["model"], "vendor/m");
  EXPECT_EQ(windows[2]["window"], "tpm");
  EXPECT_EQ(windows[2]["used"], 40);
  EXPECT_EQ(windows[2]["reset"], "2026-11-24T00:01:01Z");
}

TEST_F(StatusTest, ALimitThatNobodyHasSaidIsUnknownInWords) {
  const std::vector<quota::Limit> unknown{{.dimension = quota::Dimension::requests,
                                           .amount = quota::kUnknownAmount,
                                           .period = quota::kHourPeriod}};
  routing::Catalogue::Parts few;
  few.providers = {test::make_provider("u", {test::make_model("m")}, unknown)};
  const routing::Catalogue other(few, ledger_);
  const gateway::AdminContext here{
      .catalogue = other, .routing = routing_, .telemetry = telemetry_, .history = history_, .room = room_};
  head_.method = "GET";
  head_.target = "/admin/v1/status";
  const transport::Request request{.head = &head_, .body = {}, .arrived = clock_.now(), .peer = kHere};
  const auto answer = api_.answer(request, here, clock_.now());
  ASSERT_TRUE(answer.json);
  const json window = json::parse(*answer.json)["cards"][0]["windows"][0];
  EXPECT_TRUE(window["limit"].is_null());
  EXPECT_TRUE(window["left"].is_null());
  EXPECT_TRUE(window["source"].is_null());
  EXPECT_THAT(window["unknown"].get<std::string>(), HasSubstr("nobody has said"));
}

TEST_F(StatusTest, AFullKeySaysWhenItIsBack) {
  for (int i = 0; i < 5; ++i) {
    auto taken = pool(kQ).reserve({}, clock_.now());
    std::get<quota::Reservation>(taken).send(clock_.now());
  }
  const json all = status();
  const json& card = all["cards"][2];
  EXPECT_EQ(card["state"], "limited");
  EXPECT_EQ(card["why"], "rpd");
  EXPECT_EQ(card["models_ready"], 0);
  EXPECT_GE(card["back_in_s"], 86400.0);
  EXPECT_EQ(all["sentence"], "all 2 providers ready");  // by its other key
}

TEST_F(StatusTest, TheSentenceNamesWhoIsBackFirstAndWhoNeedsAPerson) {
  cool_down(kP, quota::CooldownCause::payment_required, BootTime::max());
  cool_down(kQ, quota::CooldownCause::rate_limited, clock_.now().boot + hours(30));
  cool_down(kQSecond, quota::CooldownCause::rate_limited, clock_.now().boot + hours(9));
  const json all = status();
  EXPECT_EQ(all["state"], "limited");
  EXPECT_THAT(all["sentence"].get<std::string>(),
              ::testing::StartsWith("none of 2 providers ready; q back at 09:00 UTC; p: "));
  EXPECT_EQ(all["cards"][0]["state"], "refused");
  EXPECT_EQ(all["cards"][0]["why"], "payment_required");
  EXPECT_FALSE(all["cards"][0]["remedy"].is_null());
}

TEST_F(StatusTest, AMomentIsToldByTheDayWhereItIsAnother) {
  cool_down(kQ, quota::CooldownCause::rate_limited, clock_.now().boot + hours(30));
  cool_down(kQSecond, quota::CooldownCause::rate_limited, clock_.now().boot + hours(30));
  EXPECT_EQ(status()["sentence"], "1 of 2 providers ready; q back at 2026-11-25 06:00 UTC");
}

TEST_F(StatusTest, ANearMomentIsToldToTheSecond) {
  cool_down(kQ, quota::CooldownCause::failing, clock_.now().boot + seconds(30));
  cool_down(kQSecond, quota::CooldownCause::failing, clock_.now().boot + seconds(31));
  const json all = status();
  EXPECT_EQ(all["sentence"], "1 of 2 providers ready; q is failing, tried again at 00:00:30 UTC");
  EXPECT_EQ(all["cards"][2]["state"], "failing");
}

TEST_F(StatusTest, NothingThatTimeMendsIsUnavailable) {
  for (const std::size_t target : {kP, kQ, kQSecond})
    cool_down(target, quota::CooldownCause::auth, BootTime::max());
  EXPECT_EQ(status()["state"], "unavailable");
}

TEST_F(StatusTest, ACooldownOfAllModelsIsSaidOnce) {
  pool(kP).cool_down_key({quota::CooldownCause::rate_limited, clock_.now().boot + seconds(12)}, clock_.now());
  const json cards = status()["cards"];
  ASSERT_EQ(cards[0]["cooldowns"].size(), 1U);
  EXPECT_TRUE(cards[0]["cooldowns"][0]["model"].is_null());
  EXPECT_EQ(cards[0]["cooldowns"][0]["cause"], "rate_limited");
  EXPECT_EQ(cards[0]["cooldowns"][0]["until_in_s"], 12.0);
  EXPECT_TRUE(cards[1]["cooldowns"].empty());
}

TEST_F(StatusTest, ACooldownOfOneModelNamesIt) {
  pool(kP).cool_down_model({quota::CooldownCause::capacity, clock_.now().boot + seconds(12)}, clock_.now());
  const json card = status()["cards"][0];
  ASSERT_EQ(card["cooldowns"].size(), 1U);
  EXPECT_EQ(card["cooldowns"][0]["model"], "vendor/m");
  EXPECT_EQ(card["models_ready"], 1);
  EXPECT_EQ(card["state"], "ready");
}

TEST_F(StatusTest, ToLookIsNoWishForRoom) {
  const json before = get("/admin/v1/quota");
  for (int i = 0; i < 100; ++i) (void)status();
  EXPECT_EQ(get("/admin/v1/quota"), before);
}

TEST_F(StatusTest, TotalsAndSeriesAreThoseCounted) {
  telemetry::RequestRecord record;
  record.route = telemetry::Route::chat;
  record.status = 200;
  record.prompt_tokens = 9;
  record.completion_tokens = 2;
  record.first_byte = std::chrono::milliseconds(400);
  telemetry_.count(0, record);
  clock_.advance(seconds(15));
  history_.sample(clock_.now());
  const json all = status();
  EXPECT_EQ(all["totals"]["requests"], 1);
  EXPECT_EQ(all["totals"]["ok"], 1);
  EXPECT_EQ(all["totals"]["prompt_tokens"], 9);
  const json& series = all["series"]["15m"];
  EXPECT_EQ(series["step_s"], 15);
  EXPECT_EQ(series["end"], "2026-11-24T00:00:15Z");
  EXPECT_EQ(series["requests"], json::array({1}));
  EXPECT_EQ(series["completion_tokens"], json::array({2}));
  EXPECT_NEAR(series["plain_p50_ms"][0].get<double>(), 400, 30);
  EXPECT_TRUE(series["ttfb_p50_ms"][0].is_null()) << "no stream was served: a gap and no zero";
  EXPECT_TRUE(all["series"]["24h"]["requests"].empty());
}

// A server on this machine answers in less than half a millisecond.
TEST_F(StatusTest, WhatIsFastIsNoZero) {
  telemetry::RequestRecord record;
  record.route = telemetry::Route::chat;
  record.status = 200;
  record.stream = true;
  record.first_byte = std::chrono::microseconds(100);
  telemetry_.count(0, record);
  clock_.advance(seconds(15));
  history_.sample(clock_.now());
  EXPECT_EQ(status()["series"]["15m"]["ttfb_p50_ms"], json::array({0.1}));
}

}  // namespace
}  // namespace weir::admin
