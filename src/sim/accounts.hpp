#pragma once

#include <map>
#include <memory>
#include <string>

#include "sim/enforcer.hpp"
#include "weir/routing/route.hpp"

namespace weir::sim {

// The accounts behind a route, as their providers have them.
class Accounts {
 public:
  explicit Accounts(const Scenario& scenario) : scenario_(scenario) {}

  [[nodiscard]] Enforcer& of(const routing::Target& target) {
    std::unique_ptr<Enforcer>& one = enforcers_[target.provider->name + "/" + target.key->account];
    if (!one) one = std::make_unique<Enforcer>(*target.provider, scenario_.truth_of(target.provider->name));
    return *one;
  }

 private:
  const Scenario& scenario_;
  std::map<std::string, std::unique_ptr<Enforcer>> enforcers_;
};

}  // namespace weir::sim
