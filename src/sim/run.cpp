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

Run::Run(const Scenario& scenario, const routing::Route& route, quota::Ledger& ledger, Instant start)
    : scenario_(scenario),
      route_(route),
      ledger_(ledger),
      agenda_(start),
      accounts_(scenario),
      strangers_(scenario, route, accounts_, agenda_),
      arrivals_(scenario.traffic, scenario.traffic.rate, start.boot, scenario.seed, 0),
      network_(scenario.seed, kNetworkPart),
      service_(scenario.seed, kServicePart),
      begin_(start.boot),
      measured_from_(start.boot + scenario.settling_in),
      end_(start.boot + scenario.time),
      queue_(std::make_unique<SeededRandom>(scenario.seed, kRouterPart), [this](BootTime at) {
        alarm_at_ = at;
        agenda_.at(at, [this, at] {
          if (alarm_at_ == at) queue_.ring(agenda_.now());
        });
      }) {
  queue_.set_max_length(scenario.routing.queue_length);
  ledger_.listen(&queue_);
}

Run::~Run() {
  ledger_.listen(nullptr);
}

void Run::run() {
  expect_next();
  agenda_.run();
}

void Run::report(Report& report, std::map<std::string, Counts>& counts) {
  report_.events = agenda_.events();
  std::ranges::sort(report_.waits);
  for (auto& waits : report_.waits_of) std::ranges::sort(waits);
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
  requests_[id].deadline = demand.at + scenario_.longest_wait();
  look_for_room(id);
}

routing::Ask Run::ask_of(const Demand& demand) const {
  routing::Ask ask = demand.ask();
  ask.patience = scenario_.routing.tier_patience;
  ask.day = routing::day_rule(scenario_.routing, demand.priority);
  ask.peak = routing::peak_of(scenario_.routing, demand.priority);
  return ask;
}

void Run::look_for_room(std::uint32_t id) {
  Request& request = requests_[id];
  const std::uint64_t number = request.number;
  auto outcome = queue_.join(
      {.route = &route_,
       .ask = ask_of(request.demand),
       .priority = request.demand.priority,
       .excluded = {},
       .arrived = request.demand.at,
       .deadline = request.deadline},
      [this, id, number] { agenda_.in({}, [this, id, number] { hear_turn(id, number); }); }, agenda_.now());
  if (auto* const choice = std::get_if<routing::Choice>(&outcome)) return take(id, std::move(*choice));
  auto* const place = std::get_if<std::unique_ptr<routing::AdmissionQueue::Place>>(&outcome);
  if (place == nullptr) return turn_away(id);
  request.place = std::move(*place);
  agenda_.at(request.deadline, [this, id, number] { give_up(id, number); });
}

void Run::hear_turn(std::uint32_t id, std::uint64_t number) {
  Request& request = requests_[id];
  if (request.number == number && request.place) give_up(id, number);
}

// Its turn has come, or its time is over.
void Run::give_up(std::uint32_t id, std::uint64_t number) {
  Request& request = requests_[id];
  if (request.number != number || !request.place) return;
  const auto place = std::move(request.place);
  auto outcome = place->leave(agenda_.now());
  if (auto* const choice = std::get_if<routing::Choice>(&outcome)) return take(id, std::move(*choice));
  turn_away(id);
}

void Run::take(std::uint32_t id, routing::Choice choice) {
  Request& request = requests_[id];
  request.target = choice.target;
  request.cost = choice.fitted.cost;
  request.reservation = std::move(choice.reservation);
  request.waited = agenda_.now().boot - request.demand.at;
  const auto hour = static_cast<std::size_t>((agenda_.now().boot - begin_) / std::chrono::hours(1));
  if (report_.sent_by_hour.size() <= hour) report_.sent_by_hour.resize(hour + 1);
  ++report_.sent_by_hour[hour];
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
  if (const routing::Ask ask = request.demand.ask(); ask.size)
    request.target->counting->learn_prompt(*ask.size, request.demand.prompt);
  ++report_.served;
  note_wait(request);
  close(id);
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
  look_for_room(id);
}

void Run::lose(std::uint32_t id) {
  requests_[id].reservation.keep(agenda_.now());
  ++report_.lost;
  note_wait(requests_[id]);
  close(id);
}

void Run::note_wait(const Request& request) {
  report_.waits.push_back(request.waited);
  report_.waits_of.at(static_cast<std::size_t>(request.demand.priority)).push_back(request.waited);
}

void Run::turn_away(std::uint32_t id) {
  ++report_.turned_away;
  close(id);
}

std::uint32_t Run::open() {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(requests_.size()));
    requests_.emplace_back();
  }
  const std::uint32_t id = free_.back();
  free_.pop_back();
  requests_[id].number = ++opened_;
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
