#include "quota/account.hpp"

#include <algorithm>
#include <utility>

#include "weir/base/text.hpp"

namespace weir::quota {
namespace {

constexpr std::string_view kAccountScope = "account";

// Answers may name windows that nobody configured. More than this many for one model is nonsense.
constexpr std::size_t kMadeByAnswersMax = 8;
// Figures beyond this are nonsense too; below it no sum of ours can wrap.
constexpr std::uint64_t kAmountMax = std::uint64_t{1} << 53U;

bool applies(const Limit& limit, std::string_view model) {
  return limit.models.empty() ||
         std::ranges::any_of(limit.models, [model](const auto& glob) { return matches_glob(glob, model); });
}

bool contains(const std::vector<std::size_t>& list, std::size_t value) {
  return std::ranges::find(list, value) != list.end();
}

bool is_over(const std::optional<Cooldown>& cooldown, Instant now) {
  return !cooldown || cooldown->until <= now.boot;
}

void cool_down(std::optional<Cooldown>& current, Cooldown cooldown) {
  if (!current || current->until < cooldown.until) current = cooldown;
}

}  // namespace

std::size_t Account::bind(std::string_view id, std::span<const Limit> account_limits,
                          std::span<const Limit> model_limits, const ChargeRule& charge) {
  const std::lock_guard lock(mutex_);
  const std::size_t index = model_named(id);
  Model& model = models_[index];
  const std::vector<std::size_t> before = std::exchange(model.meters, {});
  for (const Limit& limit : account_limits)
    if (applies(limit, id)) attach(model, limit, kAccountScope);
  for (const Limit& limit : model_limits)
    if (applies(limit, id)) attach(model, limit, id);
  model.made_by_answers = 0;
  for (const std::size_t meter : before) {
    if (meters_[meter]->limit().source != Source::header || contains(model.meters, meter)) continue;
    model.meters.push_back(meter);
    ++model.made_by_answers;
  }
  model.charge = charge;
  return index;
}

std::size_t Account::model_named(std::string_view id) {
  const auto found = std::ranges::find(models_, id, &Model::id);
  if (found != models_.end()) return static_cast<std::size_t>(found - models_.begin());
  models_.push_back(
      {.id = std::string(id), .meters = {}, .made_by_answers = 0, .charge = {}, .cooldown = {}});
  return models_.size() - 1;
}

void Account::attach(Model& model, const Limit& limit, std::string_view scope) {
  // The newest first: of an abandoned meter and one in use it is the one in use.
  for (std::size_t i = meters_.size(); i > 0; --i) {
    Meter& meter = *meters_[i - 1];
    if (!meter.is_for(limit, scope)) continue;
    if (!contains(model.meters, i - 1)) {
      model.meters.push_back(i - 1);
      meter.rebind(limit);
    } else if (limit.amount < meter.limit().amount) {
      meter.rebind(limit);
    }
    return;
  }
  meters_.push_back(std::make_unique<Meter>(limit, std::string(scope)));
  model.meters.push_back(meters_.size() - 1);
}

std::optional<double> Account::headroom(std::size_t model, const Cost& cost, Instant now) const {
  constexpr double kLeast = 0.01;
  constexpr double kUnknown = 0.5;
  const std::lock_guard lock(mutex_);
  now = not_before(now);
  if (!fits(models_[model], cost, now)) return std::nullopt;
  std::optional<double> least;
  for (const std::size_t index : models_[model].meters) {
    const Meter& meter = *meters_[index];
    if (const auto share = meter.headroom(cost.of(meter.limit().dimension), now))
      least = std::min(least.value_or(1.0), std::clamp(*share, kLeast, 1.0));
  }
  return least.value_or(kUnknown);
}

std::optional<Refusal> Account::refusal(std::size_t model, const Cost& cost, Instant now) const {
  const std::lock_guard lock(mutex_);
  now = not_before(now);
  if (fits(models_[model], cost, now)) return std::nullopt;
  return why_not(models_[model], cost, now);
}

std::variant<std::uint32_t, Refusal> Account::reserve(std::size_t model, const Cost& cost, Instant now) {
  const std::lock_guard lock(mutex_);
  now = advance_to(now);
  if (!fits(models_[model], cost, now)) return why_not(models_[model], cost, now);
  const std::uint32_t id = open_record();
  Open& open = open_[id];
  open.model = model;
  open.cost = cost;
  open.is_open = true;
  open.is_sent = false;
  for (const std::size_t index : models_[model].meters) {
    Meter& meter = *meters_[index];
    Charge& charge = open.charges.emplace_back();
    charge.meter = index;
    charge.cost = cost.of(meter.limit().dimension);
    meter.hold(charge.cost);
  }
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

bool Account::fits(const Model& model, const Cost& cost, Instant now) const {
  if (!is_over(cooldown_, now) || !is_over(model.cooldown, now)) return false;
  return std::ranges::all_of(model.meters, [this, &cost, now](std::size_t index) {
    const Meter& meter = *meters_[index];
    return meter.fits(cost.of(meter.limit().dimension), now);
  });
}

Refusal Account::why_not(const Model& model, const Cost& cost, Instant now) const {
  Refusal refusal;
  if (const auto cooldown = longest_cooldown(model, now))
    refusal = {
        .available_at = cooldown->until, .limit = std::string(name(cooldown->cause)), .too_large = false};
  for (const std::size_t index : model.meters) {
    const Meter& meter = *meters_[index];
    const std::uint64_t part = cost.of(meter.limit().dimension);
    if (meter.is_too_large(part))
      return {.available_at = BootTime::max(), .limit = meter.name(), .too_large = true};
    if (meter.fits(part, now)) continue;
    const BootTime at = meter.available_at(part, now);
    if (refusal.limit.empty() || at > refusal.available_at)
      refusal = {.available_at = at, .limit = meter.name(), .too_large = false};
  }
  return refusal;
}

void Account::send(std::uint32_t id, Instant now) {
  const std::lock_guard lock(mutex_);
  now = advance_to(now);
  send_open(open_[id], now);
}

void Account::send_open(Open& open, Instant now) {
  if (open.is_sent) return;
  open.is_sent = true;
  for (Charge& charge : open.charges) meters_[charge.meter]->send(charge, now);
}

void Account::end(std::uint32_t id, Outcome outcome, const Cost& used, Instant now) {
  const std::lock_guard lock(mutex_);
  now = advance_to(now);
  end_open(id, outcome, used, now);
}

void Account::drop(std::uint32_t id) {
  const std::lock_guard lock(mutex_);
  end_open(id, open_[id].is_sent ? Outcome::unknown : Outcome::not_sent, {}, latest_);
}

void Account::end_open(std::uint32_t id, Outcome outcome, const Cost& used, Instant now) {
  Open& open = open_[id];
  if (outcome != Outcome::not_sent) send_open(open, now);
  const Ending ending{
      .outcome = outcome, .used = used, .failures_count = models_[open.model].charge.failures_count};
  for (const Charge& charge : open.charges) {
    if (open.is_sent) {
      meters_[charge.meter]->settle(charge, ending, now);
    } else {
      meters_[charge.meter]->release(charge.cost);
    }
  }
  open.is_open = false;
  open.charges.clear();
  free_.push_back(id);
}

void Account::observe(std::uint32_t id, std::span<const Observation> observations, Instant now) {
  const std::lock_guard lock(mutex_);
  now = advance_to(now);
  send_open(open_[id], now);
  for (const Observation& observation : observations) observe_one(open_[id], observation, now);
}

void Account::observe_one(Open& open, const Observation& observation, Instant now) {
  const auto& [dimension, period, limit, remaining, reset] = observation;
  if (!limit || !remaining || *remaining > *limit || *limit > kAmountMax) return;
  const std::optional<std::size_t> index = meter_of(models_[open.model], observation);
  if (!index) {
    if (*limit > 0) make_meter(open.model, observation, now);
    return;
  }
  const auto charge = std::ranges::find(open.charges, *index, &Charge::meter);
  if (charge == open.charges.end()) return;  // the meter was bound after this was reserved
  meters_[*index]->observe(*charge, *limit, *remaining, now);
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

bool Account::is_shared(std::size_t meter) const {
  return std::ranges::count_if(models_,
                               [meter](const Model& model) { return contains(model.meters, meter); }) > 1;
}

// Nothing is known of before. What is under way may or may not be in the provider's figure, so it counts on
// top.
void Account::make_meter(std::size_t model_index, const Observation& observation, Instant now) {
  Model& model = models_[model_index];
  if (model.made_by_answers == kMadeByAnswersMax || observation.dimension == Dimension::in_flight) return;
  Limit limit;
  limit.dimension = observation.dimension;
  limit.amount = *observation.limit;
  limit.period = observation.period;
  limit.source = Source::header;
  const std::size_t index = meters_.size();
  Meter& meter = *meters_.emplace_back(std::make_unique<Meter>(limit, model.id));
  model.meters.push_back(index);
  ++model.made_by_answers;

  meter.start_at(*observation.limit - *observation.remaining, now);
  for (Open& open : open_) {
    if (!open.is_open || open.model != model_index) continue;
    Charge& charge = open.charges.emplace_back();
    charge.meter = index;
    charge.cost = open.cost.of(limit.dimension);
    meter.hold(charge.cost);
    if (open.is_sent) meter.send(charge, now);
  }
  meter.close_observations();
}

void Account::cool_down_model(std::size_t model, Cooldown cooldown) {
  const std::lock_guard lock(mutex_);
  cool_down(models_[model].cooldown, cooldown);
}

void Account::cool_down_account(Cooldown cooldown) {
  const std::lock_guard lock(mutex_);
  cool_down(cooldown_, cooldown);
}

void Account::mark_full(std::size_t model_index, Dimension dimension, Period period, BootTime until,
                        Instant now) {
  const std::lock_guard lock(mutex_);
  now = not_before(now);
  Model& model = models_[model_index];
  Meter* fullest = nullptr;
  double least = 0;
  for (const std::size_t index : model.meters) {
    Meter& meter = *meters_[index];
    if (!meter.is_about(dimension, period)) continue;
    const double left = static_cast<double>(meter.room(now)) /
                        static_cast<double>(std::max<std::uint64_t>(meter.amount(), 1));
    if (fullest != nullptr && left > least) continue;  // of equals the later, the narrower
    fullest = &meter;
    least = left;
  }
  if (fullest != nullptr) {
    fullest->mark_full(until);
    return;
  }
  const bool is_long = period.length > kHourPeriod.length;
  cool_down(model.cooldown, {.cause = is_long ? CooldownCause::quota_exhausted : CooldownCause::rate_limited,
                             .until = until});
}

std::vector<MeterView> Account::view(std::size_t model, Instant now) const {
  const std::lock_guard lock(mutex_);
  now = not_before(now);
  std::vector<MeterView> views;
  views.reserve(models_[model].meters.size());
  for (const std::size_t index : models_[model].meters) views.push_back(meters_[index]->view(now));
  return views;
}

std::optional<Cooldown> Account::cooldown(std::size_t model, Instant now) const {
  const std::lock_guard lock(mutex_);
  return longest_cooldown(models_[model], not_before(now));
}

std::optional<Cooldown> Account::longest_cooldown(const Model& model, Instant now) const {
  if (is_over(cooldown_, now)) return is_over(model.cooldown, now) ? std::nullopt : model.cooldown;
  if (is_over(model.cooldown, now)) return cooldown_;
  return cooldown_->until < model.cooldown->until ? model.cooldown : cooldown_;
}

Instant Account::not_before(Instant now) const {
  if (now.boot >= latest_.boot) return now;
  return {.boot = latest_.boot, .wall = now.wall_at(latest_.boot)};
}

Instant Account::advance_to(Instant now) {
  return latest_ = not_before(now);
}

}  // namespace weir::quota
