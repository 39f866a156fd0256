#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/accounts.hpp"
#include "sim/agenda.hpp"
#include "sim/chance.hpp"
#include "sim/stranger.hpp"
#include "sim/traffic.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/routing/admission_queue.hpp"
#include "weir/routing/route.hpp"
#include "weir/sim/report.hpp"
#include "weir/sim/scenario.hpp"

namespace weir::sim {

// Clients, the gateway's decisions and the journeys between it and the providers. What the ledger is told
// and when is as in the gateway's attempt.cpp.
class Run {
 public:
  Run(const Scenario& scenario, const routing::Route& route, quota::Ledger& ledger, Instant start);
  ~Run();

  void run();
  // Everything but what the oracle says; `counts` by provider.
  void report(Report& report, std::map<std::string, Counts>& counts);

 private:
  // A client's request on its way. Records are used again.
  struct Request {
    Demand demand;
    BootTime deadline;
    const routing::Target* target = nullptr;  // of the attempt that is under way
    quota::Cost cost;
    quota::Reservation reservation;
    std::unique_ptr<routing::AdmissionQueue::Place> place;  // while it waits
    Enforcer::Ticket ticket;
    std::vector<quota::Observation> heads;
    std::optional<quota::QuotaRefusal> refusal;
    BootTime head_at{};  // when it is here
    Duration waited{};   // for room, until the attempt that is under way
    bool is_lost = false;
    std::uint64_t number = 0;  // tells it from those that had the record before
  };

  void expect_next();
  void arrive(const Demand& demand);
  [[nodiscard]] routing::Ask ask_of(const Demand& demand) const;
  void look_for_room(std::uint32_t id);
  void hear_turn(std::uint32_t id, std::uint64_t number);
  void give_up(std::uint32_t id, std::uint64_t number);
  void take(std::uint32_t id, routing::Choice choice);
  void send(std::uint32_t id);
  void reach_provider(std::uint32_t id);
  void be_served(std::uint32_t id);
  void give_head(std::uint32_t id);
  void hear_head(std::uint32_t id);
  void finish(std::uint32_t id);
  void hear_end(std::uint32_t id);
  void hear_refusal(std::uint32_t id);
  void lose(std::uint32_t id);
  void turn_away(std::uint32_t id);
  void note_wait(const Request& request);

  [[nodiscard]] std::uint32_t open();
  void close(std::uint32_t id);
  [[nodiscard]] Duration travel();
  [[nodiscard]] bool is_measured() const;
  [[nodiscard]] Counts& counts_of(const Request& request) { return counts_[request.target->provider->name]; }

  const Scenario& scenario_;
  const routing::Route& route_;
  quota::Ledger& ledger_;
  Agenda agenda_;
  Accounts accounts_;
  Strangers strangers_;
  Arrivals arrivals_;
  SeededRandom network_;  // each draws from a source of its own
  SeededRandom service_;
  BootTime begin_;
  BootTime measured_from_;
  BootTime end_;
  BootTime alarm_at_ = BootTime::max();  // a later alarm takes the place of an earlier one
  routing::AdmissionQueue queue_;
  std::vector<Request> requests_;
  std::vector<std::uint32_t> free_;
  std::uint64_t opened_ = 0;
  std::map<std::string, Counts> counts_;
  Report report_;
};

}  // namespace weir::sim
