#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/base/random.hpp"
#include "weir/base/result.hpp"
#include "weir/providers/provider.hpp"
#include "weir/quota/ledger.hpp"

// From the name a client asks for to the target that serves it. Immutable once built; decisions take now and chance.
namespace weir::routing {

enum class Strategy : std::uint8_t { headroom, priority, weighted };

struct RoutingConfig {
  std::uint32_t max_attempts = 3;
  Duration deadline = std::chrono::seconds(120);  // queueing, connecting and retrying
  bool allow_paid = false;
};

// A model with one key of its provider: what an attempt is made on.
struct Target {
  const providers::Provider* provider = nullptr;
  const providers::Model* model = nullptr;
  const providers::Key* key = nullptr;
  quota::Pool pool;

  [[nodiscard]] std::string name() const { return provider->name + "/" + model->name; }
};

// A target's place in a route.
struct Candidate {
  const Target* target = nullptr;
  double weight = 1;
  std::uint32_t tier = 1;
};

struct Route {
  std::string name;
  Strategy strategy = Strategy::headroom;
  std::vector<Candidate> candidates;  // by tier
};

}  // namespace weir::routing
