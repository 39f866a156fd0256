#include <cstdint>
#include <memory>

#include "quota/meter.hpp"
#include "quota/words.hpp"
#include "weir/quota/state.hpp"

// What a restart remembers of a meter.
namespace weir::quota {

void Meter::save(MeterState& state) const {
  state.limit = limit_;
  state.scope = scope_;
  state.header = header_;
  state.learnt = learner_.learnt();
  state.learnt_at = header_ ? heard_at_ : learner_.learnt_at();
  state.learning.clear();
  learner_.save(state.learning);
  state.full_until = full_until_;
  state.drift = others_.known();
  state.tally.clear();
  for (const std::uint64_t number : {held_, in_flight_, sent_, sequence_, observed_, margin_})
    put(state.tally, number);
  put(state.tally, margin_since_);
  put(state.tally, std::uint64_t{early_at_.has_value()});
  put(state.tally, early_at_.value_or(BootTime{}));
  others_.save(state.tally);
  state.window.clear();
  window_->save(state.window);
}

std::unique_ptr<Meter> Meter::load(const MeterState& state, Duration shift, Instant now) {
  auto meter = std::make_unique<Meter>(state.limit, state.scope);
  WordReader tally(state.tally);
  for (std::uint64_t* const number : {&meter->held_, &meter->in_flight_, &meter->sent_, &meter->sequence_,
                                      &meter->observed_, &meter->margin_})
    *number = tally.number();
  meter->margin_since_ = moved(tally.boot_time(), shift, now);
  const bool has_early = tally.number() != 0;
  const BootTime early_at = moved(tally.boot_time(), shift, now);
  if (has_early) meter->early_at_ = early_at;
  meter->is_fresh_ = meter->observed_ == 0;
  if (state.header != std::uint64_t{0}) meter->header_ = state.header;
  meter->heard_at_ = state.learnt_at;
  meter->others_.load(state.drift, tally);
  if (state.full_until != BootTime::min()) meter->full_until_ = state.full_until + shift;
  if (!tally.ok() || !meter->learner_.load(state.learning, state.learnt, state.learnt_at, shift, now))
    return nullptr;
  meter->window_->set_amount(meter->amount(), now);
  if (!meter->window_->load(state.window, shift, now)) return nullptr;
  return meter;
}

}  // namespace weir::quota
