#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "sim/accounts.hpp"
#include "sim/agenda.hpp"
#include "sim/chance.hpp"
#include "sim/traffic.hpp"
#include "weir/routing/route.hpp"
#include "weir/sim/scenario.hpp"

namespace weir::sim {

// Somebody else who uses an account of ours: comes to the provider's door without asking us, takes what is
// there and goes away where nothing is.
class Stranger {
 public:
  Stranger(const Scenario& scenario, const routing::Target& target, Enforcer& enforcer, Agenda& agenda,
           std::uint64_t part)
      : target_(target),
        enforcer_(enforcer),
        agenda_(agenda),
        arrivals_(scenario.traffic, enforcer.truth().foreign_rate, agenda.now().boot, scenario.seed, part),
        random_(scenario.seed, part + 1),
        end_(agenda.now().boot + scenario.time) {}

  void expect_next() {
    const Demand demand = arrivals_.next();
    if (demand.at < end_) agenda_.at(demand.at, [this, demand] { come(demand); });
  }

 private:
  void come(const Demand& demand) {
    expect_next();
    Enforcer::Ticket ticket;
    const quota::ChargeRule& rule = enforcer_.charge();
    if (enforcer_.admit(target_.model->id, admitted_cost(rule, demand), agenda_.now(), ticket)) return;
    const Service service = service_of(enforcer_.truth(), demand, random_);
    agenda_.in(service.whole, [this, ticket, used = final_cost(rule, demand)] {
      enforcer_.finish(ticket, used, agenda_.now());
    });
  }

  const routing::Target& target_;
  Enforcer& enforcer_;
  Agenda& agenda_;
  Arrivals arrivals_;
  SeededRandom random_;
  BootTime end_;
};

// One for each account that has one. Their numbers follow from the scenario alone.
class Strangers {
 public:
  Strangers(const Scenario& scenario, const routing::Route& route, Accounts& accounts, Agenda& agenda) {
    constexpr std::uint64_t kFirstPart = 1000;
    std::set<const Enforcer*> seen;
    for (const routing::Candidate& candidate : route.candidates) {
      Enforcer& enforcer = accounts.of(*candidate.target);
      if (enforcer.truth().foreign_rate <= 0 || !seen.insert(&enforcer).second) continue;
      strangers_.push_back(std::make_unique<Stranger>(scenario, *candidate.target, enforcer, agenda,
                                                      kFirstPart + 2 * strangers_.size()));
      strangers_.back()->expect_next();
    }
  }

 private:
  std::vector<std::unique_ptr<Stranger>> strangers_;
};

}  // namespace weir::sim
