#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/quota/limit.hpp"
#include "weir/routing/route.hpp"

// What a simulated run is made of. Plain values; equal ones give equal reports.
namespace weir::sim {

// The way between us and the providers.
struct Journey {
  Duration least = std::chrono::milliseconds(20);   // one way
  Duration jitter = std::chrono::milliseconds(20);  // up to so much more, each time anew: requests overtake
  double connects = 0.05;                           // share of requests that connect first
  Duration connecting = std::chrono::milliseconds(80);
  double lost = 0.001;                           // share of answers that never arrive
  Duration patience = std::chrono::seconds(30);  // after which an answer counts as lost
};

// A sort of request, and how often it comes. Prompt and output vary by half around these.
struct Size {
  double share = 1;
  std::uint64_t prompt = 200;  // tokens
  std::uint64_t output = 200;
  std::optional<std::uint64_t> max_tokens;  // nothing: the client doesn't say
  routing::Priority priority = routing::Priority::normal;
};

struct Traffic {
  // Requests a second, arriving independently; where `load` is given, so many times the capacity.
  double rate = 1;
  std::optional<double> load;
  std::vector<Size> sizes{Size{}};
  Duration deadline = std::chrono::seconds(8);  // who hasn't been sent by then is turned away
  // How prompts are counted beforehand: a provider takes so many tokens for one of ours, and a single prompt
  // is off by so much (standard deviation, as a share). Nothing: each is known, and nothing is to be learned.
  std::optional<double> tokens_for_ours;
  double misjudged = 0.1;
};

// What a provider really is, beside what the configuration says of it.
struct Truth {
  // Else as configured. Of the account, and of each model.
  std::optional<std::vector<quota::Limit>> limits;
  std::optional<std::vector<quota::Limit>> model_limits;
  Duration clock_ahead{};   // of ours
  double foreign_rate = 0;  // requests a second that somebody else makes with the same account
  Duration thinks = std::chrono::milliseconds(400);  // until the first token, varying by half
  double speed = 100;                                // tokens a second

  // The windows that the heads of its answers tell of.
  using Told = std::pair<quota::Dimension, quota::Period>;
  std::vector<Told> told{};
  bool says_wait = true;      // a refusal, in whole seconds, rounded up
  bool names_window = false;  // a refusal
};

struct Scenario {
  routing::Catalogue::Parts parts;        // as configured: what the ledger knows
  std::string model;                      // what clients ask for; empty: the first that is listed, else auto
  std::map<std::string, Truth> truths{};  // by provider; one that isn't here is as configured
  Journey journey{};
  Traffic traffic{};
  routing::RoutingConfig routing{};                // tier_patience, spread, reserve, peak and queue of it
  Duration time = std::chrono::minutes(30);        // of arrivals
  Duration settling_in = std::chrono::minutes(1);  // not measured
  WallTime start = std::chrono::sys_days(std::chrono::year(2026) / 11 / 24);
  std::uint64_t seed = 1;

  [[nodiscard]] const Truth& truth_of(const std::string& provider) const;
  // For room, at most.
  [[nodiscard]] Duration longest_wait() const;
};

// Requests a second that the targets of a route can take in such a time, by their true limits; infinite where
// one has no limits. A rough sum: pools over several models count once, and each account by its tightest.
[[nodiscard]] double capacity(const Scenario& scenario, const routing::Route& route);

}  // namespace weir::sim
