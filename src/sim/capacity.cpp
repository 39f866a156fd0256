#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <string>

#include "sim/traffic.hpp"
#include "weir/base/text.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/sim/scenario.hpp"

namespace weir::sim {
namespace {

constexpr double kUnlimited = std::numeric_limits<double>::infinity();

// The mean request of a traffic, as it is charged in the end.
struct Mean {
  double input = 0;
  double output = 0;
};

Mean mean_of(const Traffic& traffic, const quota::ChargeRule& rule) {
  Mean mean;
  double shares = 0;
  for (const Size& size : traffic.sizes) {
    const Demand demand{.at = {},
                        .prompt = size.prompt,
                        .output = size.output,
                        .expected_output = size.output,
                        .max_tokens = size.max_tokens};
    const quota::Cost cost = final_cost(rule, demand);
    mean.input += size.share * static_cast<double>(cost.input_tokens);
    mean.output += size.share * static_cast<double>(cost.output_tokens);
    shares += size.share;
  }
  return {mean.input / shares, mean.output / shares};
}

double cost_of(const Mean& mean, quota::Dimension dimension, const quota::ChargeRule& rule) {
  switch (dimension) {
    case quota::Dimension::requests:
    case quota::Dimension::in_flight:
      break;
    case quota::Dimension::tokens:
      return rule.tokens == quota::ChargeRule::Tokens::input ? mean.input : mean.input + mean.output;
    case quota::Dimension::input_tokens:
      return mean.input;
    case quota::Dimension::output_tokens:
      return mean.output;
  }
  return 1;
}

double seconds(Duration duration) {
  return static_cast<double>(duration.count()) * 1e-9;
}

double rate_of(const quota::Limit& limit, const Scenario& scenario, const Truth& truth,
               const quota::ChargeRule& rule) {
  const Mean mean = mean_of(scenario.traffic, rule);
  const auto amount = static_cast<double>(limit.amount);
  if (limit.amount == quota::kUnknownAmount) return kUnlimited;
  if (limit.dimension == quota::Dimension::in_flight || limit.window == quota::WindowKind::concurrency)
    return amount / (seconds(truth.thinks) + mean.output / truth.speed);
  // What is there at once is spread over the run.
  const double run = seconds(scenario.time);
  const double period = limit.window == quota::WindowKind::credit ? run : seconds(limit.period.length);
  return amount * std::max(1.0, run / period) / run / cost_of(mean, limit.dimension, rule);
}

bool applies(const quota::Limit& limit, const std::string& id) {
  return limit.models.empty() ||
         std::ranges::any_of(limit.models, [&](const auto& glob) { return matches_glob(glob, id); });
}

// Of one account of a provider, with those of its models that the route has.
double account_rate(const Scenario& scenario, const providers::Provider& provider,
                    const std::vector<const providers::Model*>& models) {
  const Truth& truth = scenario.truth_of(provider.name);
  const auto& shared = truth.limits ? *truth.limits : provider.limits;
  double sum = 0;
  for (const providers::Model* const model : models) {
    double least = kUnlimited;
    for (const quota::Limit& limit : truth.model_limits ? *truth.model_limits : model->limits)
      if (applies(limit, model->id))
        least = std::min(least, rate_of(limit, scenario, truth, provider.charge));
    // A pool over some models bounds each of them; one over all bounds their sum.
    for (const quota::Limit& limit : shared)
      if (!limit.models.empty() && applies(limit, model->id))
        least = std::min(least, rate_of(limit, scenario, truth, provider.charge));
    sum += least;
  }
  for (const quota::Limit& limit : shared) {
    const bool is_over_all =
        std::ranges::all_of(models, [&](const auto* model) { return applies(limit, model->id); });
    if (is_over_all) sum = std::min(sum, rate_of(limit, scenario, truth, provider.charge));
  }
  return sum;
}

}  // namespace

const Truth& Scenario::truth_of(const std::string& provider) const {
  static const Truth kAsConfigured;
  const auto found = truths.find(provider);
  return found == truths.end() ? kAsConfigured : found->second;
}

Duration Scenario::longest_wait() const {
  return routing.queue_wait ? std::min(traffic.deadline, *routing.queue_wait) : traffic.deadline;
}

double capacity(const Scenario& scenario, const routing::Route& route) {
  // Keys of one account share its room.
  std::map<std::string, std::pair<const providers::Provider*, std::vector<const providers::Model*>>> accounts;
  for (const routing::Candidate& candidate : route.candidates) {
    const routing::Target& target = *candidate.target;
    auto& [provider, models] = accounts[target.provider->name + "/" + target.key->account];
    provider = target.provider;
    if (std::ranges::find(models, target.model) == models.end()) models.push_back(target.model);
  }
  double sum = 0;
  for (const auto& [name, account] : accounts) sum += account_rate(scenario, *account.first, account.second);
  return sum;
}

}  // namespace weir::sim
