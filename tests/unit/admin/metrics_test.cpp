#include <gmock/gmock.h>

#include "support/prometheus_text.hpp"
#include "unit/admin/admin_fixture.hpp"
#include "weir/telemetry/exposition.hpp"

namespace weir::admin {
namespace {

using test::PrometheusText;

class MetricsTest : public Admin {
 protected:
  using Admin::Admin;
  PrometheusText scrape() { return PrometheusText(api_.metrics(context(), clock_.now())); }
  Result<void> admit(std::string_view peer) {
    head_.target = "/metrics";
    const transport::Request request{.head = &head_, .body = {}, .arrived = clock_.now(), .peer = peer};
    return api_.admit_scrape(request);
  }
  void show(std::string_view key) { head_.fields.add("authorization", "Bearer " + std::string(key)); }
};

TEST_F(MetricsTest, AreWellFormedAndEachOfAFamilyThatIsKnown) {
  const PrometheusText text = scrape();
  EXPECT_EQ(text.problem(), "");
  for (const std::string& family : text.families())
    EXPECT_TRUE(std::ranges::any_of(telemetry::families(), [&](const telemetry::Family& known) {
      return known.name == family;
    })) << family;
}

TEST_F(MetricsTest, AWindowIsThereOnceHoweverManyKeysAndModelsDrawOnIt) {
  auto taken = pool(0).reserve({.requests = 1, .tokens = 40}, clock_.now());
  std::get<quota::Reservation>(taken).send(clock_.now());
  const PrometheusText text = scrape();
  const std::string account =
      R"({provider="p",account="main",model="",models="",window="rpd",kind="sliding",unit="requests",source="config"})";
  EXPECT_EQ(text.value("weir_quota_limit" + account), 50);
  EXPECT_EQ(text.value("weir_quota_used" + account), 1);
  EXPECT_EQ(text.value("weir_quota_remaining" + account), 49);
  const std::string model =
      R"({provider="p",account="main",model="vendor/m",models="",window="tpm",kind="sliding",unit="tokens",source="config"})";
  EXPECT_EQ(text.value("weir_quota_used" + model), 40);
  EXPECT_NEAR(text.value("weir_quota_reset_timestamp_seconds" + model),
              std::chrono::duration<double>(clock_.now().wall.time_since_epoch()).count() + 60, 1);
}

routing::Catalogue::Parts with_an_interval() {
  routing::Catalogue::Parts out = parts();
  quota::Limit interval = test::requests_per_minute(4);
  interval.window = quota::WindowKind::interval;
  out.providers[0].models[0].limits.push_back(interval);
  return out;
}

class TwoOfOneName : public MetricsTest {
 protected:
  TwoOfOneName() : MetricsTest(with_an_interval()) {}
};

TEST_F(TwoOfOneName, AreToldApartByTheirKind) {
  const PrometheusText text = scrape();
  EXPECT_EQ(text.problem(), "");
  const auto limit = [&](const std::string& kind) {
    return text.value(
        R"(weir_quota_limit{provider="p",account="main",model="vendor/m",models="",window="rpm",kind=")" +
        kind + R"(",unit="requests",source="config"})");
  };
  EXPECT_EQ(limit("sliding"), 10);
  EXPECT_EQ(limit("interval"), 4);
}

TEST_F(MetricsTest, AKeyIsInOneState) {
  pool(4).cool_down_account({quota::CooldownCause::auth, BootTime::max()}, clock_.now());
  const PrometheusText text = scrape();
  EXPECT_EQ(text.value(R"(weir_key_state{provider="q",key="main",state="refused"})"), 1);
  EXPECT_EQ(text.value(R"(weir_key_state{provider="q",key="main",state="ready"})"), 0);
  EXPECT_EQ(text.value(R"(weir_key_state{provider="p",key="main",state="ready"})"), 1);
}

TEST_F(MetricsTest, AReloadThatFailedShowsUntilOneIsTaken) {
  EXPECT_EQ(scrape().value("weir_config_last_reload_successful"), 1);
  api_.note_reload_failed();
  EXPECT_EQ(scrape().value("weir_config_last_reload_successful"), 0);
  api_.configure({}, clock_.now().wall);
  EXPECT_EQ(scrape().value("weir_config_last_reload_successful"), 1);
  EXPECT_EQ(scrape().value("weir_config_last_reload_timestamp_seconds"),
            std::chrono::duration<double>(clock_.now().wall.time_since_epoch()).count());
}

TEST_F(MetricsTest, TheProcessTellsOfItself) {
  const PrometheusText text = scrape();
  EXPECT_GT(text.value("process_resident_memory_bytes"), 100'000);
  EXPECT_GT(text.value("process_open_fds"), 0);
  EXPECT_GT(text.value("process_max_fds"), text.value("process_open_fds"));
}

TEST_F(MetricsTest, WithoutATokenAreForThisMachineAlone) {
  EXPECT_TRUE(admit(kHere));
  EXPECT_EQ(admit(kElsewhere).error().kind, ErrorKind::forbidden);
  head_.fields.add("x-forwarded-for", "192.0.2.9");
  EXPECT_EQ(admit(kHere).error().kind, ErrorKind::forbidden);
}

TEST_F(MetricsTest, ATokenIsAskedForFromEverywhere) {
  api_.configure({.metrics_token = sha256("scrape")}, clock_.now().wall);
  EXPECT_EQ(admit(kHere).error().kind, ErrorKind::unauthorized);
  show("other");
  EXPECT_EQ(admit(kHere).error().kind, ErrorKind::unauthorized);
  head_.fields = {};
  show("scrape");
  EXPECT_TRUE(admit(kElsewhere));
}

TEST_F(MetricsTest, TheTokenIsNoAdminKeyButTheAdminKeyMayRead) {
  api_.configure({.key = sha256("admin"), .metrics_token = sha256("scrape")}, clock_.now().wall);
  show("scrape");
  EXPECT_EQ(kind_of(ask("GET", "/admin/v1/status")), ErrorKind::unauthorized);
  head_.fields = {};
  show("admin");
  EXPECT_TRUE(admit(kElsewhere));
}

TEST_F(MetricsTest, SwitchedOffAreNowhere) {
  api_.configure({.metrics = false}, clock_.now().wall);
  EXPECT_EQ(admit(kHere).error().kind, ErrorKind::unknown_url);
}

}  // namespace
}  // namespace weir::admin
