#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "fixture.hpp"

namespace weir::config {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kFull = R"(
server: {listen: "[::1]:9000", threads: 3, max_connections: 7, max_body: 1500kB, drain_timeout: 90s,
         allowed_hosts: [box], cors_origins: ["*", "https://x.com"]}
auth: {keys: [{name: laptop, key: hunter2-client, models: ["groq/*"],
               limits: {rpm: 60, tpd: {limit: 2M, window: calendar, zone: Europe/Berlin}, concurrency: 3}}]}
admin: {key: hunter2-admin, dashboard: false}
metrics: {token: hunter2-metrics}
alerts: {at: [62.5%], webhook: "http://h/hunter2-hook", secret: hunter2-sign}
providers:
  groq:
    keys: [{value: hunter2-main}, {value: hunter2-two, name: two, account: other}]
    proxy: http://me:hunter2-proxy@proxy:3128
    charge: {default_max_tokens: 16384}
    limits:
      rpm: 5
      rpd: {limit: 6, window: calendar, zone: America/Los_Angeles}
      tpm: {limit: 7k, window: refill, models: ["*:free", "null", "${DOLLAR}"]}
      concurrency: 8
      other:
        - {requests: 9, per: 2s, window: fixed}
        - {requests: 10, per: minute}
        - {output_tokens: 11, per: month}
        - {tokens: 5M, window: credit, expires: 2026-12-24}
    models:
      "weird:#name": {id: "a \"quoted\" id", weight: 0.25, capabilities: [], context: 12k}
      "null": {billing: free}
  openrouter: {plan: topped_up, api_key: none}
  local: {preset: openai_compatible, base_url: "http://[::1]:80/v1", models: {m: {}}, timeouts: {idle: 1ms}}
models:
  fast: {strategy: fastest, targets: [local/m]}
  smart: {strategy: weighted, targets: [groq/dear, {target: local/m, weight: 0.1, tier: 2}]}
aliases: {"yes": smart, off: auto}
routing: {max_attempts: 2, deadline: 1500ms, allow_paid: true, queue: {max_wait: 3s}, no_training: true,
          sticky: {by: off, ttl: 90s}, breaker: {failures: 0, open_for: 7s}, fit_max_tokens: false, min_output: 100,
          spread: {normal: even}, reserve: {interactive: 12.5%},
          peak: {hours: "18:05-00:00", zone: Europe/Berlin, defer: [interactive]}}
log: {level: warn, format: json, access: false, file: "/tmp/a b.log"}
)";

std::string without_comments(std::string text) {
  for (auto at = text.find("  # preset"); at != std::string::npos; at = text.find("  # preset"))
    text.erase(at, text.find('\n', at) - at);
  return text;
}

Loaded load_full(MapEnvironment environment = {}) {
  environment.variables["DOLLAR"] = "$x";
  return load_snippet(kFull, environment);
}

TEST(PrintEffective, IsAConfigurationThatMeansTheSame) {
  const Loaded loaded = load_full();
  ASSERT_TRUE(loaded.ok()) << format_problems(loaded.problems);
  const std::string printed = print_effective(loaded.config);
  const Loaded again = load_snippet(printed);
  ASSERT_TRUE(again.ok()) << format_problems(again.problems) << printed;
  EXPECT_EQ(print_effective(again.config), without_comments(printed));
  EXPECT_EQ(again.config.routing.breaker, loaded.config.routing.breaker);
  EXPECT_FALSE(again.config.dashboard);
  const auto& before = loaded.config.providers;
  const auto& after = again.config.providers;
  ASSERT_EQ(before.size(), after.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    auto expected = before[i].limits;
    for (quota::Limit& limit : expected) {
      limit.source = quota::Source::config;
      limit.as_of.clear();
    }
    EXPECT_EQ(after[i].limits, expected) << before[i].name;
    EXPECT_EQ(after[i].charge, before[i].charge);
    EXPECT_EQ(after[i].timeouts, before[i].timeouts);
    EXPECT_EQ(after[i].models.size(), before[i].models.size());
  }
  EXPECT_EQ(after.at(0).limits.at(2).models, (std::vector<std::string>{"*:free", "null", "$x"}));
}

TEST(PrintEffective, ShowsNoSecret) {
  const std::string printed = print_effective(load_full().config);
  EXPECT_THAT(printed, Not(HasSubstr("hunter2")));
  EXPECT_THAT(printed, HasSubstr("value: \"***\""));
  EXPECT_THAT(printed, HasSubstr("http://***@proxy:3128"));
}

TEST(PrintEffective, SaysWhereAPresetsLimitComesFrom) {
  MapEnvironment environment;
  environment.variables["GROQ_API_KEY"] = "gsk";
  const Loaded loaded = load_snippet("providers: {groq: {}}", environment);
  const std::string printed = print_effective(loaded.config);
  EXPECT_THAT(printed, HasSubstr("rpm: {limit: 30, window: refill}  # preset, 2026-09-12\n"));
  EXPECT_THAT(printed,
              HasSubstr("charge: {tokens: prompt+max_tokens, default_max_tokens: 0, settle: admission, "
                        "failures: false, cached: free}\n"));
  EXPECT_TRUE(load_snippet(printed).ok()) << format_problems(load_snippet(printed).problems);
}

TEST(PrintEffective, ShowsAShareAsItWasWritten) {
  const Loaded loaded =
      load_snippet("alerts: {at: [7%, 14%, 28.000001%, 56.6%, 100%]}\n" + std::string(kLocal));
  EXPECT_THAT(print_effective(loaded.config), HasSubstr("at: [7%, 14%, 28.000001%, 56.6%, 100%]"));
}

TEST(PrintEffective, IsValidWithoutAnything) {
  const std::string printed = print_effective(GatewayConfig());
  EXPECT_TRUE(load_snippet(printed).ok()) << printed;
}

}  // namespace
}  // namespace weir::config
