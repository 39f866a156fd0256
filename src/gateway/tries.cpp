#include "gateway/tries.hpp"

#include <algorithm>

namespace weir::gateway {
namespace {

// Larger than what refused, as far as the provider's words or our data say; unknown is not larger.
bool has_larger_context(const routing::Target& target, const Attempt& refused) {
  const providers::Verdict& said = refused.verdict();
  const std::uint64_t limit = said.context_limit.value_or(refused.target->model->context);
  const std::uint64_t context = target.model->context;
  return limit > 0 && context > limit && context >= said.context_requested.value_or(0);
}

}  // namespace

bool Tries::is_final(const Attempt& attempt, const routing::Ask& ask) const {
  if (attempt.rule.next != routing::Next::larger_context) return attempt.rule.next == routing::Next::deliver;
  return std::ranges::none_of(route_->candidates, [&](const routing::Candidate& c) {
    return has_larger_context(*c.target, attempt) && !has_had_its_turn(c.target) &&
           !routing::lacks_more_than_context(routing::unfit(*c.target, ask));
  });
}

bool Tries::has_had_its_turn(const routing::Target* target) const {
  return std::ranges::find(had_turn_, target) != had_turn_.end();
}

bool Tries::leaves_another(const Attempt& attempt, const routing::Ask& ask, Instant now, BootTime by) const {
  const providers::Provider* const provider = attempt.target->provider;
  const bool wears_out = tries_of(*provider) + 1 >= routing::kMaxTriesPerProvider;
  return std::ranges::any_of(route_->candidates, [&](const routing::Candidate& c) {
    if (c.target == attempt.target || has_had_its_turn(c.target)) return false;
    if (wears_out && c.target->provider == provider) return false;
    if (routing::unfit(*c.target, ask) != routing::Unfit::none) return false;
    const routing::Fitted fitted = routing::fit(*c.target, ask, now);
    return c.target->pool.available_behind({.requests = 0}, fitted.cost, now, fitted.terms) <= by;
  });
}

void Tries::exclude(const Attempt& attempt) {
  const bool worn_out = !may_retry_at(attempt);
  for (const routing::Candidate& candidate : route_->candidates) {
    // One that said "no room" comes up again when the ledger thinks that it has some.
    const bool same = candidate.target == attempt.target && attempt.point != routing::Point::no_room;
    const bool too_small =
        attempt.rule.next == routing::Next::larger_context && !has_larger_context(*candidate.target, attempt);
    if (same || too_small || (worn_out && candidate.target->provider == attempt.target->provider))
      had_turn_.push_back(candidate.target);
    if (too_small) std::erase(again_, candidate.target);
  }
  std::erase_if(
      again_, [&](const routing::Target* t) { return worn_out && t->provider == attempt.target->provider; });
  const bool is_hopeless = attempt.verdict().wait > routing::kLongestHint;
  if (attempt.rule.next == routing::Next::other_or_same && !worn_out && !is_hopeless) {
    again_.push_back(attempt.target);
    hints_.emplace_back(attempt.target, attempt.told_wait());
  }
  choose_hint();
}

std::size_t Tries::tries_of(const providers::Provider& provider) const {
  return static_cast<std::size_t>(std::ranges::count_if(attempts_, [&](const telemetry::AttemptRecord& past) {
    return past.target.starts_with(provider.name + "/");
  }));
}

// Whether this provider may be tried once more, by this or another of its targets. Fallbacks to other
// providers are never limited.
bool Tries::may_retry_at(const Attempt& attempt) {
  const providers::Provider* const provider = attempt.target->provider;
  if (tries_of(*provider) >= routing::kMaxTriesPerProvider) return false;
  const bool is_retry_possible =
      attempt.rule.next == routing::Next::other_or_same ||
      std::ranges::any_of(route_->candidates, [&](const routing::Candidate& c) {
        return c.target != attempt.target && c.target->provider == provider && !has_had_its_turn(c.target);
      });
  if (!is_retry_possible) return true;
  auto leave = attempt.target->pool.take_retry();
  if (!leave) return false;
  leaves_.emplace_back(provider, *std::move(leave));
  return true;
}

void Tries::begin(const Attempt& attempt) {
  const providers::Provider* const provider = attempt.target->provider;
  if (tries_of(*provider) == 0) return attempt.target->pool.count_first_try();
  for (auto& [whose, leave] : leaves_)
    if (whose == provider) leave.use();
}

// Of those that may be tried once more the first to be back is waited for.
void Tries::choose_hint() {
  hint_.reset();
  for (const auto& [target, hint] : hints_) {
    if (std::ranges::find(again_, target) == again_.end()) continue;
    if (!hint) return hint_.reset();  // a backoff is enough
    hint_ = std::min(hint_.value_or(*hint), *hint);
  }
}

std::vector<const routing::Target*> Tries::out_for_good() const {
  std::vector<const routing::Target*> out;
  for (const routing::Target* target : had_turn_)
    if (std::ranges::find(again_, target) == again_.end()) out.push_back(target);
  return out;
}

}  // namespace weir::gateway
