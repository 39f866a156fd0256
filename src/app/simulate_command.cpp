#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "app/commands.hpp"
#include "weir/base/units.hpp"
#include "weir/sim/simulation.hpp"

namespace weir::app {
namespace {

// "60/min", "2/s", "1000/day" as requests a second.
std::optional<double> parse_rate(std::string_view text) {
  struct Unit {
    std::string_view name;
    double seconds;
  };
  constexpr std::array kUnits{Unit{"s", 1},       Unit{"min", 60},   Unit{"m", 60},      Unit{"h", 3600},
                              Unit{"hour", 3600}, Unit{"d", 86'400}, Unit{"day", 86'400}};
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto count = parse_count(text.substr(0, slash));
  const auto* const unit = std::ranges::find(kUnits, text.substr(slash + 1), &Unit::name);
  if (!count || *count == 0 || unit == kUnits.end()) return std::nullopt;
  return static_cast<double>(*count) / unit->seconds;
}

// The figures that this provider's heads tell, by its preset.
std::vector<sim::Truth::Told> told_by(const providers::Provider& provider) {
  std::vector<sim::Truth::Told> told;
  for (const providers::HeaderRule& rule : provider.preset->headers)
    told.emplace_back(rule.dimension, rule.period);
  return told;
}

sim::Scenario scenario_of(config::GatewayConfig config, const SimulateOptions& options) {
  sim::Scenario scenario;
  for (const providers::Provider& provider : config.providers)
    scenario.truths[provider.name].told = told_by(provider);
  scenario.parts = {.providers = std::move(config.providers),
                    .routes = std::move(config.models),
                    .aliases = std::move(config.aliases),
                    .allow_paid = config.routing.allow_paid};
  scenario.model = options.model;
  scenario.seed = options.seed;
  scenario.routing = config.routing;
  scenario.traffic.deadline = config.routing.deadline;
  scenario.traffic.load = options.capacity_times.value_or(1);
  const std::uint64_t half = std::max<std::uint64_t>(options.tokens / 2, 1);
  scenario.traffic.sizes = {{.share = 1,
                             .prompt = half,
                             .output = half,
                             .max_tokens = 2 * half,
                             .priority = config.routing.default_class}};
  return scenario;
}

// What the options say in words. The name of the one that makes no sense, or nothing.
std::optional<std::string> read(const SimulateOptions& options, sim::Scenario& scenario) {
  const auto time = parse_duration(options.time);
  if (!time || *time <= Duration::zero()) return "--for";
  scenario.time = *time;
  scenario.settling_in = std::min<Duration>(scenario.settling_in, scenario.time / 10);
  if (!options.deadline.empty()) {
    const auto deadline = parse_duration(options.deadline);
    if (!deadline) return "--deadline";
    scenario.traffic.deadline = *deadline;
  }
  if (scenario.traffic.load <= 0) return "--load";
  if (options.rate.empty()) return std::nullopt;
  const auto rate = parse_rate(options.rate);
  if (!rate) return "--rate";
  scenario.traffic.rate = *rate;
  scenario.traffic.load.reset();
  return std::nullopt;
}

double milliseconds(Duration duration) {
  return std::round(static_cast<double>(duration.count()) * 1e-6);
}

nlohmann::ordered_json json_of(const sim::Counts& counts, double share) {
  nlohmann::ordered_json used;  // null: of nothing there is no share
  if (counts.grantable > 0) used = share;
  return {{"sent", counts.sent},
          {"refused", counts.refused},
          {"accepted", counts.accepted},
          {"accepted_tokens", counts.accepted_tokens},
          {"grantable", counts.grantable},
          {"grantable_tokens", counts.grantable_tokens},
          {"share_used", used}};
}

std::string format_json(const sim::Report& report) {
  nlohmann::ordered_json providers = nlohmann::ordered_json::object();
  for (const sim::Report::Row& row : report.rows) providers[row.provider] = json_of(row.counts, row.share());
  nlohmann::ordered_json json{{"model", report.model},
                              {"requests", report.arrivals},
                              {"served", report.served},
                              {"turned_away", report.turned_away},
                              {"lost", report.lost},
                              {"wait_p50_ms", milliseconds(report.wait_at(0.5))},
                              {"wait_p95_ms", milliseconds(report.wait_at(0.95))},
                              {"demand_per_minute", report.demand * 60},
                              {"capacity_per_minute", nullptr},
                              {"providers", std::move(providers)},
                              {"all", json_of(report.all(), report.share())}};
  if (std::isfinite(report.capacity)) json["capacity_per_minute"] = report.capacity * 60;
  return json.dump(2);
}

}  // namespace

int simulate(const SimulateOptions& options) {
  config::Loaded loaded = config::load(options.load, config::SystemEnvironment());
  std::fputs(config::format_problems(loaded.problems).c_str(), stderr);
  if (!loaded.ok()) return kConfiguration;
  if (loaded.config.providers.empty()) {
    std::fputs("error: no provider can be used: name a configuration with --config\n", stderr);
    return kConfiguration;
  }
  sim::Scenario scenario = scenario_of(std::move(loaded.config), options);
  if (const auto wrong = read(options, scenario)) {
    std::fprintf(stderr, "error: %s makes no sense: weir simulate --help\n", wrong->c_str());
    return kUsage;
  }
  const auto report = sim::simulate(std::move(scenario));
  if (!report) {
    std::fprintf(stderr, "error: %s\n", report.error().message.c_str());
    return kUsage;
  }
  std::fputs((options.json ? format_json(*report) + "\n" : sim::format(*report)).c_str(), stdout);
  return kFine;
}

}  // namespace weir::app
