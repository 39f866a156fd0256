#pragma once

#include <cstdint>
#include <optional>

#include "sim/chance.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/quota/limit.hpp"
#include "weir/routing/planner.hpp"
#include "weir/sim/scenario.hpp"

namespace weir::sim {

// One client's request, and what it will really take.
struct Demand {
  BootTime at{};
  std::uint64_t prompt = 0;
  std::optional<double> estimate;  // of the prompt, where it isn't known
  std::uint64_t output = 0;
  std::uint64_t expected_output = 0;
  std::optional<std::uint64_t> max_tokens;
  routing::Priority priority = routing::Priority::normal;

  [[nodiscard]] routing::Ask ask() const {
    routing::Ask ask{.prompt_tokens = prompt, .output_tokens = expected_output, .max_tokens = max_tokens};
    if (!estimate) return ask;
    ask.size.emplace();
    ask.size->tokens.fill(static_cast<float>(*estimate));
    return ask;
  }
};

// Who comes when. Two of one seed give the same requests: the oracle sees what we see.
class Arrivals {
 public:
  Arrivals(const Traffic& traffic, double rate, BootTime start, std::uint64_t seed, std::uint64_t part)
      : traffic_(traffic), rate_(rate), at_(start), random_(seed, part) {}

  [[nodiscard]] Demand next();

 private:
  const Traffic& traffic_;
  double rate_;
  BootTime at_;
  SeededRandom random_;
};

// What the provider counts when it lets the request in, and what stays in the end.
[[nodiscard]] quota::Cost admitted_cost(const quota::ChargeRule& rule, const Demand& demand);
[[nodiscard]] quota::Cost final_cost(const quota::ChargeRule& rule, const Demand& demand);

// How long a provider works on it: until the head, and in all.
struct Service {
  Duration head{};
  Duration whole{};
};
[[nodiscard]] Service service_of(const Truth& truth, const Demand& demand, RandomSource& random);

}  // namespace weir::sim
