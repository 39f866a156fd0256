#include <algorithm>
#include <utility>

#include "quota/account.hpp"
#include "quota/record_fields.hpp"

// What answers say of the windows, and what follows from a refusal.
namespace weir::quota {
namespace {

// Answers may name windows that nobody configured. More than this many for one model is nonsense.
constexpr std::size_t kMadeByAnswersMax = 8;
// Figures beyond this are nonsense too; below it no sum of ours can wrap.
constexpr std::uint64_t kAmountMax = std::uint64_t{1} << 53U;
// Where a refusal names no time and no window is known to be meant.
constexpr Duration kUntoldWait = std::chrono::seconds(10);
// The same where all that was wrong is that the request came a moment too early.
constexpr Duration kUntoldMoment = std::chrono::seconds(1);

// When a window ends says nothing of whether it was the one that refused.
std::optional<Duration> told_wait(const QuotaRefusal& said) {
  return said.wait_is_guessed ? std::nullopt : said.wait;
}

}  // namespace

std::optional<Drift> Account::observe(std::uint32_t id, std::span<const Observation> observations,
                                      Instant now) {
  const std::lock_guard lock(mutex_);
  now = advance_to(now);
  send_open(id, now);
  std::optional<Drift> news;
  for (const Observation& observation : observations) {
    const auto limit = observation.limit;
    if (!limit || *limit >= ObservedBits::kUntold || observation.remaining.value_or(0) > *limit) continue;
    IntentRecord record{.kind = IntentRecord::Kind::observed, .id = id};
    put_observation(record, observation);
    Meter* const meter = observe_one(id, observation_of(record), now);  // as it will be played back
    if (!news && meter != nullptr && meter->has_news_of_others())
      news = Drift{.window = meter->name(), .used_by_others = meter->used_by_others()};
    write(record, now);
  }
  return news;
}

Meter* Account::observe_one(std::uint32_t id, const Observation& observation, Instant now) {
  Open& open = open_[id];
  const std::optional<std::size_t> index = meter_of(models_[open.model], observation);
  if (index) {
    const auto charge = std::ranges::find(open.charges, *index, &Charge::meter);
    if (charge == open.charges.end()) return nullptr;  // the meter was bound after this was reserved
    meters_[*index]->observe(*charge, observation, now);
    return meters_[*index].get();
  }
  if (*observation.limit == 0 || observation.dimension == Dimension::in_flight) return nullptr;
  Limit limit;
  limit.dimension = observation.dimension;
  limit.amount = *observation.limit;
  limit.period = observation.period;
  if (observation.by_calendar) limit.window = WindowKind::calendar;
  limit.source = Source::header;
  const std::size_t model = open.model;
  const std::optional<std::size_t> made = make_meter(model, limit);
  if (!made) return nullptr;
  // Nothing is known of before. What is under way may or may not be in the provider's figure, so it counts on
  // top.
  const std::uint64_t limit_there = *observation.limit;
  meters_[*made]->start_at(limit_there - observation.remaining.value_or(limit_there), observation.reset, now);
  join_open(model, *made, now);
  meters_[*made]->close_observations();
  return meters_[*made].get();
}

// An answer doesn't say whose window it speaks of. One of the same amount is meant first, then the model's
// own before the account's. A pool that the user made over several models, of another amount, is not the
// provider's window: to correct it by one model's figures would spend what the user withheld.
std::optional<std::size_t> Account::meter_of(const Model& model, const Observation& observation) const {
  std::optional<std::size_t> narrowest;
  for (const std::size_t index : model.meters) {
    const Meter& meter = *meters_[index];
    if (!meter.can_observe() || !meter.is_about(observation.dimension, observation.period)) continue;
    if (meter.limit().amount == observation.limit) return index;
    if (meter.limit().source == Source::config && is_shared(index)) continue;
    narrowest = index;
  }
  return narrowest;
}

std::optional<std::size_t> Account::make_meter(std::size_t model_index, const Limit& limit) {
  Model& model = models_[model_index];
  if (model.made_by_answers == kMadeByAnswersMax) return std::nullopt;
  meters_.push_back(std::make_unique<Meter>(limit, model.id));
  model.meters.push_back(meters_.size() - 1);
  ++model.made_by_answers;
  return meters_.size() - 1;
}

void Account::join_open(std::size_t model, std::size_t index, Instant now) {
  Meter& meter = *meters_[index];
  for (Open& open : open_) {
    if (!open.is_open || open.model != model) continue;
    Charge& charge = open.charges.emplace_back();
    charge.meter = static_cast<std::uint32_t>(index);
    charge.cost = open.cost.of(meter.limit().dimension);
    charge.unused = open.cost.unused_of(meter.limit().dimension);
    meter.hold(charge);
    if (open.is_sent) meter.send(charge, now);
  }
}

void Account::refuse_for_quota(std::uint32_t id, const QuotaRefusal& said, Instant now) {
  const std::lock_guard lock(mutex_);
  now = advance_to(now);
  send_open(id, now);
  IntentRecord record{.kind = IntentRecord::Kind::refused_for_quota, .id = id};
  put_refusal(record, said);
  write(record, now);
  learn_from_refusal(id, said, now);
  end_open(id, Outcome::refused, {}, now);
}

void Account::learn_from_refusal(std::uint32_t id, const QuotaRefusal& said, Instant now) {
  const Open& open = open_[id];
  Model& model = models_[open.model];
  if (came_too_early(open, said, now)) {
    const auto told = told_wait(said);
    if (said.dimension && said.period && told) return;  // that window is full until then
    const BootTime until = now.boot + told.value_or(kUntoldMoment);
    (said.whole_account ? block_ : model.block).set({.cause = said.cause, .until = until}, now);
    return;
  }
  const BootTime until = now.boot + said.wait.value_or(kUntoldWait);
  Meter* const meter = blamed(open, said, now);
  bool is_blocked = false;
  if (meter != nullptr) {
    const auto charge =
        std::ranges::find_if(open.charges, [&](const Charge& c) { return meters_[c.meter].get() == meter; });
    const bool is_lesson = charge != open.charges.end() && meter->learn_from_refusal(*charge, now);
    const bool is_named = said.dimension && said.period;
    if (is_named && said.wait) meter->mark_full(until);
    // Who was refused twice running had better wait, however large the limit is thought to be.
    is_blocked = is_named && said.wait ? true : !said.wait && is_lesson && meter->room(now) == 0;
  } else if (said.dimension && said.period && *said.dimension != Dimension::in_flight) {
    // A window that nobody has told of: from now on it is counted.
    Limit limit;
    limit.dimension = *said.dimension;
    limit.amount = kUnknownAmount;
    limit.period = *said.period;
    limit.source = Source::body;
    const std::size_t index = open.model;
    if (const auto made = make_meter(index, limit)) join_open(index, *made, now);
  }
  if (is_blocked) return;
  (said.whole_account ? block_ : model.block).set({.cause = said.cause, .until = until}, now);
}

bool Account::came_too_early(const Open& open, const QuotaRefusal& said, Instant now) {
  bool any = false;
  for (const Charge& charge : open.charges) {
    Meter& meter = *meters_[charge.meter];
    const bool is_named = said.dimension && said.period;
    if (is_named && !meter.is_about(*said.dimension, *said.period)) continue;
    const auto told = told_wait(said);
    if (!meter.came_too_early(charge, told, now)) continue;
    any = true;
    if (is_named && told) meter.mark_full(now.boot + *told);
  }
  return any;
}

// Which of the meters a refusal is about: the one it names, or else the fullest of those that a wait of that
// length could belong to.
Meter* Account::blamed(const Open& open, const QuotaRefusal& said, Instant now) const {
  const Model& model = models_[open.model];
  if (said.dimension && said.period) return fullest_about(model, *said.dimension, *said.period, now);
  Meter* fullest = nullptr;
  double most = 0;
  for (const std::size_t index : model.meters) {
    Meter& meter = *meters_[index];
    if (said.dimension && *said.dimension != meter.limit().dimension) continue;
    if (!meter.can_learn() || (said.wait && *said.wait > meter.limit().period.length)) continue;
    constexpr double kUnknown = 0.5;
    const double fullness = meter.is_known() ? meter.fullness(now) : kUnknown;
    if (fullest != nullptr && fullness < most) continue;
    fullest = &meter;
    most = fullness;
  }
  return fullest;
}

Meter* Account::fullest_about(const Model& model, Dimension dimension, const Period& period,
                              Instant now) const {
  Meter* fullest = nullptr;
  double most = 0;
  for (const std::size_t index : model.meters) {
    Meter& meter = *meters_[index];
    if (!meter.is_about(dimension, period)) continue;
    const double fullness = meter.fullness(now);
    if (fullest != nullptr && fullness < most) continue;  // of equals the later, the narrower
    fullest = &meter;
    most = fullness;
  }
  return fullest;
}

void Account::cool_down_model(std::size_t model, Cooldown cooldown, Instant now) {
  const std::lock_guard lock(mutex_);
  now = advance_to(now);
  models_[model].block.set(cooldown, now);
  IntentRecord record{.kind = IntentRecord::Kind::model_cooled,
                      .detail = static_cast<std::uint8_t>(cooldown.cause),
                      .model = static_cast<std::uint32_t>(model)};
  put_time(record, cooldown.until);
  write(record, now);
}

void Account::cool_down_key(std::uint8_t key, Cooldown cooldown, Instant now) {
  const std::lock_guard lock(mutex_);
  if (key >= keys_.size()) return;
  now = advance_to(now);
  keys_[key].block.set(cooldown, now);
  IntentRecord record{
      .kind = IntentRecord::Kind::key_cooled, .detail = static_cast<std::uint8_t>(cooldown.cause), .id = key};
  put_time(record, cooldown.until);
  write(record, now);
}

void Account::cool_down_account(Cooldown cooldown, Instant now) {
  const std::lock_guard lock(mutex_);
  now = advance_to(now);
  block_.set(cooldown, now);
  IntentRecord record{.kind = IntentRecord::Kind::account_cooled,
                      .detail = static_cast<std::uint8_t>(cooldown.cause)};
  put_time(record, cooldown.until);
  write(record, now);
}

// Not written down: a restart asks again.
void Account::hear_listed(std::size_t model, bool listed) {
  const std::lock_guard lock(mutex_);
  models_[model].block.hear_listed(listed);
}

bool Account::correct(std::size_t model, std::string_view window, std::uint64_t used, Instant now) {
  const std::lock_guard lock(mutex_);
  now = advance_to(now);
  std::optional<std::size_t> fullest;
  for (const std::size_t index : models_[model].meters) {
    const Meter& meter = *meters_[index];
    if (meter.name() != window || meter.limit().dimension == Dimension::in_flight) continue;
    if (!fullest || meter.fullness(now) >= meters_[*fullest]->fullness(now)) fullest = index;
  }
  if (!fullest) return false;
  correct_meter(*fullest, used, now);
  return true;
}

void Account::replay_correction(const IntentRecord& record, Instant now) {
  const std::lock_guard lock(mutex_);
  if (has_meter_of(record)) correct_meter(record.id, record.first, advance_to(now));
}

bool Account::has_meter_of(const IntentRecord& record) const {
  return record.id < meters_.size() && meters_[record.id]->limit().dimension == record.dimension;
}

void Account::correct_meter(std::size_t index, std::uint64_t used, Instant now) {
  used = std::min(used, kAmountMax);
  meters_[index]->correct(used, now);
  write({.kind = IntentRecord::Kind::corrected,
         .dimension = meters_[index]->limit().dimension,
         .id = static_cast<std::uint32_t>(index),
         .first = used},
        now);
}

void Account::forget(Place place, Instant now) {
  const std::lock_guard lock(mutex_);
  now = advance_to(now);
  // What is in flight is known, not counted.
  for (const std::size_t index : models_[place.model].meters)
    if (meters_[index]->limit().dimension != Dimension::in_flight) meters_[index]->forget(now);
  for (Block* const block : blocks_of(place))
    if (block != nullptr) block->end();
  breaker_.close();
  models_[place.model].breaker.close();
  write({.kind = IntentRecord::Kind::forgotten,
         .detail = place.key,
         .model = static_cast<std::uint32_t>(place.model)},
        now);
}

void Account::end_cooldowns(Place place, Instant now) {
  const std::lock_guard lock(mutex_);
  for (Block* const block : blocks_of(place))
    if (block != nullptr) block->end();
  breaker_.close();
  models_[place.model].breaker.close();
  for (const std::size_t index : models_[place.model].meters) meters_[index]->end_full();
  write({.kind = IntentRecord::Kind::warmed,
         .detail = place.key,
         .model = static_cast<std::uint32_t>(place.model)},
        advance_to(now));
}

}  // namespace weir::quota
