#include "routing/admission_pass.hpp"

#include <utility>

namespace weir::routing {
namespace {

// Without what only a rule of ours keeps it from. What is held for it is quota: its pace goes on, whoever
// uses some, and so do the hours.
Ask by_quota_alone(Ask ask) {
  ask.day.paced = false;
  ask.peak = nullptr;
  return ask;
}

}  // namespace

void AdmissionQueue::Pass::run() {
  for (std::size_t i = 0; i < kPriorities; ++i) at_[i] = queue_.lines_[i].begin();
  while (Waiter* const waiter = next()) serve(*waiter);
}

// By class and arrival, but for a class that has been passed over long enough.
AdmissionQueue::Waiter* AdmissionQueue::Pass::next() {
  const std::size_t favoured = queue_.favoured();
  if (favoured < kPriorities && at_[favoured] != queue_.lines_[favoured].end()) return *at_[favoured]++;
  for (std::size_t i = 0; i < kPriorities; ++i)
    if (at_[i] != queue_.lines_[i].end()) return *at_[i]++;
  return nullptr;
}

bool AdmissionQueue::Pass::is_due(const Waiter& waiter) const {
  return waiter.gives_way || waiter.look_at <= now_.boot || (changed_ != nullptr && waiter.uses(changed_));
}

// What was too much for one that asked for no more is too much for it too.
const AdmissionQueue::Pass::Hopeless* AdmissionQueue::Pass::as_hopeless(const Waiter& waiter) const {
  const auto found = std::ranges::find_if(hopeless_, [&](const Hopeless& one) {
    return one.waiter->want.route == waiter.want.route && one.hoped <= waiter.want.deadline &&
           waiter.want.excluded.empty() && is_no_less(waiter.want.ask, one.waiter->want.ask);
  });
  return found == hopeless_.end() ? nullptr : &*found;
}

// Who asks for no less than one that gives way does so too wherever it has room. Without that each would try
// each target at each look: thousands of records of what is given back at once, and no room for others.
const AdmissionQueue::Waiter* AdmissionQueue::Pass::as_yielding(const Waiter& waiter) const {
  const Want& want = waiter.want;
  const auto found = std::ranges::find_if(yielding_, [&](const Waiter* one) {
    return one->want.route == want.route && is_no_less(want.ask, one->want.ask);
  });
  if (found == yielding_.end()) return nullptr;
  return earliest_room(*want.route, want.ask, want.excluded, now_) <= now_.boot ? *found : nullptr;
}

// Patience may have kept it from later tiers.
bool AdmissionQueue::Pass::has_tried_all(const Waiter& waiter, const Ask& ask) {
  const std::vector<Candidate>& candidates = waiter.want.route->candidates;
  const bool has_tiers = candidates.front().tier != candidates.back().tier;
  return waiter.want.excluded.empty() && (!has_tiers || ask.patience == Duration::zero());
}

void AdmissionQueue::Pass::give_way(Waiter& waiter, BootTime look_at) {
  waiter.gives_way = true;
  waiter.is_held_back = false;
  waiter.earliest = now_.boot;
  waiter.look_at = look_at;
  before_.push_back(&waiter);
}

void AdmissionQueue::Pass::serve(Waiter& waiter) {
  if (!is_due(waiter)) return before_.push_back(&waiter);
  if (const Hopeless* const same = as_hopeless(waiter)) {
    waiter.gives_way = false;
    waiter.earliest = waiter.look_at = same->earliest;
    waiter.is_held_back = same->waiter->is_held_back;
    if (waiter.none.skips.empty()) waiter.none = same->waiter->none;
    return before_.push_back(&waiter);
  }
  // What that one lacks room for opens no later for it than for who asks for more.
  if (const Waiter* const same = as_yielding(waiter)) return give_way(waiter, same->look_at);
  const Ask ask = waiter.ask_at(now_);
  std::vector<const Target*> excluded = waiter.want.excluded;
  std::vector<const Target*> harmless;
  std::size_t most = 1;
  const Waiter* hurt = nullptr;
  while (true) {
    auto chosen = choose(*waiter.want.route, ask, excluded, now_, *queue_.random_);
    if (auto* const none = std::get_if<NoRoom>(&chosen)) {
      if (hurt == nullptr) return find_no_room(waiter, std::move(*none));
      if (has_tried_all(waiter, ask) && yielding_.size() < kYieldingMax) yielding_.push_back(&waiter);
      return give_way(waiter, std::min(hurt->look_at, first_to_open(*none)));
    }
    Choice& choice = std::get<Choice>(chosen);
    if (std::ranges::find(harmless, choice.target) != harmless.end())
      return queue_.grant(waiter, std::move(choice));
    const std::vector<Suspect> suspected = suspects(choice, most);
    if (suspected.empty()) return queue_.grant(waiter, std::move(choice));
    choice.reservation.refund(now_);
    if (const Waiter* const moved = first_moved(suspected)) {
      excluded.push_back(choice.target);
      hurt = moved;
    } else if (suspected.size() < most) {
      harmless.push_back(choice.target);
    } else {
      most = before_.size() + 1;  // whose moments nobody knew are seldom alone
    }
  }
}

// Of the targets without room.
BootTime AdmissionQueue::Pass::first_to_open(const NoRoom& none) const {
  BootTime first = BootTime::max();
  for (const Skip& skip : none.skips)
    if (skip.available_at > now_.boot) first = std::min(first, skip.available_at);
  return first;
}

void AdmissionQueue::Pass::find_no_room(Waiter& waiter, NoRoom none) {
  waiter.gives_way = false;
  waiter.earliest = earliest_room(*waiter.want.route, waiter.want.ask, waiter.want.excluded, now_);
  const Ask& ask = waiter.want.ask;
  BootTime hoped = waiter.earliest;
  if (hoped > waiter.want.deadline && waiter.want.deadline > now_.boot)  // hope takes time
    hoped = hoped_room(*waiter.want.route, ask, waiter.want.excluded, now_);
  if (hoped > waiter.want.deadline) return queue_.refuse(waiter, std::move(none));
  waiter.is_held_back =
      (ask.day.paced || ask.peak != nullptr) &&
      earliest_room(*waiter.want.route, by_quota_alone(ask), waiter.want.excluded, now_) <= now_.boot;
  const BootTime patient_until = waiter.want.arrived + waiter.want.ask.patience;
  // There may be room that patience keeps it from, or that another thread has just taken or given back.
  waiter.look_at = waiter.earliest > now_.boot ? waiter.earliest : now_.boot + kSoon;
  if (waiter.earliest <= now_.boot && patient_until > now_.boot)
    waiter.look_at = std::min(patient_until, first_to_open(none));
  waiter.none = std::move(none);
  before_.push_back(&waiter);
  if (waiter.want.excluded.empty() && waiter.earliest > now_.boot)
    hopeless_.push_back({&waiter, waiter.earliest, hoped});
}

// Who of those before may have to wait longer for what has just been taken. What was known of them may have
// been too early: the moment of a smaller request, or a guess.
std::vector<AdmissionQueue::Pass::Suspect> AdmissionQueue::Pass::suspects(const Choice& choice,
                                                                          std::size_t most) const {
  const quota::Pool* const client = choice.fitted.terms.client;
  std::vector<Suspect> found;
  for (Waiter* const waiter : before_) {
    if (!waiter->uses(choice.target->pool.account()) &&
        (client == nullptr || !waiter->uses(client->account())))
      continue;
    const Want& want = waiter->want;
    const BootTime earliest = earliest_room(*want.route, by_quota_alone(want.ask), want.excluded, now_);
    if (earliest <= std::max(waiter->earliest, now_.boot)) continue;
    found.push_back({waiter, earliest});
    if (found.size() == most) break;
  }
  return found;
}

// Once that has been given back: whose moment really was another one.
const AdmissionQueue::Waiter* AdmissionQueue::Pass::first_moved(const std::vector<Suspect>& suspects) const {
  for (const auto& [waiter, earliest] : suspects) {
    const Want& want = waiter->want;
    waiter->earliest = earliest_room(*want.route, want.ask, want.excluded, now_);
    if (earliest > std::max(waiter->earliest, now_.boot)) return waiter;
  }
  return nullptr;
}

}  // namespace weir::routing
