#include "quota/learner.hpp"

#include <algorithm>

#include "quota/words.hpp"
#include "weir/base/arithmetic.hpp"

namespace weir::quota {
namespace {

// A limit by the day is tried once a day, not once in two months.
std::uint64_t most_patience(std::uint64_t most, Duration period) {
  const auto periods = static_cast<std::uint64_t>(kDay / std::max(period, Duration(1)));
  return std::clamp<std::uint64_t>(periods, 1, most);
}

}  // namespace

// A provider in trouble refuses everything, whatever its limit. So a refusal counts only where something was
// served since the last one, or where both were under way together; and it takes no more than half.
bool Learner::refused(const Evidence& evidence, Instant now) noexcept {
  const bool is_same_overshoot = refused_at_ && evidence.sent <= *refused_at_;
  if (!is_same_overshoot && !was_served_) return false;
  const bool is_unknown = evidence.in_force == kUnknownAmount;
  const std::uint64_t least = is_unknown ? 1 : std::max<std::uint64_t>(evidence.in_force / 2, 1);
  const std::uint64_t most = std::max<std::uint64_t>(less(evidence.in_force, 1), 1);
  learnt_ = std::clamp(evidence.accepted, least, most);
  learnt_at_ = now.wall;
  since_ = now.boot;
  step_ = 0;
  is_pressed_ = false;
  if (is_same_overshoot) return true;
  refused_at_ = now.boot;
  was_served_ = false;
  patience_ = std::min(next_patience_, most_patience(kPatienceMax, evidence.period));
  next_patience_ = std::min(2 * next_patience_, kPatienceMax);
  return true;
}

bool Learner::served(std::uint64_t in_force, std::uint64_t most, Duration period, Instant now) noexcept {
  was_served_ = true;
  if (!since_) since_ = now.boot;
  const auto patience = static_cast<Duration::rep>(std::min(patience_, most_patience(kPatienceMax, period)));
  if (!is_pressed_ || in_force >= most || now.boot - *since_ < patience * period) return false;
  step_ = step_ == 0 ? std::max<std::uint64_t>(in_force / kFirstStep, 1) : 2 * step_;
  learnt_ = std::min(plus(in_force, step_), most);
  learnt_at_ = now.wall;
  since_ = now.boot;
  patience_ = 1;  // while it goes well
  is_pressed_ = false;
  return true;
}

bool Learner::accepted(std::uint64_t cost, Instant now) noexcept {
  if (!learnt_ || cost <= *learnt_) return false;
  learnt_ = cost;
  learnt_at_ = now.wall;
  return true;
}

void Learner::save(Words& words) const {
  put(words, std::uint64_t{since_.has_value()});
  put(words, since_.value_or(BootTime{}));
  put(words, std::uint64_t{refused_at_.has_value()});
  put(words, refused_at_.value_or(BootTime{}));
  put(words, step_);
  put(words, patience_);
  put(words, next_patience_);
  put(words, std::uint64_t{was_served_});
  put(words, std::uint64_t{is_pressed_});
}

bool Learner::load(std::span<const std::uint64_t> words, std::optional<std::uint64_t> learnt,
                   WallTime learnt_at, Duration shift, Instant now) {
  WordReader reader(words);
  const auto time = [&]() -> std::optional<BootTime> {
    const bool has_value = reader.number() != 0;
    const BootTime value = moved(reader.boot_time(), shift, now);
    return has_value ? std::optional(value) : std::nullopt;
  };
  Learner saved;
  saved.learnt_ = learnt;
  saved.learnt_at_ = learnt_at;
  saved.since_ = time();
  saved.refused_at_ = time();
  saved.step_ = reader.number();
  saved.patience_ = std::clamp<std::uint64_t>(reader.number(), 1, kPatienceMax);
  saved.next_patience_ = std::clamp(reader.number(), 2 * kPatience, kPatienceMax);
  saved.was_served_ = reader.number() != 0;
  saved.is_pressed_ = reader.left() > 0 && reader.number() != 0;  // earlier versions didn't write it
  if (!reader.ok()) return false;
  *this = saved;
  return true;
}

}  // namespace weir::quota
