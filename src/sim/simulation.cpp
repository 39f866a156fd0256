#include "weir/sim/simulation.hpp"

#include <chrono>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sim/oracle.hpp"
#include "sim/run.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/routing/memory.hpp"

namespace weir::sim {
namespace {

Report::Row row_of(const Scenario& scenario, const providers::Provider& provider, const Counts& counts) {
  Report::Row row{.provider = provider.name, .counts = counts};
  const Truth& truth = scenario.truth_of(provider.name);
  const auto look = [&](const std::vector<quota::Limit>& limits) {
    for (const quota::Limit& limit : limits) {
      const bool is_of_requests = limit.dimension == quota::Dimension::requests ||
                                  limit.dimension == quota::Dimension::in_flight ||
                                  limit.window == quota::WindowKind::concurrency;
      (is_of_requests ? row.limits_requests : row.limits_tokens) = true;
    }
  };
  look(truth.limits ? *truth.limits : provider.limits);
  if (truth.model_limits) look(*truth.model_limits);
  for (const providers::Model& model : provider.models)
    if (!truth.model_limits) look(model.limits);
  return row;
}

// The first configured route; without one, everything that costs nothing.
std::string default_model(const routing::Catalogue& catalogue, bool has_routes) {
  if (!has_routes && catalogue.find("auto") != nullptr) return "auto";
  return catalogue.listed().empty() ? "" : catalogue.listed().front().id;
}

Error no_such_model(const routing::Catalogue& catalogue, const std::string& model) {
  std::string message = "there is no model \"" + model + "\"";
  const std::vector<std::string> similar = catalogue.similar(model);
  if (!similar.empty()) message += "; did you mean \"" + similar.front() + "\"?";
  return {ErrorKind::model_not_found, std::move(message)};
}

}  // namespace

Result<Report> simulate(Scenario scenario) {
  const BootTime start{std::chrono::hours(1)};
  Report report;
  quota::Ledger ledger;
  const bool has_routes = !scenario.parts.routes.empty();
  routing::Memory memory;
  const routing::Catalogue catalogue(std::move(scenario.parts), ledger,
                                     scenario.traffic.tokens_for_ours ? &memory : nullptr);
  if (scenario.model.empty()) scenario.model = default_model(catalogue, has_routes);
  const routing::Route* const route = catalogue.find(scenario.model);
  if (route == nullptr) return no_such_model(catalogue, scenario.model);
  const double takes = capacity(scenario, *route);
  if (scenario.traffic.load) scenario.traffic.rate = *scenario.traffic.load * takes;
  if (!std::isfinite(scenario.traffic.rate))
    return Error{ErrorKind::invalid_request, "a target of \"" + scenario.model +
                                                 "\" has no limits, so its capacity is unknown: say how many "
                                                 "requests come"};
  if (scenario.traffic.rate <= 0)
    return Error{ErrorKind::invalid_request, "the limits of \"" + scenario.model + "\" take nothing"};

  std::map<std::string, Counts> counts;
  for (const routing::Candidate& candidate : route->candidates) counts[candidate.target->provider->name];
  Run run(scenario, *route, ledger, {.boot = start, .wall = scenario.start});
  run.run();
  run.report(report, counts);
  ask_oracle(scenario, *route, start, counts);
  for (const providers::Provider& provider : catalogue.providers())
    if (counts.contains(provider.name))
      report.rows.push_back(row_of(scenario, provider, counts[provider.name]));
  report.model = scenario.model;
  report.demand = scenario.traffic.rate;
  report.capacity = takes;
  report.time = scenario.time;
  return report;
}

}  // namespace weir::sim
