#include "quota/account.hpp"

#include <algorithm>
#include <utility>

#include "quota/record_fields.hpp"

// Asking, and the life of a reservation. Which limits it is about is in account_binding.cpp, what answers say
// in account_answers.cpp, what a restart remembers in account_state.cpp.
namespace weir::quota {

void Account::journal_to(IntentLog* log, std::uint32_t number) {
  const std::lock_guard lock(mutex_);
  log_ = log;
  number_ = number;
  is_changed_ = true;
}

void Account::break_by(const BreakerRule& rule) {
  const std::lock_guard lock(mutex_);
  rule_ = rule;
  if (rule_.failures > 0) return;
  breaker_.close();
  for (Model& model : models_) model.breaker.close();
  is_changed_ = true;
}

std::optional<double> Account::headroom(const Wanted& wanted, Instant now) const {
  constexpr double kLeast = 0.01;
  constexpr double kUnknown = 0.5;
  const std::lock_guard lock(mutex_);
  now = not_before(now);
  if (is_blocked(wanted.place, now)) return std::nullopt;
  std::optional<double> least;
  for (const std::size_t index : models_[wanted.place.model].meters) {
    const Meter& meter = *meters_[index];
    const std::uint64_t part = wanted.cost.of(meter.limit().dimension);
    if (!meter.fits(part, now, wanted.day)) return std::nullopt;
    if (const auto share = meter.headroom(part, now, wanted.day))
      least = std::min(least.value_or(1.0), std::clamp(*share, kLeast, 1.0));
  }
  return least.value_or(kUnknown);
}

Ceiling Account::ceiling(Place place, Instant now, const DayRule& day) const {
  const std::lock_guard lock(mutex_);
  now = not_before(now);
  Ceiling ceiling;
  for (const std::size_t index : models_[place.model].meters) {
    const Meter& meter = *meters_[index];
    const Dimension dimension = meter.limit().dimension;
    if (dimension == Dimension::tokens) ceiling.tokens = std::min(ceiling.tokens, meter.ceiling(now, day));
    if (dimension == Dimension::output_tokens)
      ceiling.output_tokens = std::min(ceiling.output_tokens, meter.ceiling(now, day));
  }
  return ceiling;
}

std::optional<Refusal> Account::refusal(const Wanted& wanted, Instant now) {
  const std::lock_guard lock(mutex_);
  now = not_before(now);
  if (fits(wanted, now)) return std::nullopt;
  return why_not(wanted, now);
}

std::variant<std::uint32_t, Refusal> Account::reserve(const Wanted& wanted, Instant now) {
  const std::lock_guard lock(mutex_);
  now = advance_to(now);
  if (!fits(wanted, now)) return why_not(wanted, now);
  return take(wanted, now);
}

std::variant<Account::Both, Refusal> Account::reserve_with(const Wanted& wanted, Account& client,
                                                           const Wanted& of_client, Instant now) {
  const std::lock_guard lock(mutex_);
  const std::lock_guard client_lock(client.mutex_);
  const Instant here = advance_to(now);
  const Instant there = client.advance_to(now);
  std::optional<Refusal> refusal;
  if (!fits(wanted, here)) refusal = why_not(wanted, here);
  if (!client.fits(of_client, there)) {
    Refusal theirs = client.why_not(of_client, there);
    theirs.of_client = true;
    if (!refusal || refusal->available_at < theirs.available_at) refusal = std::move(theirs);
  }
  if (refusal) return *std::move(refusal);
  return Both{.target = take(wanted, here), .client = client.take(of_client, there)};
}

std::array<Block*, 3> Account::blocks_of(Place place) {
  return {&block_, &models_[place.model].block, place.key < keys_.size() ? &keys_[place.key].block : nullptr};
}

std::array<const Block*, 3> Account::blocks_of(Place place) const {
  return {&block_, &models_[place.model].block, place.key < keys_.size() ? &keys_[place.key].block : nullptr};
}

bool Account::is_blocked(Place place, Instant now) const {
  if (!breaker_.lets_through(now) || !models_[place.model].breaker.lets_through(now)) return true;
  return std::ranges::any_of(
      blocks_of(place), [now](const Block* block) { return block != nullptr && !block->lets_through(now); });
}

bool Account::fits(const Wanted& wanted, Instant now) const {
  if (is_blocked(wanted.place, now)) return false;
  return std::ranges::all_of(models_[wanted.place.model].meters, [&](std::size_t index) {
    const Meter& meter = *meters_[index];
    return meter.fits(wanted.cost.of(meter.limit().dimension), now, wanted.day);
  });
}

Refusal Account::why_not(const Wanted& wanted, Instant now) {
  Refusal refusal;
  const auto cooldown = longest_cooldown(wanted.place, now);
  if (cooldown)
    refusal = {.available_at = cooldown->until,
               .limit = std::string(name(cooldown->cause)),
               .remedy = remedy(cooldown->cause)};
  for (const std::size_t index : models_[wanted.place.model].meters) {
    Meter& meter = *meters_[index];
    const std::uint64_t part = wanted.cost.of(meter.limit().dimension);
    if (meter.fits(part, now, wanted.day)) continue;
    if (!meter.fits(part, now))
      press(index, now);  // what only a rule of ours keeps shows nothing of the limit
    if (meter.amount() == 0)
      return {.available_at = BootTime::max(),
              .limit = std::string(name(CooldownCause::not_on_plan)),
              .remedy = remedy(CooldownCause::not_on_plan)};
    if (meter.is_too_large(part, wanted.day))
      return {.available_at = BootTime::max(), .limit = meter.name(), .too_large = true};
    const BootTime at = meter.available_at(part, now, wanted.day);
    if (refusal.limit.empty() || at > refusal.available_at)
      refusal = {.available_at = at, .limit = meter.name()};
  }
  return refusal;
}

void Account::press(std::size_t index, Instant now) {
  Meter& meter = *meters_[index];
  if (!meter.press()) return;
  write({.kind = IntentRecord::Kind::pressed,
         .dimension = meter.limit().dimension,
         .id = static_cast<std::uint32_t>(index)},
        now);
}

std::uint32_t Account::take(const Wanted& wanted, Instant now) {
  const Place place = wanted.place;
  const std::uint32_t id = open_record();
  for (Block* const block : blocks_of(place))
    if (block != nullptr) block->passed(now);
  breaker_.passed(id);
  models_[place.model].breaker.passed(id);
  hold(id, place, wanted.cost, now);
  if (wanted.day.paced)
    for (Charge& charge : open_[id].charges) meters_[charge.meter]->pace(charge, wanted.day, now);
  IntentRecord record{.kind = IntentRecord::Kind::held,
                      .detail = place.key,
                      .id = id,
                      .model = static_cast<std::uint32_t>(place.model)};
  put_cost(record, wanted.cost);
  write(record, now);
  return id;
}

std::uint32_t Account::open_record() {
  if (free_.empty()) {
    open_.emplace_back();
    free_.reserve(open_.size());  // so that giving one back never allocates
    return static_cast<std::uint32_t>(open_.size() - 1);
  }
  const std::uint32_t id = free_.back();
  free_.pop_back();
  return id;
}

void Account::hold(std::uint32_t id, Place place, const Cost& cost, Instant now) {
  Open& open = open_[id];
  open.model = place.model;
  open.key = place.key;
  open.cost = cost;
  open.held_at = now.boot;
  open.is_open = true;
  open.is_sent = false;
  for (const std::size_t index : models_[place.model].meters) {
    Meter& meter = *meters_[index];
    Charge& charge = open.charges.emplace_back();
    charge.meter = static_cast<std::uint32_t>(index);
    charge.cost = cost.of(meter.limit().dimension);
    charge.unused = cost.unused_of(meter.limit().dimension);
    meter.hold(charge);
  }
}

void Account::send(std::uint32_t id, Instant now) {
  const std::lock_guard lock(mutex_);
  send_open(id, advance_to(now));
}

void Account::send_open(std::uint32_t id, Instant now) {
  Open& open = open_[id];
  if (open.is_sent) return;
  open.is_sent = true;
  for (Charge& charge : open.charges) meters_[charge.meter]->send(charge, now);
  write({.kind = IntentRecord::Kind::sent, .id = id}, now);
}

void Account::hear_clock(WallTime date, WallTime sent, WallTime received) {
  const std::lock_guard lock(mutex_);
  clock_offset_.heard(date, sent, received);
}

bool Account::report(std::uint32_t id, Health health, Instant now) {
  const std::lock_guard lock(mutex_);
  now = advance_to(now);
  const std::size_t index = open_[id].model;
  Breaker& breaker = models_[index].breaker;
  if (health == Health::untold) return false;
  if (health == Health::unreachable) {
    if (breaker_.failed(id, rule_, now))
      note_opened({.kind = IntentRecord::Kind::account_opened}, breaker_, now);
    return false;
  }
  const bool was_shut = !breaker_.lets_through(now) || !breaker.lets_through(now);
  if (health == Health::serving) {
    breaker_.answered(id);
    breaker.is_serving(id);
    return was_shut && breaker_.lets_through(now) && breaker.lets_through(now);
  }
  breaker_.served(id, now);  // whatever it answers, it is there
  if (health == Health::failing && breaker.failed(id, rule_, now))
    note_opened({.kind = IntentRecord::Kind::model_opened, .model = static_cast<std::uint32_t>(index)},
                breaker, now);
  if (health == Health::served) breaker.served(id, now);
  return was_shut && breaker_.lets_through(now) && breaker.lets_through(now);
}

void Account::note_opened(IntentRecord record, const Breaker& breaker, Instant now) {
  put_time(record, breaker.last()->until);
  write(record, now);
}

void Account::end(std::uint32_t id, Outcome outcome, const Cost& used, Instant now) {
  const std::lock_guard lock(mutex_);
  end_open(id, outcome, used, advance_to(now));
}

BootTime Account::available_behind(const Cost& ahead, const Wanted& wanted, Instant now,
                                   UnderWay under_way) const {
  const std::lock_guard lock(mutex_);
  now = not_before(now);
  BootTime at = now.boot;
  if (is_blocked(wanted.place, now))
    if (const auto cooldown = longest_cooldown(wanted.place, now, under_way)) at = cooldown->until;
  for (const std::size_t index : models_[wanted.place.model].meters) {
    const Meter& meter = *meters_[index];
    const Dimension dimension = meter.limit().dimension;
    const std::uint64_t before = dimension == Dimension::in_flight ? 0 : ahead.of(dimension);
    const std::uint64_t part = wanted.cost.of(dimension);
    if (before == 0 && meter.fits(part, now, wanted.day)) continue;
    at = std::max(at, meter.available_behind(before, part, now, wanted.day, under_way));
  }
  return at;
}

Instant Account::latest() const {
  const std::lock_guard lock(mutex_);
  return not_before(latest_);
}

void Account::drop(std::uint32_t id) {
  const std::lock_guard lock(mutex_);
  end_open(id, open_[id].is_sent ? Outcome::unknown : Outcome::not_sent, {}, not_before(latest_));
}

void Account::end_open(std::uint32_t id, Outcome outcome, const Cost& used, Instant now) {
  Open& open = open_[id];
  if (outcome != Outcome::not_sent) send_open(id, now);
  const Ending ending{.outcome = outcome, .used = used, .failures_count = models_[open.model].failures_count};
  for (const Charge& charge : open.charges) {
    if (open.is_sent) {
      meters_[charge.meter]->settle(charge, ending, now);
    } else {
      meters_[charge.meter]->release(charge);
    }
  }
  for (Block* const block : blocks_of({.model = open.model, .key = open.key})) {
    if (block == nullptr) continue;
    if (outcome == Outcome::served) block->served(open.held_at);
    if (!open.is_sent) block->returned(open.held_at);
  }
  breaker_.ended(id);
  models_[open.model].breaker.ended(id);
  open.is_open = false;
  open.charges.clear();
  free_.push_back(id);
  IntentRecord record{
      .kind = IntentRecord::Kind::ended, .detail = static_cast<std::uint8_t>(outcome), .id = id};
  put_cost(record, used);
  write(record, now);
}

void Account::count_first_try() {
  const std::lock_guard lock(mutex_);
  retries_.count_first_try();
}

bool Account::take_retry() {
  const std::lock_guard lock(mutex_);
  return retries_.take();
}

void Account::give_retry_back() {
  const std::lock_guard lock(mutex_);
  retries_.give_back();
}

std::vector<MeterView> Account::view(std::size_t model, Instant now) const {
  const std::lock_guard lock(mutex_);
  now = not_before(now);
  std::vector<MeterView> views;
  views.reserve(models_[model].meters.size());
  for (const std::size_t index : models_[model].meters) views.push_back(meters_[index]->view(now));
  return views;
}

TightestRooms Account::tightest(std::size_t model, Instant now) const {
  const std::lock_guard lock(mutex_);
  now = not_before(now);
  TightestRooms tightest;
  const auto take = [now](const Meter& meter, std::optional<WindowRoom>& least) {
    const WindowRoom room = meter.in_short(now);
    if (!least || room.share_left() < least->share_left()) least = room;
  };
  for (const std::size_t index : models_[model].meters) {
    const Meter& meter = *meters_[index];
    if (meter.counts_over_time(Dimension::requests)) take(meter, tightest.requests);
    if (meter.counts_over_time(Dimension::tokens)) take(meter, tightest.tokens);
  }
  return tightest;
}

std::optional<Cooldown> Account::cooldown(Place place, Instant now) const {
  const std::lock_guard lock(mutex_);
  return longest_cooldown(place, not_before(now));
}

std::optional<Cooldown> Account::longest_cooldown(Place place, Instant now, UnderWay under_way) const {
  const auto of = [now, under_way](const Breaker& breaker) {
    return under_way == UnderWay::ends ? breaker.pause(now) : breaker.cooldown(now);
  };
  std::optional<Cooldown> longest = of(breaker_);
  const auto failing = of(models_[place.model].breaker);
  if (failing && (!longest || longest->until < failing->until)) longest = failing;
  for (const Block* const block : blocks_of(place)) {
    const auto cooldown = block != nullptr ? block->cooldown(now) : std::nullopt;
    if (cooldown && (!longest || longest->until < cooldown->until)) longest = cooldown;
  }
  return longest;
}

Instant Account::not_before(Instant now) const {
  const BootTime boot = std::max(now.boot, latest_.boot);
  return {.boot = boot, .wall = now.wall_at(boot) + clock_offset_.value()};
}

Instant Account::advance_to(Instant now) {
  const Instant there = not_before(now);
  latest_ = {.boot = there.boot, .wall = there.wall - clock_offset_.value()};
  return there;
}

void Account::write(IntentRecord record, Instant now) {
  is_changed_ = true;
  if (log_ == nullptr) return;
  record.account = number_;
  record.at = {.boot = now.boot, .wall = now.wall - clock_offset_.value()};
  log_->append(record);
}

}  // namespace weir::quota
