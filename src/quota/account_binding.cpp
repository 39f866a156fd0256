#include <algorithm>
#include <utility>

#include "quota/account.hpp"
#include "weir/base/text.hpp"

// Which limits a model has, and what of its meters stays where the configuration says others.
namespace weir::quota {
namespace {

constexpr std::string_view kAccountScope = "account";

bool applies(const Limit& limit, std::string_view model) {
  return limit.models.empty() ||
         std::ranges::any_of(limit.models, [model](const auto& glob) { return matches_glob(glob, model); });
}

// Of two of one window. What is configured holds whatever answers say, which a smaller one of a preset
// doesn't.
bool goes_before(const Limit& limit, const Limit& other) {
  const bool is_configured = limit.source == Source::config;
  if (is_configured != (other.source == Source::config)) return is_configured;
  return limit.amount < other.amount;
}

bool contains(const std::vector<std::size_t>& list, std::size_t value) {
  return std::ranges::find(list, value) != list.end();
}

}  // namespace

std::size_t Account::bind(std::string_view id, std::span<const Limit> account_limits,
                          std::span<const Limit> model_limits, const ChargeRule& charge) {
  const std::lock_guard lock(mutex_);
  const std::size_t index = model_named(id);
  Model& model = models_[index];
  const std::vector<std::size_t> before = std::exchange(model.meters, {});
  std::vector<const Limit*> in_force;
  for (const Limit& limit : account_limits)
    if (applies(limit, id)) attach(model, limit, kAccountScope, in_force);
  for (const Limit& limit : model_limits)
    if (applies(limit, id)) attach(model, limit, id, in_force);
  // Not before all are known: a meter that is told of another limit forgets what it learnt of the one before.
  for (std::size_t i = 0; i < in_force.size(); ++i)
    meters_[model.meters[i]]->rebind(*in_force[i], not_before(latest_));
  attach_untold(model);
  follow_replaced(model, before);
  model.made_by_answers = 0;
  for (const std::size_t meter : before) {
    if (!is_made_by_answers(meters_[meter]->limit()) || contains(model.meters, meter)) continue;
    model.meters.push_back(meter);
    ++model.made_by_answers;
  }
  model.failures_count = charge.failures_count;
  // Who reloads may have mended what blocked it.
  block_.probe_at_once();
  model.block.probe_at_once();
  breaker_.probe_at_once();
  model.breaker.probe_at_once();
  is_changed_ = true;
  return index;
}

std::size_t Account::model_named(std::string_view id) {
  const auto found = std::ranges::find(models_, id, &Model::id);
  if (found != models_.end()) return static_cast<std::size_t>(found - models_.begin());
  Model& model = models_.emplace_back();
  model.id = id;
  return models_.size() - 1;
}

// Beyond as many as a place can tell apart, keys share one: they are blocked together.
std::uint8_t Account::key_named(std::string_view id) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(keys_, id, &Key::id);
  std::size_t index = static_cast<std::size_t>(found - keys_.begin());
  if (found == keys_.end()) {
    index = std::min<std::size_t>(index, Place::kNoKey - 1);
    if (index == keys_.size()) keys_.push_back({.id = std::string(id), .block = {}});
    is_changed_ = true;
  }
  keys_[index].block.probe_at_once();
  return static_cast<std::uint8_t>(index);
}

// Of several limits of one window the smallest counts, of those that are configured where some are; of equals
// the first. `in_force` has those of the meters that the model has so far.
void Account::attach(Model& model, const Limit& limit, std::string_view scope,
                     std::vector<const Limit*>& in_force) {
  const std::size_t meter = meter_for(limit, scope);
  const auto found = std::ranges::find(model.meters, meter);
  if (found == model.meters.end()) {
    model.meters.push_back(meter);
    in_force.push_back(&limit);
    return;
  }
  const Limit*& so_far = in_force[static_cast<std::size_t>(found - model.meters.begin())];
  if (goes_before(limit, *so_far)) so_far = &limit;
}

std::size_t Account::meter_for(const Limit& limit, std::string_view scope) {
  // The newest first: of an abandoned meter and one in use it is the one in use.
  for (std::size_t i = meters_.size(); i > 0; --i)
    if (meters_[i - 1]->is_for(limit, scope)) return i - 1;
  meters_.push_back(std::make_unique<Meter>(limit, std::string(scope)));
  return meters_.size() - 1;
}

// A window of another kind, zone or glob is another meter, but what has been used has been used.
void Account::follow_replaced(const Model& model, std::span<const std::size_t> before) {
  for (const std::size_t index : model.meters) {
    Meter& fresh = *meters_[index];
    if (std::ranges::find(before, index) != before.end()) continue;
    const auto is_replaced = [&](std::size_t old) {
      return !contains(model.meters, old) && !is_made_by_answers(meters_[old]->limit()) &&
             fresh.may_replace(*meters_[old]);
    };
    const auto is_twin = [&](std::size_t old) {
      return is_replaced(old) && meters_[old]->limit().models == fresh.limit().models;
    };
    const bool has_twin = std::ranges::any_of(before, is_twin);
    for (const std::size_t old : before)
      if (has_twin ? is_twin(old) : is_replaced(old)) fresh.follow(*meters_[old], not_before(latest_));
  }
}

// Where nobody says how many requests may be made in a short while, they are counted all the same: a refusal
// then shows how many it is.
void Account::attach_untold(Model& model) {
  const bool is_told = std::ranges::any_of(model.meters, [this](std::size_t index) {
    const Limit& limit = meters_[index]->limit();
    return limit.dimension == Dimension::requests && limit.window != WindowKind::credit &&
           limit.period.length <= kHourPeriod.length;
  });
  if (is_told) return;
  Limit untold;
  untold.amount = kUnknownAmount;
  untold.source = Source::inferred;
  const std::size_t meter = meter_for(untold, model.id);
  model.meters.push_back(meter);
  meters_[meter]->rebind(untold, not_before(latest_));
}

bool Account::is_made_by_answers(const Limit& limit) {
  return limit.source == Source::header || limit.source == Source::body;
}

bool Account::is_shared(std::size_t meter) const {
  return std::ranges::count_if(models_,
                               [meter](const Model& model) { return contains(model.meters, meter); }) > 1;
}

}  // namespace weir::quota
