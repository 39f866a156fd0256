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
  static constexpr std::size_t kBrief = 6;   // ten a minute
  static constexpr std::size_t kSecond = 7;  // two a second

  static routing::Catalogue::Parts with_brief_ones() {
    routing::Catalogue::Parts all = parts();
    all.providers.push_back(
        test::make_provider("b", {test::make_model("m")}, {test::requests_per_minute(10)}));
    all.providers.push_back(test::make_provider(
        "s", {test::make_model("m")},
        {{.dimension = quota::Dimension::requests, .amount = 2, .period = quota::kSecondPeriod}}));
    return all;
  }
  AlertsTest() : Admin(with_brief_ones()) {}

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

// A window of a minute that fills and empties again and again.
TEST_F(AlertsTest, ABriefWindowIsToldOfOnceAnHourAtEachShare) {
  const auto fill = [this](int requests) { spend(kBrief, requests); };
  fill(8);
  const Alert first = only();
  EXPECT_EQ(first.kind, AlertKind::quota_threshold);
  EXPECT_EQ(first.window, "rpm");
  EXPECT_TRUE(first.is_brief);
  fill(2);
  EXPECT_THAT(only().message, HasSubstr("100 % of b rpm"));
  for (int i = 0; i < 29; ++i) {
    clock_.advance(minutes(2));
    fill(10);
    EXPECT_TRUE(look().empty()) << i;
  }
  clock_.advance(minutes(2));
  fill(10);
  EXPECT_EQ(only().kind, AlertKind::quota_threshold) << "an hour later";
}

TEST_F(AlertsTest, WhatIsOverBeforeTheNextLookIsNotToldOf) {
  spend(kSecond, 2);
  EXPECT_TRUE(look().empty());
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

TEST_F(AlertsTest, ABriefWindowThatRunsDryIsForetoldOnceAnHour) {
  alerts_.configure({});
  std::vector<Alert> all;
  for (int i = 0; i < 30; ++i) {  // each minute it fills in half of it, and is left alone then
    for (const int requests : {2, 3, 3, 1}) {
      spend(kBrief, requests);
      for (Alert& alert : look()) all.push_back(std::move(alert));
      clock_.advance(seconds(15));
    }
    clock_.advance(seconds(60));
  }
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].kind, AlertKind::quota_runs_dry);
  EXPECT_TRUE(all[0].is_brief);
}

TEST_F(AlertsTest, AForecastIsThereAsLongAsItHolds) {
  for (int i = 0; i < 25; ++i) {
    spend(1, 1);
    clock_.advance(seconds(30));
    (void)look();
  }
  const auto forecasts = alerts_.forecasts();
  ASSERT_EQ(forecasts.size(), 1U);
  EXPECT_EQ(forecasts.begin()->first, "p\nmain\n\n\nrpd\nsliding");
  EXPECT_NEAR(std::chrono::duration<double>(forecasts.begin()->second - clock_.now().boot).count(), 25 * 30,
              60);
  for (int i = 0; i < 200; ++i) {  // nothing more is asked
    clock_.advance(seconds(60));
    (void)look();
  }
  EXPECT_TRUE(alerts_.forecasts().empty());
  spend(1, 10);
  clock_.advance(seconds(15));
  (void)look();
  spend(0, 10);
  clock_.advance(minutes(2));
  spend(0, 5);
  (void)look();
  EXPECT_EQ(alerts_.forecasts().at("p\nmain\n\n\nrpd\nsliding"), clock_.now().boot)
      << "used up, and so since now";
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

// Nobody is called for a minute that is full.
TEST_F(AlertsTest, ABriefWindowGoesToTheLogAndTheMetricAlone) {
  int sent = 0;
  AdminApi api(store_, {.reload = {},
                        .drain = {},
                        .alert = [&sent](const std::string& /*alert*/) { ++sent; },
                        .libraries = {}});
  spend(kBrief, 10);
  const std::uint64_t before = log::last_kept();
  api.tick(context(), clock_.now());
  EXPECT_EQ(sent, 0);
  ASSERT_EQ(log::kept_since(before).size(), 1U);
  EXPECT_EQ(log::kept_since(before)[0].level, log::Level::info);
  const std::string metrics = api.metrics(context(), clock_.now());
  EXPECT_THAT(metrics, HasSubstr(R"(weir_alerts_total{alert="quota_threshold"} 1)"));
}

TEST_F(AlertsTest, AForecastIsMeasured) {
  spend(kQ, 4);
  api_.tick(context(), clock_.now());
  EXPECT_THAT(api_.metrics(context(), clock_.now()),
              ::testing::Not(HasSubstr("weir_quota_dry_timestamp_seconds{")));
  spend(kQ, 1);
  clock_.advance(seconds(15));
  api_.tick(context(), clock_.now());
  EXPECT_THAT(
      api_.metrics(context(), clock_.now()),
      HasSubstr(
          R"(weir_quota_dry_timestamp_seconds{provider="q",account="main",model="",models="",window="rpd",kind="sliding",unit="requests",source="config"} )"));
}

}  // namespace
}  // namespace weir::admin
