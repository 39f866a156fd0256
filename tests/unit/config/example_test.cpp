#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "fixture.hpp"

// What people copy from must be right: the example, and the presets.
namespace weir::config {
namespace {

using testing::HasSubstr;

std::string read_project_file(const std::string& name) {
  return SystemEnvironment().read_file(std::string(WEIR_TEST_DATA) + "/../../" + name).value();
}

MapEnvironment with_all_keys() {
  MapEnvironment environment;
  environment.variables = {{"GROQ_API_KEY", "a"},
                           {"OPENROUTER_API_KEY", "b"},
                           {"MY_GEMINI_KEY", "c"},
                           {"WEIR_CLIENT_KEY", "dddddd"}};
  return environment;
}

// With the presets that are built in.
Loaded load_for_real(std::string_view text, const Environment& environment) {
  return load_text(text, "weir.yaml", LoadOptions(), environment);
}

TEST(ExampleFile, LoadsWithoutAProblem) {
  const Loaded loaded = load_for_real(read_project_file("config/weir.example.yaml"), with_all_keys());
  EXPECT_EQ(format_problems(loaded.problems), "");
  EXPECT_EQ(loaded.config.providers.size(), 3U);
}

TEST(ExampleFile, ShowsTheDefaults) {
  const GatewayConfig shown =
      load_for_real(read_project_file("config/weir.example.yaml"), with_all_keys()).config;
  const GatewayConfig defaults;
  EXPECT_EQ(shown.listen.host, defaults.listen.host);
  EXPECT_EQ(shown.listen.port, defaults.listen.port);
  EXPECT_EQ(shown.threads, defaults.threads);
  EXPECT_EQ(shown.max_connections, defaults.max_connections);
  EXPECT_EQ(shown.max_body, defaults.max_body);
  EXPECT_EQ(shown.drain_timeout, defaults.drain_timeout);
  EXPECT_EQ(shown.routing.max_attempts, defaults.routing.max_attempts);
  EXPECT_EQ(shown.routing.deadline, defaults.routing.deadline);
  EXPECT_EQ(shown.routing.allow_paid, defaults.routing.allow_paid);
  EXPECT_EQ(shown.routing.tier_patience, defaults.routing.tier_patience);
  EXPECT_EQ(shown.routing.default_class, defaults.routing.default_class);
  EXPECT_EQ(shown.routing.queue_wait, defaults.routing.queue_wait);
  EXPECT_EQ(shown.routing.queue_length, defaults.routing.queue_length);
  EXPECT_EQ(shown.routing.no_training, defaults.routing.no_training);
  EXPECT_EQ(shown.routing.fit_max_tokens, defaults.routing.fit_max_tokens);
  EXPECT_EQ(shown.routing.min_output, defaults.routing.min_output);
  EXPECT_EQ(shown.routing.spread, defaults.routing.spread);
  EXPECT_EQ(shown.routing.reserve, defaults.routing.reserve);
  EXPECT_EQ(shown.routing.deferred, defaults.routing.deferred);
  EXPECT_FALSE(shown.routing.peak);
  EXPECT_EQ(shown.routing.sticky, defaults.routing.sticky);
  EXPECT_EQ(shown.routing.sticky_ttl, defaults.routing.sticky_ttl);
  EXPECT_EQ(shown.routing.breaker, defaults.routing.breaker);
  EXPECT_EQ(shown.log.level, defaults.log.level);
  EXPECT_EQ(shown.access_log, defaults.access_log);
  EXPECT_EQ(shown.providers.at(0).timeouts, providers::Timeouts());
  EXPECT_EQ(shown.providers.at(2).charge, quota::ChargeRule());
}

// Everything at once, in the flow style of the documentation.
TEST(FullConfiguration, LoadsWithItsPendingKeysAtTheirDefaults) {
  const Loaded loaded = load_for_real(R"(
server:
  listen: 127.0.0.1:8484
  threads: auto
  max_connections: 4096
  max_body: 32MiB
  drain_timeout: 30s
  allowed_hosts: []
  cors_origins: []
  tls: {cert_file: "", key_file: ""}
auth:
  keys:
    - {name: laptop, key: "${WEIR_CLIENT_KEY:-}", models: ["*"], limits: {}}
admin: {key: "${WEIR_ADMIN_KEY:-}", dashboard: true}
metrics: {enabled: true, token: ""}
providers:
  groq: {}
  gemini:
    api_key: ${MY_GEMINI_KEY}
  openrouter:
    plan: topped_up
    keys:
      - {name: main, value: "${OPENROUTER_API_KEY}"}
      - {name: second, value: "${OPENROUTER_KEY_2:-}", account: other}
  work:
    preset: groq
    base_url: http://127.0.0.1:9101/v1
    api_key: none
    limits: {}
  local:
    preset: openai_compatible
    base_url: http://127.0.0.1:11434/v1
    models:
      qwen3-8b: {id: "qwen3:8b", context: 32k, max_output: 8k, capabilities: [tools], weight: 1}
    limits: {concurrency: 2}
    timeouts: {first_byte: 120s}
    proxy: ""
models:
  smart:
    strategy: headroom
    targets:
      - gemini/gemini-3.5-flash
      - {target: groq/openai/gpt-oss-120b, weight: 2}
      - {target: local/qwen3-8b, tier: 2}
  fast: {strategy: priority, targets: [groq/openai/gpt-oss-20b, local/qwen3-8b]}
aliases: {gpt-4o: smart, gpt-4o-mini: fast}
routing:
  max_attempts: 3
  deadline: 120s
  tier_patience: 1s
  allow_paid: false
  no_training: false
  fit_max_tokens: true
  min_output: 1024
  sticky: {by: conversation, ttl: 10m}
  queue: {max_wait: deadline, max_length: 1000}
  default_class: normal
  spread: {interactive: off, normal: off, batch: even}
  reserve: {interactive: 0%, normal: 0%}
  peak: {hours: "", zone: local, defer: [batch]}
  breaker: {failures: 5, open_for: 30s}
timeouts: {connect: 5s, tls: 10s, first_byte: 60s, idle: 120s, total: 10m}
tokens: {estimator: auto, calibrate: true, overflow: reject}
cache: {enabled: false, max_size: 64MiB, ttl: 1h}
alerts: {at: [80%, 95%], webhook: ""}
state: {store: sqlite, path: weir.db}
log: {level: info, format: auto, access: true, bodies: false, file: ""}
)",
                                      with_all_keys());
  EXPECT_EQ(format_problems(loaded.problems), "");
  EXPECT_EQ(loaded.config.providers.size(), 5U);
  EXPECT_EQ(loaded.config.models.size(), 2U);
  EXPECT_EQ(loaded.config.aliases.size(), 2U);
}

// The variables that a preset's key and address come from.
MapEnvironment environment_of(const providers::Preset& preset) {
  MapEnvironment environment;
  for (const std::string_view variable : preset.key_variables)
    environment.variables[std::string(variable)] = "key-of-" + std::string(preset.name);
  const std::string_view url = preset.base_url;
  for (auto open = url.find('{'); open != std::string_view::npos; open = url.find('{', open + 1))
    environment.variables[std::string(url.substr(open + 1, url.find('}', open) - open - 1))] = "filled";
  return environment;
}

std::string without_comments(const std::string& printed) {
  std::string out;
  std::istringstream lines(printed);
  for (std::string line; std::getline(lines, line);) out += line.substr(0, line.find("  # preset")) + "\n";
  return out;
}

// With a key and nothing else, and in each of its plans. What is printed of it means the same when it is
// read.
TEST(BuiltinPresets, AreAllUsableByTheirName) {
  for (const providers::Preset& preset : providers::builtin_presets()) {
    const MapEnvironment environment = environment_of(preset);
    std::vector<std::string> plans{""};
    for (const providers::PresetPlan& plan : preset.plans)
      plans.push_back("plan: " + std::string(plan.name) + ", ");
    for (const std::string& plan : plans) {
      std::string text = "providers: {" + std::string(preset.name) + ": {" + plan;
      if (preset.base_url.empty()) text += "base_url: \"http://127.0.0.1:1/v1\", ";
      if (preset.models.empty()) text += "models: {m: {}}";
      const Loaded loaded = load_for_real(text + "}}", environment);
      EXPECT_EQ(format_problems(loaded.problems), "") << preset.name;
      ASSERT_EQ(loaded.config.providers.size(), 1U) << preset.name;
      const std::string printed = print_effective(loaded.config);
      const Loaded again = load_for_real(printed, environment);
      ASSERT_TRUE(again.ok()) << format_problems(again.problems);
      EXPECT_EQ(print_effective(again.config), without_comments(printed));
      for (const providers::Model& model : loaded.config.providers[0].models)
        for (const quota::Limit& limit : model.limits)
          EXPECT_THAT(printed, HasSubstr("  # preset, " + limit.as_of)) << preset.name;
    }
  }
}

TEST(BuiltinPresets, WithoutAFileServeOnlyWhatCostsNothing) {
  for (const providers::Preset& preset : providers::builtin_presets()) {
    const auto free =
        std::ranges::count(preset.models, providers::Billing::free, &providers::PresetModel::billing);
    const Loaded loaded = load_for_real("", environment_of(preset));
    ASSERT_TRUE(loaded.ok()) << preset.name;
    const bool enabled = free > 0 && !preset.key_variables.empty();
    EXPECT_EQ(loaded.config.providers.size(), enabled ? 1U : 0U) << preset.name;
    for (const providers::Provider& provider : loaded.config.providers) {
      EXPECT_EQ(provider.models.size(), static_cast<std::size_t>(free)) << preset.name;
      for (const providers::Model& model : provider.models)
        EXPECT_EQ(model.billing, providers::Billing::free) << preset.name << "/" << model.name;
    }
  }
}

}  // namespace
}  // namespace weir::config
