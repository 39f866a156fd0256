#include "sim/traffic.hpp"

#include <algorithm>

namespace weir::sim {
namespace {

const Size& draw(const std::vector<Size>& sizes, RandomSource& random) {
  double all = 0;
  for (const Size& size : sizes) all += size.share;
  double left = random.unit() * all;
  for (const Size& size : sizes) {
    left -= size.share;
    if (left < 0) return size;
  }
  return sizes.back();
}

// Of mean 0 and deviation 1: twelve even draws are near enough.
double normal(RandomSource& random) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += random.unit();
  return sum;
}

quota::Cost cost(const quota::ChargeRule& rule, std::uint64_t prompt, std::uint64_t output) {
  const bool only_input = rule.tokens == quota::ChargeRule::Tokens::input;
  return {.requests = 1,
          .tokens = only_input ? prompt : prompt + output,
          .input_tokens = prompt,
          .output_tokens = output};
}

}  // namespace

Demand Arrivals::next() {
  at_ += pause(rate_, random_);
  const Size& size = draw(traffic_.sizes, random_);
  const auto vary = [this](std::uint64_t mean) {
    return static_cast<std::uint64_t>(around(static_cast<double>(mean), random_));
  };
  Demand demand;
  demand.at = at_;
  demand.prompt = std::max<std::uint64_t>(vary(size.prompt), 1);
  if (traffic_.tokens_for_ours)
    demand.estimate = static_cast<double>(demand.prompt) / *traffic_.tokens_for_ours *
                      std::max(0.1, 1 + traffic_.misjudged * normal(random_));
  demand.output = vary(size.output);
  demand.expected_output = size.output;
  demand.max_tokens = size.max_tokens;
  demand.priority = size.priority;
  if (size.max_tokens) demand.output = std::min(demand.output, *size.max_tokens);
  return demand;
}

// A provider that charges usage knows the output only when it is written.
quota::Cost admitted_cost(const quota::ChargeRule& rule, const Demand& demand) {
  if (rule.tokens == quota::ChargeRule::Tokens::prompt_plus_max_tokens) {
    const std::uint64_t untold =
        rule.default_max_tokens > 0 ? rule.default_max_tokens : demand.expected_output;
    return cost(rule, demand.prompt, demand.max_tokens.value_or(untold));
  }
  return cost(rule, demand.prompt, 0);
}

quota::Cost final_cost(const quota::ChargeRule& rule, const Demand& demand) {
  quota::Cost used = cost(rule, demand.prompt, demand.output);
  if (rule.tokens == quota::ChargeRule::Tokens::prompt_plus_max_tokens &&
      rule.settle == quota::ChargeRule::Settle::admission)
    used = admitted_cost(rule, demand);
  return used;
}

Service service_of(const Truth& truth, const Demand& demand, RandomSource& random) {
  const Duration head = seconds_to_duration(around(static_cast<double>(truth.thinks.count()) * 1e-9, random));
  return {.head = head,
          .whole = head + seconds_to_duration(static_cast<double>(demand.output) / truth.speed)};
}

}  // namespace weir::sim
