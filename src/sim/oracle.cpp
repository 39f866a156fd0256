#include "sim/oracle.hpp"

#include <memory>
#include <optional>
#include <vector>

#include "sim/accounts.hpp"
#include "sim/agenda.hpp"
#include "sim/stranger.hpp"
#include "sim/traffic.hpp"
#include "sim/waiting_room.hpp"
#include "weir/quota/ledger.hpp"

namespace weir::sim {
namespace {

class Oracle {
 public:
  Oracle(const Scenario& scenario, const routing::Route& route, BootTime start,
         std::map<std::string, Counts>& counts)
      : scenario_(scenario),
        route_(route),
        counts_(counts),
        agenda_({.boot = start, .wall = scenario.start}),
        accounts_(scenario),
        strangers_(scenario, route, accounts_, agenda_),
        arrivals_(scenario.traffic, scenario.traffic.rate, start, scenario.seed, 0),
        random_(scenario.seed, kServicePart),
        measured_from_(start + scenario.settling_in),
        end_(start + scenario.time) {
    for (const routing::Candidate& candidate : route_.candidates)
      enforcers_.push_back(&accounts_.of(*candidate.target));
  }

  void run() {
    expect_next();
    agenda_.run();
  }

 private:
  static constexpr std::uint64_t kServicePart = 3;

  void expect_next() {
    const Demand demand = arrivals_.next();
    if (demand.at >= end_) return;
    agenda_.at(demand.at, [this, demand] {
      expect_next();
      const std::uint32_t id = next_id_++;
      waiting_.emplace(id, demand);
      room_.add_last(id, demand.at + scenario_.longest_wait());
      pump();
    });
  }

  void pump() {
    const BootTime again = room_.pump(
        agenda_.now().boot, [this](std::uint32_t id) { return attempt(id); },
        [this](std::uint32_t id) { waiting_.erase(id); });
    if (again == BootTime::max() || (wake_at_ > agenda_.now().boot && wake_at_ <= again)) return;
    wake_at_ = again;
    agenda_.at(again, [this, again] {
      if (wake_at_ == again) pump();
    });
  }

  // Of the doors that are open it takes the one behind which least is used: what is full loses what comes
  // back.
  BootTime attempt(std::uint32_t id) {
    const Demand& demand = waiting_.at(id);
    const Instant now = agenda_.now();
    BootTime first = BootTime::max();
    std::optional<std::size_t> best;
    double least = 0;
    for (std::size_t i = 0; i < enforcers_.size(); ++i) {
      const std::string& model = route_.candidates[i].target->model->id;
      const Duration wait = enforcers_[i]->wait(model, cost_at(*enforcers_[i], demand), now);
      if (wait == pretend::Window::kNever) continue;
      first = std::min(first, now.boot + wait);
      if (wait > Duration::zero()) continue;
      const double fullness = enforcers_[i]->fullness(model, now);
      if (best && fullness >= least) continue;
      best = i;
      least = fullness;
    }
    if (!best) return first;
    grant(*best, demand);
    waiting_.erase(id);
    return WaitingRoom::kWent;
  }

  // Where usage is charged it doesn't let outputs run over the limit: it knows how long they will be.
  static quota::Cost cost_at(const Enforcer& enforcer, const Demand& demand) {
    const quota::ChargeRule& rule = enforcer.charge();
    return rule.tokens == quota::ChargeRule::Tokens::prompt_plus_max_tokens ? admitted_cost(rule, demand)
                                                                            : final_cost(rule, demand);
  }

  void grant(std::size_t index, const Demand& demand) {
    Enforcer& enforcer = *enforcers_[index];
    const quota::Cost cost = cost_at(enforcer, demand);
    const routing::Target& target = *route_.candidates[index].target;
    Enforcer::Ticket ticket;
    (void)enforcer.admit(target.model->id, cost, agenda_.now(), ticket);
    const quota::Cost used = final_cost(enforcer.charge(), demand);
    if (agenda_.now().boot >= measured_from_ && agenda_.now().boot < end_) {
      Counts& counts = counts_[target.provider->name];
      ++counts.grantable;
      counts.grantable_tokens += used.tokens;
    }
    agenda_.in(service_of(enforcer.truth(), demand, random_).whole, [this, &enforcer, ticket, used] {
      enforcer.finish(ticket, used, agenda_.now());
      pump();
    });
  }

  const Scenario& scenario_;
  const routing::Route& route_;
  std::map<std::string, Counts>& counts_;
  Agenda agenda_;
  Accounts accounts_;
  Strangers strangers_;
  Arrivals arrivals_;
  SeededRandom random_;
  BootTime measured_from_;
  BootTime end_;
  std::vector<Enforcer*> enforcers_;  // of the candidates, in their order
  std::map<std::uint32_t, Demand> waiting_;
  WaitingRoom room_;
  BootTime wake_at_ = BootTime::min();
  std::uint32_t next_id_ = 0;
};

}  // namespace

void ask_oracle(const Scenario& scenario, const routing::Route& route, BootTime start,
                std::map<std::string, Counts>& counts) {
  Oracle(scenario, route, start, counts).run();
}

}  // namespace weir::sim
