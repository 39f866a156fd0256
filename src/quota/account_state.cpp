#include <algorithm>
#include <limits>
#include <utility>

#include "quota/account.hpp"
#include "quota/record_fields.hpp"
#include "quota/words.hpp"

// What a restart remembers: a copy of everything, and the playing back of what came after it.
namespace weir::quota {
namespace {

// More than any run has had under way at once.
constexpr std::uint32_t kOpenMax = 1U << 20U;

void put_charge(Words& words, const Charge& charge) {
  put(words, std::uint64_t{charge.meter});
  put(words, charge.cost);
  put(words, charge.stamp);
  put(words, charge.sequence);
  put(words, charge.in_flight);
  put(words, charge.counted);
  put(words, charge.sent);
  put(words, std::uint64_t{charge.is_close});
  put(words, std::uint64_t{charge.spare.has_value()});
  put(words, charge.spare.value_or(0));
  put(words, std::uint64_t{0});  // once in use
}
constexpr std::size_t kChargeWords = 11;

Charge read_charge(WordReader& reader, Duration shift, Instant now) {
  Charge charge;
  charge.meter = static_cast<std::uint32_t>(reader.number());
  charge.cost = reader.number();
  charge.stamp = moved(reader.boot_time(), shift, now);
  charge.sequence = reader.number();
  charge.in_flight = reader.number();
  charge.counted = reader.number();
  charge.sent = reader.number();
  charge.is_close = reader.number() != 0;
  const bool has_spare = reader.number() != 0;
  const std::uint64_t spare = reader.number();
  if (has_spare) charge.spare = spare;
  (void)reader.number();
  return charge;
}

bool contains(const std::vector<std::size_t>& list, std::size_t value) {
  return std::ranges::find(list, value) != list.end();
}

std::optional<Cooldown> moved(std::optional<Cooldown> cooldown, Duration shift) {
  if (cooldown && cooldown->until != BootTime::max()) cooldown->until += shift;
  return cooldown;
}

// The one that says more: an open breaker, unless a block outlasts it. They have one place, since a breaker
// that is forgotten costs no more than its failures once more.
std::optional<Cooldown> saved(const Block& block, const Breaker& breaker) {
  const std::optional<Cooldown>& blocked = block.last();
  const std::optional<Cooldown> failing = breaker.last();
  return failing && (!blocked || blocked->until <= failing->until) ? failing : blocked;
}

// Of an earlier run that becomes known late a breaker says nothing: this one has found out since.
bool is_block(const std::optional<Cooldown>& cooldown) {
  return cooldown && cooldown->cause != CooldownCause::failing;
}

void load_saved(std::optional<Cooldown> cooldown, Block& block, Breaker& breaker) {
  if (cooldown && cooldown->cause == CooldownCause::failing && cooldown->until != BootTime::max())
    breaker.open_until(cooldown->until);
  else
    block.load(cooldown);
}

}  // namespace

bool Account::save(bool anyway, AccountState& state) {
  const std::lock_guard lock(mutex_);
  if (!is_changed_ && !anyway) return false;
  is_changed_ = false;
  state.name = name_;
  state.number = number_;
  state.position = log_ != nullptr ? log_->position() : 0;
  state.at = latest_;
  state.clock_offset = clock_offset_.value();
  state.cooldown = saved(block_, breaker_);
  state.meters.resize(meters_.size());
  for (std::size_t i = 0; i < meters_.size(); ++i) meters_[i]->save(state.meters[i]);
  state.models.resize(models_.size());
  for (std::size_t i = 0; i < models_.size(); ++i) {
    state.models[i].id = models_[i].id;
    state.models[i].meters = models_[i].meters;
    state.models[i].made_by_answers = models_[i].made_by_answers;
    state.models[i].failures_count = models_[i].failures_count;
    state.models[i].cooldown = saved(models_[i].block, models_[i].breaker);
  }
  state.keys.resize(keys_.size());
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    state.keys[i].id = keys_[i].id;
    state.keys[i].cooldown = keys_[i].block.last();
  }
  std::size_t open_count = 0;
  for (std::uint32_t id = 0; id < open_.size(); ++id) {
    const Open& open = open_[id];
    if (!open.is_open) continue;
    if (open_count == state.open.size()) state.open.emplace_back();
    OpenState& saved = state.open[open_count++];
    saved.id = id;
    saved.model = open.model;
    saved.key = open.key;
    saved.cost = open.cost;
    saved.is_sent = open.is_sent;
    saved.charges.clear();
    for (const Charge& charge : open.charges) put_charge(saved.charges, charge);
  }
  state.open.resize(open_count);
  return true;
}

