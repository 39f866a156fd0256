#include "admin/alerts.hpp"

#include <gmock/gmock.h>

#include "unit/admin/admin_fixture.hpp"
#include "weir/base/log.hpp"

namespace weir::admin {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

class AlertsTest : public Admin {
 protected:
  std::vector<Alert> look() { return alerts_.look(catalogue_, health_, clock_.now()); }
  // The only one.
  Alert only() {
    auto all = look();
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? Alert{} : all.front();
  }
  void spend(std::size_t target, int requests) {
    for (int i = 0; i < requests; ++i) {
      auto taken = pool(target).reserve({}, clock_.now());
      ASSERT_TRUE(std::holds_alternative<quota::Reservation>(taken));
      std::get<quota::Reservation>(taken).send(clock_.now());
    }
  }
  // Of q's first account: five requests a day.
  static constexpr std::size_t kQ = 4;

  Alerts alerts_;
  store::Health health_;
};

TEST_F(AlertsTest, AWindowIsToldOfOnceAtEachShare) {
  EXPECT_TRUE(look().empty());
  spend(kQ, 3);
  EXPECT_TRUE(look().empty());
  spend(kQ, 1);
  const Alert alert = only();
  EXPECT_EQ(alert.kind, AlertKind::quota_threshold);
  EXPECT_EQ(alert.message, "80 % of q rpd is used, 1 of 5 left");
  EXPECT_EQ(alert.window, "rpd");
  EXPECT_TRUE(look().empty());
  spend(kQ, 1);
  EXPECT_THAT(only().message, HasSubstr("100 % of q rpd is used, 0 of 5 left"));
  EXPECT_TRUE(look().empty());
}

TEST_F(AlertsTest, AWindowThatHasComeBackIsToldOfAgain) {
  spend(kQ, 5);
  (void)only();
  clock_.advance(hours(26));
  EXPECT_TRUE(look().empty());
  spend(kQ, 5);
  EXPECT_EQ(only().kind, AlertKind::quota_threshold);
}

TEST_F(AlertsTest, SharesAreAsConfigured) {
  alerts_.configure({0.4});
  spend(kQ, 2);
  EXPECT_THAT(only().message, HasSubstr("40 %"));
  spend(kQ, 3);
  EXPECT_TRUE(look().empty());
}

TEST_F(AlertsTest, WindowsOfAMinuteAreLeftOut) {
  for (int i = 0; i < 10; ++i) {
    auto taken = pool(0).reserve({.requests = 1, .tokens = 100}, clock_.now());
    ASSERT_TRUE(std::holds_alternative<quota::Reservation>(taken));
    std::get<quota::Reservation>(taken).send(clock_.now());
  }
  EXPECT_TRUE(look().empty());  // 10 of 10 a minute, 10 of 50 a day
}

TEST_F(AlertsTest, AnAccountsWindowIsToldOfOnceForAllItsKeysAndModels) {
  for (int i = 0; i < 4; ++i) {
    spend(0, 10);
    clock_.advance(minutes(2));
  }
  const auto all = look();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].provider, "p");
  EXPECT_EQ(all[0].model, "");
}

TEST_F(AlertsTest, WhatRunsDryIsForetoldOnce) {
  alerts_.configure({});
  std::vector<Alert> all;
  for (int i = 0; i < 45; ++i) {
    spend(1, 1);  // 50 a day, and one each half minute
    clock_.advance(seconds(30));
    for (Alert& alert : look()) all.push_back(std::move(alert));
  }
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].kind, AlertKind::quota_runs_dry);
  ASSERT_TRUE(all[0].at);
  EXPECT_GT(*all[0].at, clock_.now().boot - minutes(10));
  EXPECT_THAT(all[0].message, HasSubstr("at this pace p rpd is used up at "));
}

TEST_F(AlertsTest, ASlowPaceIsNoAlarm) {
  alerts_.configure({});
  for (int i = 0; i < 40; ++i) {
    spend(1, 1);
    clock_.advance(minutes(60));
    EXPECT_TRUE(look().empty());
  }
}

TEST_F(AlertsTest, AKeyThatIsRefusedIsToldOfUntilItServesAgain) {
  pool(kQ).cool_down_key({quota::CooldownCause::auth, BootTime::max()}, clock_.now());
  const Alert alert = only();
  EXPECT_EQ(alert.kind, AlertKind::key_refused);
  EXPECT_EQ(alert.provider, "q");
  EXPECT_EQ(alert.key, "main");
  EXPECT_THAT(alert.message, HasSubstr("q (key main) refuses: auth"));
  EXPECT_TRUE(look().empty());
  pool(kQ).end_cooldowns(clock_.now());
  EXPECT_EQ(only().kind, AlertKind::key_ready);
  EXPECT_TRUE(look().empty());
}

TEST_F(AlertsTest, AProviderThatFailsIsToldOfWithItsNextTry) {
  pool(kQ).cool_down_account({quota::CooldownCause::failing, clock_.now().boot + seconds(30)}, clock_.now());
  const Alert alert = only();
  EXPECT_EQ(alert.kind, AlertKind::provider_failing);
  EXPECT_EQ(alert.at, clock_.now().boot + seconds(30));
  clock_.advance(seconds(31));
  EXPECT_EQ(only().kind, AlertKind::key_ready);
}

TEST_F(AlertsTest, ADegradedStateIsToldOfOnce) {
  health_ = {.degraded = true, .reason = "the disk is full"};
  EXPECT_EQ(only().message, "state degraded: the disk is full");
  EXPECT_TRUE(look().empty());
  health_ = {};
  EXPECT_TRUE(look().empty());
  health_ = {.degraded = true, .reason = "again"};
  EXPECT_EQ(only().kind, AlertKind::state_degraded);
}

TEST_F(AlertsTest, AWebhookIsSentAllOfIt) {
  spend(kQ, 4);
  const json sent = json::parse(alert_json(only(), clock_.now()));
  EXPECT_EQ(sent["alert"], "quota_threshold");
  EXPECT_EQ(sent["provider"], "q");
  EXPECT_TRUE(sent["key"].is_null());
  EXPECT_EQ(sent["window"], "rpd");
  EXPECT_DOUBLE_EQ(sent["share"].get<double>(), 0.8);
  EXPECT_EQ(sent["sent_at"], "2026-11-24T00:00:00Z");
}

TEST_F(AlertsTest, ATickCountsLogsAndSends) {
  std::vector<std::string> sent;
  AdminApi api(store_, {.reload = {},
                        .drain = {},
                        .alert = [&sent](std::string alert) { sent.push_back(std::move(alert)); },
                        .libraries = {}});
  spend(kQ, 5);
  const std::uint64_t before = log::last_kept();
  api.tick(context(), clock_.now());
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(json::parse(sent[0])["alert"], "quota_threshold");
  ASSERT_EQ(log::kept_since(before).size(), 1U);
  EXPECT_EQ(log::kept_since(before)[0].event, "alert");
  EXPECT_THAT(api.metrics(context(), clock_.now()),
              HasSubstr(R"(weir_alerts_total{alert="quota_threshold"} 1)"));
}

}  // namespace
}  // namespace weir::admin
