#include "weir/routing/admission_queue.hpp"

#include <algorithm>
#include <utility>

#include "routing/admission_pass.hpp"

namespace weir::routing {
namespace {

// Each class that waits gets one grant in so many.
constexpr std::uint32_t kShareOfGrants = 20;

std::size_t index_of(Priority priority) {
  return static_cast<std::size_t>(priority);
}

void add(quota::Cost& sum, const quota::Cost& cost) {
  sum.requests += cost.requests;
  sum.tokens += cost.tokens;
  sum.input_tokens += cost.input_tokens;
  sum.output_tokens += cost.output_tokens;
}

void take_away(quota::Cost& sum, const quota::Cost& cost) {
  sum.requests -= cost.requests;
  sum.tokens -= cost.tokens;
  sum.input_tokens -= cost.input_tokens;
  sum.output_tokens -= cost.output_tokens;
}

// While a thread looks at a queue, what it takes and gives back again is no news to that queue.
thread_local const AdmissionQueue* looking_at = nullptr;

class Looking {
 public:
  explicit Looking(const AdmissionQueue* queue) : before_(std::exchange(looking_at, queue)) {}
  ~Looking() { looking_at = before_; }
  Looking(const Looking&) = delete;
  Looking& operator=(const Looking&) = delete;

 private:
  const AdmissionQueue* const before_;
};

}  // namespace

// What of a cost is in the way of others: what no window is thought to hold goes where one is empty.
quota::Cost at_most_a_window(const quota::Pool& pool, quota::Cost cost, Instant now) {
  const quota::Ceiling most = pool.ceiling(now);
  cost.tokens = std::min(cost.tokens, most.tokens);
  cost.output_tokens = std::min(cost.output_tokens, most.output_tokens);
  return cost;
}

AdmissionQueue::AdmissionQueue(std::unique_ptr<RandomSource> random, SetAlarm set_alarm)
    : random_(std::move(random)), set_alarm_(std::move(set_alarm)) {}

std::optional<Choice> AdmissionQueue::take(const Want& want, Instant now, RandomSource& random) {
  if (waiting_ != 0) return std::nullopt;
  auto chosen = choose(*want.route, want.ask, want.excluded, now, random);
  auto* const choice = std::get_if<Choice>(&chosen);
  return choice != nullptr ? std::optional(std::move(*choice)) : std::nullopt;
}

std::variant<Choice, NoRoom, AdmissionQueue::Full, std::unique_ptr<AdmissionQueue::Place>>
AdmissionQueue::join(Want want, std::function<void()> wake, Instant now) {
  const std::lock_guard lock(mutex_);
  const Looking looking(this);
  auto waiter = std::make_unique<Waiter>();
  waiter->want = std::move(want);
  insert(*waiter);  // before the look: what is freed from here on is heard of
  look(nullptr, now);
  if (waiter->state == Waiter::State::granted) return std::move(*waiter->choice);
  if (waiter->state == Waiter::State::refused) return std::move(waiter->none);
  if (waiting_ > max_length_) {
    remove(*waiter);
    return Full{};
  }
  if (!expects_room(*waiter, now)) {
    remove(*waiter);
    return std::move(waiter->none);
  }
  waiter->wake = std::move(wake);
  set_alarm(now);
  return std::make_unique<Place>(*this, std::move(waiter));
}

void AdmissionQueue::ring(Instant now) {
  const std::lock_guard lock(mutex_);
  const Looking looking(this);
  alarm_ = BootTime::max();
  look(nullptr, now);
  set_alarm(now);
}

void AdmissionQueue::room_changed(const quota::Account* account, Instant now) {
  if (waiting_ == 0 || looking_at == this) return;
  const std::lock_guard lock(mutex_);
  const Looking looking(this);
  look(account, now);
  set_alarm(now);
}

void AdmissionQueue::look(const quota::Account* changed, Instant now) {
  latest_ = now;
  Pass(*this, changed, now).run();
}

void AdmissionQueue::insert(Waiter& waiter) {
  std::list<Waiter*>& line = lines_[index_of(waiter.want.priority)];
  const auto behind = std::find_if(line.rbegin(), line.rend(), [&](const Waiter* other) {
    return other->want.arrived <= waiter.want.arrived;
  });
  line.insert(behind.base(), &waiter);
  ++waiting_;
}

void AdmissionQueue::remove(Waiter& waiter) {
  const std::size_t index = index_of(waiter.want.priority);
  lines_[index].remove(&waiter);
  if (lines_[index].empty()) passed_over_[index] = 0;
  --waiting_;
  if (waiter.planned.empty()) return;
  for (const Planned& plan : waiter.planned) take_away(backlog_of(plan.pool).ahead[index], plan.cost);
  waiter.planned.clear();
  std::erase_if(backlogs_, [](const Backlog& backlog) {
    return std::ranges::all_of(backlog.ahead, [](const quota::Cost& cost) { return cost.requests == 0; });
  });
}

// Who leaves with nothing. Those who gave way to it need not any more.
void AdmissionQueue::let_go(Waiter& waiter, Instant now) {
  remove(waiter);
  waiter.state = Waiter::State::refused;
  look(nullptr, now);
  set_alarm(now);
}

// What those of its class and before expect to take there.
quota::Cost AdmissionQueue::ahead_of(Priority priority, const quota::Pool& pool) const {
  quota::Cost ahead{.requests = 0};
  const auto backlog =
      std::ranges::find_if(backlogs_, [&](const Backlog& one) { return one.pool.shares_with(pool); });
  for (std::size_t i = 0; backlog != backlogs_.end() && i <= index_of(priority); ++i)
    add(ahead, backlog->ahead[i]);
  return ahead;
}

// When it would have room at that target behind those who wait before.
AdmissionQueue::Expected AdmissionQueue::expected_at(const Waiter& waiter, const Target& target,
                                                     Instant now) const {
  const Ask& ask = waiter.want.ask;
  const quota::Pool& pool = target.pool;
  const quota::Cost ahead = ahead_of(waiter.want.priority, pool);
  const Fitted fitted = fit(target, ask, now);
  quota::Terms at_target = fitted.terms;
  at_target.client = nullptr;
  const BootTime there = pool.available_behind(ahead, fitted.cost, now, at_target);
  Expected expected{.at = there, .hoped = pool.hoped_behind(ahead, fitted.cost, now, at_target)};
  if (ask.client == nullptr) return expected;
  const quota::Cost& cost = fitted.terms.client_cost;
  const quota::Cost ahead_of_key = ahead_of(waiter.want.priority, *ask.client);
  expected.at = std::max(there, ask.client->available_behind(ahead_of_key, cost, now));
  expected.hoped = std::max(expected.hoped, ask.client->hoped_behind(ahead_of_key, cost, now));
  expected.waits_for_key = expected.at > there;
  return expected;
}

// Whether the deadline leaves it a chance behind all who wait for the same; and where it is expected to go.
bool AdmissionQueue::expects_room(Waiter& waiter, Instant now) {
  if (waiter.gives_way) return true;
  const Ask& ask = waiter.want.ask;
  Expected first{.at = BootTime::max(), .hoped = BootTime::max()};
  BootTime hoped = BootTime::max();
  const Target* best = nullptr;
  for (const Candidate& candidate : waiter.want.route->candidates) {
    const auto skip = std::ranges::find(waiter.none.skips, candidate.target, &Skip::target);
    if (skip == waiter.none.skips.end() || skip->unfit != Unfit::none) continue;
    const Expected expected = expected_at(waiter, *candidate.target, now);
    skip->available_at = std::max(skip->available_at, expected.at);
    hoped = std::min(hoped, expected.hoped);
    if (expected.hoped == BootTime::max() || (best != nullptr && expected.at >= first.at)) continue;
    first = expected;
    best = candidate.target;
  }
  if (best == nullptr || hoped > waiter.want.deadline || waiter.want.deadline <= now.boot) return false;
  const Fitted fitted = fit(*best, ask, now);
  if (!first.waits_for_key) waiter.planned.push_back({best->pool, fitted.cost.likely()});
  if (ask.client != nullptr) waiter.planned.push_back({*ask.client, fitted.terms.client_cost.likely()});
  const std::size_t index = index_of(waiter.want.priority);
  for (Planned& plan : waiter.planned) {
    plan.cost = at_most_a_window(plan.pool, plan.cost, now);
    add(backlog_of(plan.pool).ahead[index], plan.cost);
  }
  return true;
}

AdmissionQueue::Backlog& AdmissionQueue::backlog_of(const quota::Pool& pool) {
  const auto found =
      std::ranges::find_if(backlogs_, [&](const Backlog& one) { return one.pool.shares_with(pool); });
  if (found != backlogs_.end()) return *found;
  constexpr quota::Cost kNothing{.requests = 0};
  return backlogs_.emplace_back(Backlog{.pool = pool, .ahead = {kNothing, kNothing, kNothing}});
}

void AdmissionQueue::grant(Waiter& waiter, Choice choice) {
  const std::size_t index = index_of(waiter.want.priority);
  for (std::size_t i = 0; i < kPriorities; ++i)
    if (i != index && wants_a_turn(i)) ++passed_over_[i];
  passed_over_[index] = 0;
  remove(waiter);
  waiter.state = Waiter::State::granted;
  waiter.choice = std::move(choice);
  if (waiter.wake) waiter.wake();
}

void AdmissionQueue::refuse(Waiter& waiter, NoRoom none) {
  remove(waiter);
  waiter.state = Waiter::State::refused;
  waiter.none = std::move(none);
  if (waiter.wake) waiter.wake();
}

// What is in the way of one that leaves. Where there is room, those before are to have it.
NoRoom AdmissionQueue::in_the_way_of(const Waiter& waiter, Instant now) const {
  NoRoom none = survey(*waiter.want.route, waiter.want.ask, now);
  for (Skip& skip : none.skips) {
    if (skip.unfit != Unfit::none || skip.available_at > now.boot) continue;
    skip.reason = "kept for requests before it";
    skip.available_at = std::max(expected_at(waiter, *skip.target, now).at, now.boot + kSoon);
  }
  return none;
}

// The class that has been passed over too often; kPriorities where there is none.
std::size_t AdmissionQueue::favoured() const {
  const auto most = std::ranges::max_element(passed_over_);
  const auto index = static_cast<std::size_t>(most - passed_over_.begin());
  return *most + 1 >= kShareOfGrants && wants_a_turn(index) ? index : kPriorities;
}

// Whether somebody of that class waits for others, and not for its own pace or hours alone.
bool AdmissionQueue::wants_a_turn(std::size_t index) const {
  return std::ranges::any_of(lines_[index], [](const Waiter* waiter) { return !waiter->is_held_back; });
}

void AdmissionQueue::set_alarm(Instant now) {
  BootTime next = BootTime::max();
  for (const auto& line : lines_)
    for (const Waiter* waiter : line)
      if (waiter->look_at > now.boot) next = std::min(next, waiter->look_at);
  if (next >= alarm_ && alarm_ > now.boot) return;  // it looks again then
  alarm_ = next;
  if (next != BootTime::max()) set_alarm_(next);
}

AdmissionQueue::Place::Place(AdmissionQueue& queue, std::unique_ptr<Waiter> waiter)
    : queue_(queue), waiter_(std::move(waiter)) {}

AdmissionQueue::Place::~Place() {
  std::optional<Choice> untaken;  // given back once the lock is
  const std::lock_guard lock(queue_.mutex_);
  const Looking looking(&queue_);
  if (waiter_->state == Waiter::State::waiting) queue_.let_go(*waiter_, queue_.latest_);
  untaken = std::move(waiter_->choice);
}

std::optional<std::variant<Choice, NoRoom>> AdmissionQueue::Place::outcome() {
  const std::lock_guard lock(queue_.mutex_);
  if (waiter_->state == Waiter::State::waiting) return std::nullopt;
  return what_came();
}

std::variant<Choice, NoRoom> AdmissionQueue::Place::leave(Instant now) {
  const std::lock_guard lock(queue_.mutex_);
  const Looking looking(&queue_);
  if (waiter_->state == Waiter::State::waiting) {
    // One last look: its time has come as well, and of no use is what its patience alone kept it from.
    waiter_->want.ask.patience = Duration::zero();
    waiter_->look_at = now.boot;
    queue_.look(nullptr, now);
    queue_.set_alarm(now);
  }
  if (waiter_->state != Waiter::State::waiting) return what_came();
  queue_.let_go(*waiter_, now);
  return queue_.in_the_way_of(*waiter_, now);
}

std::variant<Choice, NoRoom> AdmissionQueue::Place::what_came() {
  if (waiter_->choice) return *std::exchange(waiter_->choice, std::nullopt);
  return std::move(waiter_->none);
}

}  // namespace weir::routing