void Account::load(const AccountState& state, Duration shift, Instant now) {
  const std::lock_guard lock(mutex_);
  latest_ = {.boot = moved(state.at.boot, shift, now), .wall = state.at.wall};
  clock_offset_.load(state.clock_offset);
  load_saved(moved(state.cooldown, shift), block_, breaker_);
  for (const MeterState& saved : state.meters) {
    std::unique_ptr<Meter> meter = Meter::load(saved, shift, now);
    // One that can't be read keeps its place, so that the others keep theirs.
    if (meter == nullptr) meter = std::make_unique<Meter>(saved.limit, saved.scope);
    meters_.push_back(std::move(meter));
  }
  for (const ModelState& saved : state.models) {
    Model& model = models_.emplace_back();
    model.id = saved.id;
    std::ranges::copy_if(saved.meters, std::back_inserter(model.meters),
                         [this](std::size_t meter) { return meter < meters_.size(); });
    model.made_by_answers = saved.made_by_answers;
    model.failures_count = saved.failures_count;
    load_saved(moved(saved.cooldown, shift), model.block, model.breaker);
  }
  for (const KeyState& saved : state.keys) {
    Key& key = keys_.emplace_back();
    key.id = saved.id;
    key.block.load(moved(saved.cooldown, shift));
  }
  for (const OpenState& saved : state.open) {
    if (saved.model >= models_.size() || saved.id >= kOpenMax || saved.charges.size() % kChargeWords != 0)
      continue;
    if (saved.id >= open_.size()) open_.resize(saved.id + 1);
    Open& open = open_[saved.id];
    open.model = saved.model;
    open.key = saved.key;
    open.cost = saved.cost;
    open.is_open = true;
    open.is_sent = saved.is_sent;
    for (WordReader reader(saved.charges); reader.left() > 0;) {
      const Charge charge = read_charge(reader, shift, now);
      if (charge.meter < meters_.size()) open.charges.push_back(charge);
    }
  }
}

std::optional<std::size_t> Account::add_meter(const MeterState& saved, Instant now) {
  std::unique_ptr<Meter> earlier = Meter::load(saved, Duration::zero(), now);
  if (earlier == nullptr) return std::nullopt;
  // The newest first, as where limits are bound.
  for (std::size_t i = meters_.size(); i > 0; --i) {
    if (!meters_[i - 1]->is_for(earlier->limit(), earlier->scope())) continue;
    meters_[i - 1]->add(*earlier, now);
    return i - 1;
  }
  meters_.push_back(std::move(earlier));
  return meters_.size() - 1;
}

void Account::add(const AccountState& state, Instant now) {
  const std::lock_guard lock(mutex_);
  now = advance_to(now);
  std::vector<std::optional<std::size_t>> place(state.meters.size());  // here, of those there
  for (std::size_t i = 0; i < state.meters.size(); ++i) place[i] = add_meter(state.meters[i], now);
  for (const ModelState& saved : state.models) {
    const auto own = std::ranges::find(models_, saved.id, &Model::id);
    if (own == models_.end()) continue;
    if (is_block(saved.cooldown)) own->block.set(*saved.cooldown, now);
    for (const std::size_t there : saved.meters) {
      const auto here = there < place.size() ? place[there] : std::nullopt;
      if (!here || !is_made_by_answers(meters_[*here]->limit()) || contains(own->meters, *here)) continue;
      own->meters.push_back(*here);
      ++own->made_by_answers;
    }
  }
  for (const KeyState& saved : state.keys) {
    const auto own = std::ranges::find(keys_, saved.id, &Key::id);
    if (own != keys_.end() && saved.cooldown) own->block.set(*saved.cooldown, now);
  }
  if (is_block(state.cooldown)) block_.set(*state.cooldown, now);
  is_changed_ = true;
}

