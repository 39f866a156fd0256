#include "quota/meter.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "weir/base/arithmetic.hpp"
#include "weir/base/units.hpp"

namespace weir::quota {
namespace {

// Quota that is about to be lost weighs more, but not without bound.
constexpr double kLeastShareToReset = 0.05;
// The margin changes by a 64th of the amount, and is at most a quarter of it.
constexpr std::uint64_t kMarginStep = 64;
constexpr std::uint64_t kMarginMax = 4;
constexpr int kMarginPatience = 4;  // periods
// No clock is late by more. Waits are said in whole seconds, rounded up.
constexpr Duration kMoment = std::chrono::minutes(2);
// Of an interval's amount, where a gap was too short.
constexpr std::uint64_t kShorter = 8;
// As full as one about which nobody knows.
constexpr double kUnknownFullness = 0.5;
// The gaps after which an interval has shown that it holds.
constexpr std::uint64_t kGaps = 10;
constexpr std::size_t kDateLength = 10;  // "2026-11-24"

Limit normalised(Limit limit, const EngineWindow& engine) {
  if (engine.kind == WindowKind::concurrency) limit.dimension = Dimension::in_flight;
  return limit;
}

std::string_view zone_name(const EngineWindow& engine) {
  return engine.zone ? std::string_view(engine.zone->name()) : std::string_view();
}

}  // namespace

Meter::Meter(const Limit& limit, std::string scope)
    : limit_(normalised(limit, engine_window(limit))),
      scope_(std::move(scope)),
      name_(short_name(limit)),
      engine_(engine_window(limit)),
      window_(make_window(limit)) {
  window_->set_amount(limit_.amount, {});
}

std::uint64_t Meter::amount() const noexcept {
  const std::optional<std::uint64_t> shown = header_ ? header_ : learner_.learnt();
  if (!shown) return limit_.amount;
  return limit_.source == Source::config ? std::min(limit_.amount, *shown) : *shown;
}

std::uint64_t Meter::most_learnt() const noexcept {
  return limit_.source == Source::config ? limit_.amount : kUnknownAmount;
}

std::uint64_t Meter::capacity() const noexcept {
  const std::uint64_t all = amount();
  return engine_.kind == WindowKind::interval ? std::min<std::uint64_t>(all, 1) : all;
}

std::uint64_t Meter::share(const DayRule& day) const noexcept {
  const std::uint64_t all = capacity();
  if (day.kept <= 0 || !is_of_day()) return all;
  constexpr double kNoise = 1e-9;  // of shares like 7 %, which are no binary fractions
  const double kept = static_cast<double>(all) * (day.kept - kNoise);
  return less(all, static_cast<std::uint64_t>(std::ceil(std::max(kept, 0.0))));
}

bool Meter::is_inferred() const noexcept {
  return !header_ && learner_.learnt() && amount() == *learner_.learnt();
}

// Use shows of no cost that it is too large. What is more than it has shown goes where nothing else counts:
// that shows more.
std::uint64_t Meter::needed_for(std::uint64_t cost, const DayRule& day) const noexcept {
  const std::uint64_t all = share(day);
  return is_inferred() && all > 0 && cost <= most_learnt() ? std::min(cost, all) : cost;
}

std::uint64_t Meter::usable_for(std::uint64_t cost, const DayRule& day) const noexcept {
  const std::uint64_t all = share(day);
  return std::max(less(all, margin_), std::min(cost, all));
}

bool Meter::is_of_day() const noexcept {
  return limit_.period.length == kDay && can_observe() && is_known();
}

Duration Meter::learning_period() const noexcept {
  if (engine_.kind != WindowKind::interval) return limit_.period.length;
  return limit_.period.length / static_cast<Duration::rep>(std::max<std::uint64_t>(amount() / kGaps, 1));
}

bool Meter::is_for(const Limit& limit, std::string_view scope) const {
  // The cheap part first: the engine may have to read a zone.
  if (scope_ != scope || limit.period.length != limit_.period.length || limit.models != limit_.models ||
      limit.expires != limit_.expires)
    return false;
  const EngineWindow engine = engine_window(limit);
  return normalised(limit, engine).dimension == limit_.dimension && engine.kind == engine_.kind &&
         engine.length == engine_.length && zone_name(engine) == zone_name(engine_);
}

bool Meter::is_about(Dimension dimension, const Period& period) const noexcept {
  if (dimension != limit_.dimension || engine_.kind == WindowKind::credit) return false;
  return dimension == Dimension::in_flight || period.length == limit_.period.length;
}

bool Meter::can_observe() const noexcept {
  return engine_.kind != WindowKind::interval && engine_.kind != WindowKind::credit &&
         engine_.kind != WindowKind::concurrency;
}

bool Meter::can_learn() const noexcept {
  return (can_observe() || engine_.kind == WindowKind::interval) && !header_;
}

double Meter::fullness(Instant now) const {
  if (amount() == 0) return 1;
  if (engine_.kind == WindowKind::interval) return kUnknownFullness;
  return 1 - static_cast<double>(room(now)) / static_cast<double>(amount());
}

void Meter::rebind(const Limit& limit, Instant now) {
  // Whoever says something else may know of another plan.
  if (limit.amount != limit_.amount || limit.source != limit_.source) {
    header_.reset();
    learner_.forget();
  }
  limit_ = normalised(limit, engine_);
  name_ = short_name(limit);
  window_->set_amount(amount(), now);
}

std::uint64_t Meter::room(Instant now) const {
  return is_shut(now) ? 0 : unreserved(now);
}

std::uint64_t Meter::unreserved(Instant now) const {
  return less(less(less(capacity(), margin_), window_->counted(now)), held_);
}

bool Meter::is_shut(Instant now) const {
  return now.boot < full_until_ || window_->is_closed(now) || window_->ended(now) || amount() == 0;
}

bool Meter::fits(std::uint64_t cost, Instant now, const DayRule& day) const {
  cost = needed_for(cost, day);
  return plus(plus(window_->counted(now), held_), cost) <= usable_for(cost, day) && !is_shut(now) &&
         (!day.paced || paced_at(0, now, day) <= now.boot);
}

bool Meter::is_too_large(std::uint64_t cost, const DayRule& day) const noexcept {
  return amount() > 0 && needed_for(cost, day) > share(day);
}

std::uint64_t Meter::ceiling(Instant now, const DayRule& day) const {
  return engine_.kind == WindowKind::credit ? unreserved(now) : share(day);  // credit doesn't come back
}

BootTime Meter::available_at(std::uint64_t cost, Instant now, const DayRule& day, UnderWay under_way) const {
  const std::uint64_t all = share(day);
  cost = needed_for(cost, day);
  if (all == 0 || cost > all || window_->ended(now)) return BootTime::max();
  const bool ends = under_way == UnderWay::ends;
  if (ends && limit_.dimension == Dimension::in_flight) return std::max(now.boot, full_until_);
  const std::uint64_t allowed = plus(usable_for(cost, day) - cost, ends ? unused_ : 0);
  const BootTime at = std::max(window_->falls_to_with(held_, allowed, now), full_until_);
  return day.paced ? std::max(at, paced_at(0, now, day)) : at;
}

BootTime Meter::available_behind(std::uint64_t ahead, std::uint64_t cost, Instant now, const DayRule& day,
                                 UnderWay under_way) const {
  if (limit_.dimension == Dimension::in_flight) return available_at(cost, now, {}, under_way);
  const std::uint64_t all = share(day);
  cost = needed_for(cost, day);
  const std::uint64_t total = plus(ahead, cost);
  if (total <= all || cost > all) {
    const BootTime at = available_at(cost > all ? cost : total, now, day, under_way);
    return day.paced ? std::max(at, paced_at(ahead, now, day)) : at;
  }
  const BootTime all_free = available_at(all, now, day, under_way);
  if (all_free == BootTime::max() || engine_.length == Duration::zero()) return BootTime::max();
  // An interval gives one a gap, and its length holds the amount's gaps.
  const double at_once = static_cast<double>(engine_.kind == WindowKind::interval ? amount() : all);
  const double windows = static_cast<double>(total - all) / at_once;
  const double beyond = windows * static_cast<double>(engine_.length.count());
  const double most = static_cast<double>((BootTime::max() - all_free).count()) / 2;
  return all_free + Duration(static_cast<Duration::rep>(std::min(beyond, most)));
}

BootTime Meter::paced_at(std::uint64_t ahead, Instant now, const DayRule& day) const {
  if (!is_of_day()) return now.boot;
  const auto current = window_->current(now);
  if (!current) return pace_.by_rate(ahead, share(day), now);
  // Around an edge what is of the window before may still count; it says nothing of this one, and is gone
  // before this one's end.
  const BootTime last = std::max(current->end - Duration(1), now.boot);
  const std::uint64_t used = plus(plus(window_->counted({last, now.wall_at(last)}), held_), ahead);
  return std::max(Pace::by_line(*current, used, share(day)), now.boot);
}

std::optional<double> Meter::headroom(std::uint64_t cost, Instant now, const DayRule& day) const {
  const std::uint64_t all = capacity();
  if (engine_.kind == WindowKind::interval || all == 0 || all == kUnknownAmount) return std::nullopt;
  const std::uint64_t kept = day.kept > 0 ? all - share(day) : 0;
  const std::uint64_t gone = plus(plus(plus(margin_, window_->counted(now)), held_), plus(kept, cost));
  const double left = static_cast<double>(less(all, gone)) / static_cast<double>(all);
  const auto current = window_->current(now);
  return current ? left / std::max(1 - current->gone(now.boot), kLeastShareToReset) : left;
}

MeterView Meter::view(Instant now) const {
  MeterView view;
  view.limit = limit_;
  view.limit.amount = amount();
  if (amount() != limit_.amount) {
    view.limit.source = header_ ? Source::header : Source::inferred;
    view.limit.as_of = format_utc(header_ ? heard_at_ : learner_.learnt_at()).substr(0, kDateLength);
  }
  view.scope = scope_;
  view.used = window_->counted(now);
  view.reserved = held_;
  view.left = room(now);
  view.reset = reset(now);
  view.drift = others_.known();
  return view;
}

std::optional<BootTime> Meter::reset(Instant now) const {
  const std::optional<BootTime> next = window_->next_return(now);
  return now.boot < full_until_ ? std::max(next.value_or(full_until_), full_until_) : next;
}

bool Meter::counts_over_time(Dimension dimension) const noexcept {
  const std::uint64_t whole = amount();
  return limit_.dimension == dimension && whole > 0 && whole != kUnknownAmount &&
         limit_.window != WindowKind::interval && limit_.window != WindowKind::concurrency;
}

WindowRoom Meter::in_short(Instant now) const {
  return {.amount = amount(), .left = room(now), .reset = reset(now)};
}

void Meter::hold(const Charge& charge) {
  held_ += charge.cost;
  unused_ += charge.unused;
}

void Meter::pace(Charge& charge, const DayRule& day, Instant now) {
  if (is_of_day() && !window_->current(now)) charge.paced = pace_.take(charge.cost, share(day), now);
}

void Meter::release(const Charge& charge) {
  held_ = less(held_, charge.cost);
  unused_ = less(unused_, charge.unused);
  pace_.give_back(charge.paced);
}

void Meter::send(Charge& charge, Instant now) {
  held_ = less(held_, charge.cost);
  in_flight_ += charge.cost;
  sent_ += charge.cost;
  others_.sent();
  charge.stamp = window_->add(charge.cost, now);
  charge.sequence = ++sequence_;
  charge.in_flight = in_flight_;
  charge.counted = window_->counted(now);
  charge.sent = sent_;
  charge.is_close = charge.cost > 0 && window_->counted_with_care(now) > capacity();
}

void Meter::settle(const Charge& charge, const Ending& ending, Instant now) {
  std::uint64_t final = final_charge(ending, limit_.dimension, charge.cost);
  if (ending.outcome == Outcome::refused) {
    // The provider didn't count what it refused, so that much of what its answer said is someone else's use.
    if (charge.spare) final = std::max(final, less(charge.cost, *charge.spare));
  } else if (ending.outcome == Outcome::served) {
    early_at_.reset();
    if (margin_ > 0 && now.boot - margin_since_ >= kMarginPatience * limit_.period.length) {
      margin_ = less(margin_, std::max<std::uint64_t>(amount() / kMarginStep, 1));
      margin_since_ = now.boot;
    }
    const bool is_more = is_inferred() && learner_.accepted(std::min(final, most_learnt()), now);
    const bool is_raised = !header_ && learner_.served(amount(), most_learnt(), learning_period(), now);
    if (is_more || is_raised) window_->set_amount(amount(), now);
  }
  in_flight_ = less(in_flight_, charge.cost);
  unused_ = less(unused_, charge.unused);
  if (charge.paced > Duration::zero()) {
    const Duration each = charge.paced / static_cast<Duration::rep>(charge.cost);
    pace_.give_back(each * static_cast<Duration::rep>(less(charge.cost, final)));
    pace_.add(each * static_cast<Duration::rep>(less(final, charge.cost)), now);
  }
  const std::uint64_t more = less(final, charge.cost);
  sent_ += more;
  others_.ended(charge.sequence,
                ending.outcome == Outcome::unknown ? std::nullopt : std::optional<std::uint64_t>(more));
  window_->settle(charge.stamp, charge.cost, final, now);
}

// The provider had counted limit - remaining when it wrote this. Of ours it can have counted no more than
// what counted when the request left and what was sent since; beyond that someone else uses the key. And it
// must have counted all of ours but what was in flight when the request left and what was sent since. Both
// bounds lean to the safe side: a provider that charges an answer at its end hasn't counted this request yet,
// so it is in flight too.
void Meter::observe(Charge& charge, const Observation& said, Instant now) {
  const std::uint64_t limit = said.limit.value_or(0);
  if (charge.sequence < observed_ || !window_->same_window(charge.stamp, now)) return;
  // "Not on this plan" is the model's state, which is probed, and no amount.
  if (limit == 0) return;
  hear(limit, now);
  if (!said.remaining || (said.remaining == std::uint64_t{0} && is_behind_edge(charge, now))) return;
  const bool first = std::exchange(is_fresh_, false);
  observed_ = charge.sequence;
  const std::uint64_t counted_there = limit - *said.remaining;
  const std::uint64_t since = sent_ - charge.sent;

  const std::uint64_t ours = plus(charge.counted, since);
  charge.spare = less(ours, counted_there);
  if (const std::uint64_t foreign = less(counted_there, ours); foreign > 0) {
    start_at(foreign, said.reset, now);
    if (first) return;  // it may show what was used before our time
    if (limit_.dimension == Dimension::requests)
      others_.add(foreign);
    else
      others_.suspect(foreign, sequence_);
    return;
  }
  const std::uint64_t most = plus(counted_there, plus(charge.in_flight, since));
  window_->take_oldest(less(window_->counted(now), most), now);
}

bool Meter::is_behind_edge(const Charge& charge, Instant now) const {
  return charge.is_close && window_->current(now).has_value();
}

void Meter::hear(std::uint64_t limit, Instant now) {
  heard_at_ = now.wall;
  if (header_ == limit) return;
  header_ = limit;
  window_->set_amount(amount(), now);
}

// A limit that has just been raised on trial is the better explanation; and who is to wait for long, or is
// refused again after having waited, didn't come too early.
bool Meter::came_too_early(const Charge& charge, std::optional<Duration> wait, Instant now) {
  if (!charge.is_close || learner_.is_trying()) return false;
  if (wait && *wait > std::min(kMoment, limit_.period.length / 10) + std::chrono::seconds(1)) return false;
  if (early_at_) return charge.stamp <= *early_at_;
  if (!window_->take_more_care(now)) return false;
  early_at_ = now.boot;
  return true;
}

// The provider had accepted what counts but this, and would not accept this: its limit lies between. Of a
// large cost half is granted to it, so that what is learnt comes near from both sides.
bool Meter::learn_from_refusal(const Charge& charge, Instant now) {
  if (header_) keep_off(charge, now);
  if (!can_learn()) return false;
  const bool is_gap = engine_.kind == WindowKind::interval;
  // Where hardly any of it was ours it shows that somebody else uses the key, or trouble over there.
  constexpr std::uint64_t kOurPart = 8;
  const std::uint64_t before = less(window_->counted(now), charge.cost);
  if (!is_gap && before < (is_known() ? amount() / kOurPart : 2)) {
    if (engine_.kind == WindowKind::refill && is_known()) fill_up(charge, now);
    return false;
  }
  // A gap that was too short doesn't show how long it must be.
  const std::uint64_t accepted =
      is_gap ? less(amount(), learner_.is_trying() ? learner_.step() : amount() / kShorter)
             : before + charge.cost / 2;
  const bool is_lesson = learner_.refused(
      {.accepted = accepted, .in_force = amount(), .period = learning_period(), .sent = charge.stamp}, now);
  if (is_lesson) window_->set_amount(amount(), now);
  return is_lesson;
}

// A bucket is full when it refuses, whoever filled it. Once the refused cost is given back ours is full too,
// and goes on from there.
void Meter::fill_up(const Charge& charge, Instant now) {
  start_at(less(plus(amount(), charge.cost), window_->counted(now)), std::nullopt, now);
}

// What was refused at once counts once.
void Meter::keep_off(const Charge& charge, Instant now) {
  if (!can_observe() || (margin_ > 0 && charge.stamp <= margin_since_)) return;
  margin_ = std::min(margin_ + std::max<std::uint64_t>(amount() / kMarginStep, 1), amount() / kMarginMax);
  margin_since_ = now.boot;
}

void Meter::start_at(std::uint64_t used, std::optional<Duration> reset, Instant now) {
  if (reset)
    window_->add_until(used, now.boot + *reset, now);
  else
    window_->add(used, now);
  sent_ += used;
}

bool Meter::may_replace(const Meter& other) const noexcept {
  return scope_ == other.scope_ && limit_.dimension == other.limit_.dimension &&
         limit_.dimension != Dimension::in_flight && limit_.period.length == other.limit_.period.length &&
         (engine_.kind == WindowKind::credit) == (other.engine_.kind == WindowKind::credit);
}

// What is under way settles there, so that here its estimate stays.
void Meter::follow(const Meter& replaced, Instant now) {
  const std::uint64_t counted = plus(replaced.window_->counted(now), replaced.held_);
  start_at(less(counted, window_->counted(now)), std::nullopt, now);
  mark_full(replaced.full_until_);
}

void Meter::add(const Meter& earlier, Instant now) {
  start_at(earlier.window_->counted(now), std::nullopt, now);
  mark_full(earlier.full_until_);
  if (!header_ && earlier.header_) {
    header_ = earlier.header_;
    heard_at_ = earlier.heard_at_;
  }
  if (!learner_.learnt()) learner_ = earlier.learner_;
  margin_ = std::max(margin_, earlier.margin_);
  others_.add(earlier.others_.known());
  window_->set_amount(amount(), now);
}

void Meter::mark_full(BootTime until) noexcept {
  full_until_ = std::max(full_until_, until);
}

// What is under way may come back yet, so it counts on top.
void Meter::correct(std::uint64_t used, Instant now) {
  const std::uint64_t counted = window_->counted(now);
  const std::uint64_t wanted = plus(used, in_flight_);
  if (wanted > counted) window_->add(wanted - counted, now);
  if (wanted == 0)
    window_->clear(now);
  else if (wanted < counted)
    window_->take_oldest(counted - wanted, now);
  full_until_ = BootTime::min();
  close_observations();
  is_fresh_ = true;
}

void Meter::end_open(Instant now) {
  held_ = 0;
  in_flight_ = 0;
  unused_ = 0;
  others_.end_all();
  if (engine_.kind == WindowKind::concurrency) window_->clear(now);
}

void Meter::forget(Instant now) {
  correct(0, now);
  header_.reset();
  learner_.forget();
  early_at_.reset();
  margin_ = 0;
  others_.forget();
  window_->set_amount(amount(), now);
}

bool Meter::is_blank(Instant now) const {
  return !header_ && !learner_.learnt() && held_ == 0 && !is_marked_full(now) && window_->counted(now) == 0;
}

}  // namespace weir::quota
