#include "sim/run.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "weir/quota/charge.hpp"

namespace weir::sim {
namespace {

constexpr std::uint64_t kNetworkPart = 1;
constexpr std::uint64_t kRouterPart = 2;
constexpr std::uint64_t kServicePart = 3;

}  // namespace

Run::Run(const Scenario& scenario, const routing::Route& route, Instant start)
    : scenario_(scenario),
      route_(route),
      agenda_(start),
      accounts_(scenario),
      strangers_(scenario, route, accounts_, agenda_),
      arrivals_(scenario.traffic, scenario.traffic.rate, start.boot, scenario.seed, 0),
      network_(scenario.seed, kNetworkPart),
      service_(scenario.seed, kServicePart),
      router_(scenario.seed, kRouterPart),
      measured_from_(start.boot + scenario.settling_in),
      end_(start.boot + scenario.time) {}

void Run::run() {
  expect_next();
  agenda_.run();
}

void Run::report(Report& report, std::map<std::string, Counts>& counts) {
  report_.events = agenda_.events();
  std::ranges::sort(report_.waits);
  report = std::move(report_);
  for (const auto& [provider, seen] : counts_) counts[provider] += seen;
}

void Run::expect_next() {
  const Demand demand = arrivals_.next();
  if (demand.at < end_) agenda_.at(demand.at, [this, demand] { arrive(demand); });
}

void Run::arrive(const Demand& demand) {
  expect_next();
  ++report_.arrivals;
  const std::uint32_t id = open();
  requests_[id].demand = demand;
  requests_[id].deadline = demand.at + scenario_.traffic.deadline;
  room_.add_last(id, requests_[id].deadline);
  look_for_room();
}

void Run::look_for_room() {
  const BootTime again = room_.pump(
      agenda_.now().boot, [this](std::uint32_t id) { return attempt(id); },
      [this](std::uint32_t id) { turn_away(id); });
  if (again == BootTime::max() || (wake_at_ > agenda_.now().boot && wake_at_ <= again)) return;
  wake_at_ = again;
  agenda_.at(again, [this, again] {
    if (wake_at_ == again) look_for_room();
  });
}

BootTime Run::attempt(std::uint32_t id) {
  Request& request = requests_[id];
  auto planned = routing::choose(route_, request.demand.ask(), request.refused_by, agenda_.now(), router_);
  if (auto* const choice = std::get_if<routing::Choice>(&planned)) {
    take(id, std::move(*choice));
    return WaitingRoom::kWent;
  }
  const routing::Skip* const first = std::get<routing::NoRoom>(planned).first_back();
  if (request.refused_by.empty()) return first == nullptr ? BootTime::max() : first->available_at;
  // Nobody else has room: whoever refused is asked again once the ledger thinks so.
  request.refused_by.clear();
  return attempt(id);
}

void Run::take(std::uint32_t id, routing::Choice choice) {
  Request& request = requests_[id];
  request.target = choice.target;
  request.cost = choice.cost;
  request.reservation = std::move(choice.reservation);
  request.waited = agenda_.now().boot - request.demand.at;
  const bool connects = network_.unit() < scenario_.journey.connects;
  agenda_.in(connects ? scenario_.journey.connecting : Duration::zero(), [this, id] { send(id); });
}

void Run::send(std::uint32_t id) {
  Request& request = requests_[id];
  request.reservation.send(agenda_.now());
  if (is_measured()) ++counts_of(request).sent;
  agenda_.in(travel(), [this, id] { reach_provider(id); });
}

void Run::reach_provider(std::uint32_t id) {
  Request& request = requests_[id];
  Enforcer& enforcer = accounts_.of(*request.target);
  const auto refused =
      enforcer.admit(request.target->model->id, admitted_cost(enforcer.charge(), request.demand),
                     agenda_.now(), request.ticket);
  if (!refused) return be_served(id);
  if (is_measured()) ++counts_of(request).refused;
  const Truth& truth = enforcer.truth();
  quota::QuotaRefusal said;
  if (truth.says_wait && refused->wait != pretend::Window::kNever)
    said.wait = std::chrono::ceil<std::chrono::seconds>(refused->wait);
  if (truth.names_window) {
    said.dimension = refused->limit->dimension;
    said.period = refused->limit->period;
  }
  request.refusal = said;
  request.heads = enforcer.heads(request.target->model->id, agenda_.now());
  agenda_.in(travel(), [this, id] { hear_refusal(id); });
}

void Run::be_served(std::uint32_t id) {
  Request& request = requests_[id];
  const Enforcer& enforcer = accounts_.of(*request.target);
  if (is_measured()) {
    Counts& counts = counts_of(request);
    ++counts.accepted;
    counts.accepted_tokens += final_cost(enforcer.charge(), request.demand).tokens;
  }
  const Service service = service_of(enforcer.truth(), request.demand, service_);
  request.is_lost = network_.unit() < scenario_.journey.lost;
  if (!request.is_lost) agenda_.in(service.head, [this, id] { give_head(id); });
  agenda_.in(service.whole, [this, id] { finish(id); });
}

void Run::give_head(std::uint32_t id) {
  Request& request = requests_[id];
  request.heads = accounts_.of(*request.target).heads(request.target->model->id, agenda_.now());
  request.head_at = agenda_.now().boot + travel();
  agenda_.at(request.head_at, [this, id] { hear_head(id); });
}

void Run::hear_head(std::uint32_t id) {
  requests_[id].reservation.observe(requests_[id].heads, agenda_.now());
}

// The end follows the head on the same connection. A lost answer is waited for until patience ends.
void Run::finish(std::uint32_t id) {
  Request& request = requests_[id];
  Enforcer& enforcer = accounts_.of(*request.target);
  enforcer.finish(request.ticket, final_cost(enforcer.charge(), request.demand), agenda_.now());
  if (request.is_lost) {
    agenda_.in(scenario_.journey.patience, [this, id] { lose(id); });
    return;
  }
  agenda_.at(std::max(agenda_.now().boot + travel(), request.head_at), [this, id] { hear_end(id); });
}

void Run::hear_end(std::uint32_t id) {
  Request& request = requests_[id];
  const quota::ChargeRule& rule = request.target->provider->charge;
  request.reservation.settle(
      quota::settled_cost(rule, request.cost, request.demand.prompt, request.demand.output, 0),
      agenda_.now());
  ++report_.served;
  report_.waits.push_back(request.waited);
  close(id);
  look_for_room();
}

// The client isn't told: it waits on, in its old place.
void Run::hear_refusal(std::uint32_t id) {
  Request& request = requests_[id];
  request.reservation.observe(request.heads, agenda_.now());
  // A window at nothing is the one that refused: so the gateway reads heads.
  for (const quota::Observation& head : request.heads) {
    if (request.refusal->dimension || head.remaining != 0U) continue;
    request.refusal->dimension = head.dimension;
    request.refusal->period = head.period;
  }
  request.reservation.refuse_for_quota(*request.refusal, agenda_.now());
  request.refused_by.push_back(request.target);
  if (request.refused_by.size() >= scenario_.max_attempts) request.refused_by.clear();
  room_.add_first(id, request.deadline);
  look_for_room();
}

void Run::lose(std::uint32_t id) {
  requests_[id].reservation.keep(agenda_.now());
  ++report_.lost;
  report_.waits.push_back(requests_[id].waited);
  close(id);
  look_for_room();
}

void Run::turn_away(std::uint32_t id) {
  ++report_.turned_away;
  close(id);
}

std::uint32_t Run::open() {
  if (free_.empty()) {
    requests_.emplace_back();
    return static_cast<std::uint32_t>(requests_.size() - 1);
  }
  const std::uint32_t id = free_.back();
  free_.pop_back();
  return id;
}

void Run::close(std::uint32_t id) {
  requests_[id] = {};
  free_.push_back(id);
}

Duration Run::travel() {
  return scenario_.journey.least + upto(scenario_.journey.jitter, network_);
}

bool Run::is_measured() const {
  return agenda_.now().boot >= measured_from_ && agenda_.now().boot < end_;
}

}  // namespace weir::sim