// The events of a run, in their order. One that speaks of what isn't there (its beginning was torn) is passed
// over.
void Account::replay(const IntentRecord& record, Instant at, Duration shift) {
  using Kind = IntentRecord::Kind;
  const auto is_open = [this](std::uint32_t id) { return id < open_.size() && open_[id].is_open; };
  const bool has_model = record.model < models_.size();
  const auto cause =
      static_cast<CooldownCause>(std::min(record.detail, static_cast<std::uint8_t>(CooldownCause::failing)));
  switch (record.kind) {
    case Kind::held:
      if (!has_model || record.id >= kOpenMax) return;
      if (record.id >= open_.size()) open_.resize(record.id + 1);
      // The end of the one that had this number before was torn: nobody knows what it was.
      if (open_[record.id].is_open) end(record.id, Outcome::unknown, {}, at);
      hold(record.id, {.model = record.model, .key = record.detail}, cost_of(record), at);
      return;
    case Kind::sent:
      if (is_open(record.id)) send(record.id, at);
      return;
    case Kind::ended:
      if (is_open(record.id) && record.detail <= static_cast<std::uint8_t>(Outcome::unknown))
        end(record.id, static_cast<Outcome>(record.detail), cost_of(record), at);
      return;
    case Kind::observed: {
      if (!is_open(record.id)) return;
      const Observation observation = observation_of(record);
      (void)observe(record.id, std::span(&observation, 1), at);
      return;
    }
    case Kind::refused_for_quota:
      if (is_open(record.id)) learn_from_refusal(record.id, refusal_of(record), at);
      return;  // that it has ended comes next
    case Kind::model_cooled:
      if (has_model) cool_down_model(record.model, {cause, time_of(record, shift)}, at);
      return;
    case Kind::key_cooled:
      return cool_down_key(static_cast<std::uint8_t>(std::min<std::uint32_t>(record.id, Place::kNoKey)),
                           {cause, time_of(record, shift)}, at);
    case Kind::account_cooled:
      return cool_down_account({cause, time_of(record, shift)}, at);
    case Kind::corrected:
      return replay_correction(record, at);
    case Kind::forgotten:
      if (has_model) forget({.model = record.model, .key = record.detail}, at);
      return;
    case Kind::warmed:
      if (has_model) end_cooldowns({.model = record.model, .key = record.detail}, at);
      return;
    case Kind::model_opened:
      return has_model ? open_again(models_[record.model].breaker, time_of(record, shift)) : void();
    case Kind::account_opened:
      return open_again(breaker_, time_of(record, shift));
    case Kind::pressed:
      return replay_press(record);
  }
}

void Account::replay_press(const IntentRecord& record) {
  const std::lock_guard lock(mutex_);
  if (has_meter_of(record)) meters_[record.id]->press();
}

void Account::open_again(Breaker& breaker, BootTime until) {
  const std::lock_guard lock(mutex_);
  breaker.open_until(until);
}

void Account::end_replay(Instant now) {
  const std::lock_guard lock(mutex_);
  latest_ = now;
  free_.clear();
  for (std::uint32_t id = 0; id < open_.size(); ++id)
    if (open_[id].is_open) end_open(id, Outcome::unknown, {}, now);
  open_.clear();
  free_.clear();
  for (const auto& meter : meters_) meter->end_open(now);  // also what a record that was lost had taken
  // We may have been started again because something was mended.
  block_.probe_at_once();
  breaker_.probe_at_once();
  for (Model& model : models_) {
    model.block.probe_at_once();
    model.breaker.probe_at_once();
  }
  for (Key& key : keys_) key.block.probe_at_once();

  // Windows and models that were configured long ago would be carried along for ever.
  std::vector<std::size_t> place(meters_.size(), std::numeric_limits<std::size_t>::max());
  std::vector<std::unique_ptr<Meter>> kept;
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    if (meters_[i]->is_blank(now)) continue;
    place[i] = kept.size();
    kept.push_back(std::move(meters_[i]));
  }
  meters_ = std::move(kept);
  for (Model& model : models_) {
    for (std::size_t& meter : model.meters) meter = place[meter];
    std::erase(model.meters, std::numeric_limits<std::size_t>::max());
    model.made_by_answers = static_cast<std::size_t>(std::ranges::count_if(
        model.meters, [this](std::size_t meter) { return is_made_by_answers(meters_[meter]->limit()); }));
  }
  std::erase_if(models_, [now](const Model& model) {
    return model.meters.empty() && !model.block.cooldown(now) && !model.breaker.last();
  });
  std::erase_if(keys_, [now](const Key& key) { return !key.block.cooldown(now); });
}

}  // namespace weir::quota
