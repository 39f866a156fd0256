#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/providers.hpp"
#include "weir/quota/limit.hpp"
#include "weir/sim/scenario.hpp"
#include "weir/sim/simulation.hpp"

namespace weir::sim::test {

using quota::Dimension;
using quota::WindowKind;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

using Limits = std::vector<quota::Limit>;

inline quota::Limit limit(WindowKind window, Dimension dimension, std::uint64_t amount,
                          quota::Period period = quota::kMinutePeriod) {
  quota::Limit limit;
  limit.window = window;
  limit.dimension = dimension;
  limit.amount = amount;
  limit.period = period;
  return limit;
}
inline quota::Limit rpm(WindowKind window, std::uint64_t amount) {
  return limit(window, Dimension::requests, amount);
}
inline quota::Limit tpm(WindowKind window, std::uint64_t amount) {
  return limit(window, Dimension::tokens, amount);
}
inline quota::Limit concurrency(std::uint64_t amount) {
  return limit(WindowKind::concurrency, Dimension::in_flight, amount, {});
}

// One route over a provider for each list of limits: "p0", "p1", ...
inline Scenario scenario(const std::vector<Limits>& providers, double load, std::uint64_t seed = 1) {
  Scenario made;
  routing::RouteSpec route{.name = "all", .targets = {}};
  for (const Limits& limits : providers) {
    const std::string name = "p" + std::to_string(made.parts.providers.size());
    made.parts.providers.push_back(weir::test::make_provider(name, {weir::test::make_model("m")}, limits));
    route.targets.push_back({.provider = name, .model = "m", .weight = {}, .tier = 1});
  }
  made.parts.routes.push_back(std::move(route));
  made.model = "all";
  made.traffic.load = load;
  made.seed = seed;
  return made;
}

// Many short requests and a few long ones.
inline void vary_sizes(Scenario& scenario) {
  scenario.traffic.sizes = {{.share = 0.7, .prompt = 200, .output = 200, .max_tokens = {}},
                            {.share = 0.25, .prompt = 1000, .output = 400, .max_tokens = {}},
                            {.share = 0.05, .prompt = 4000, .output = 600, .max_tokens = {}}};
}

inline Report run(Scenario scenario) {
  Result<Report> report = simulate(std::move(scenario));
  EXPECT_TRUE(report) << report.error().message;
  return report ? *std::move(report) : Report{};
}

}  // namespace weir::sim::test
