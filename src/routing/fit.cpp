#include "weir/routing/fit.hpp"

#include <algorithm>

#include "weir/base/arithmetic.hpp"
#include "weir/quota/charge.hpp"
#include "weir/routing/planner.hpp"

namespace weir::routing {
namespace {

using quota::ChargeRule;

// Tokens that nineteen of twenty answers stay under. Twice that is sent where the client set no bound and the
// provider charges for one.
std::uint64_t long_output(const Target& target) noexcept {
  constexpr std::uint64_t kUntilMeasured = 2048;
  const auto measured = target.counting == nullptr ? std::nullopt : target.counting->output(0.95);
  return measured.value_or(kUntilMeasured);
}

// What a prompt may come to at the most: an estimate by sizes alone may be a quarter too low.
std::uint64_t longest_prompt(const Target& target, const Ask& ask) noexcept {
  constexpr double kAsGoodAsAll = 0.99;
  if (!ask.size || target.counting == nullptr) return plus(ask.prompt_tokens, ask.prompt_tokens / 4);
  return target.counting->prompt(*ask.size, std::max(ask.quantile, kAsGoodAsAll)).upper;
}

// As many answers as are asked for, where that is sent at all.
std::uint64_t choices_of(const Target& target, const Ask& ask) noexcept {
  if (ask.choices == 1) return 1;
  return providers::choices_sent(target.provider->preset->dialect, target.model->id, ask.choices);
}

Fitted with_output(const Target& target, const Ask& ask, std::optional<std::uint64_t> max_tokens) noexcept {
  const std::uint64_t prompt = prompt_tokens(target, ask);
  const std::uint64_t output = output_tokens(target, ask);
  const std::uint64_t choices = choices_of(target, ask);
  const auto cost_by = [&](const ChargeRule& rule) {
    quota::Cost cost = quota::admission_cost(rule, prompt, output, max_tokens, choices);
    if (quota::returns_unused(rule))
      cost.unused = less(cost.output_tokens, times(likely_output(target), choices));
    return cost;
  };
  Fitted fitted{.terms = {.day = ask.day, .client = ask.client},
                .cost = cost_by(target.provider->charge),
                .max_tokens = max_tokens == ask.max_tokens ? std::nullopt : max_tokens,
                .choices = choices};
  if (ask.client != nullptr) fitted.terms.client_cost = cost_by({});  // its limits count what was used
  return fitted;
}

bool charges_max_tokens(const Target& target) noexcept {
  return target.provider->charge.tokens == ChargeRule::Tokens::prompt_plus_max_tokens;
}

bool holds(const quota::Ceiling& ceiling, const quota::Cost& cost) noexcept {
  return cost.tokens <= ceiling.tokens && cost.output_tokens <= ceiling.output_tokens;
}

// What the windows leave for the output.
std::uint64_t left_by(const quota::Ceiling& ceiling, const ChargeRule& rule, std::uint64_t longest) noexcept {
  if (rule.tokens == ChargeRule::Tokens::input) return ceiling.output_tokens;
  return std::min(less(ceiling.tokens, longest), ceiling.output_tokens);
}

}  // namespace

std::uint64_t likely_output(const Target& target) noexcept {
  const auto measured = target.counting == nullptr ? std::nullopt : target.counting->output(0.5);
  return measured.value_or(0);
}

Fitted fit_to_model(const Target& target, const Ask& ask) noexcept {
  const std::uint64_t most = target.model->max_output;
  if (!ask.min_output) return with_output(target, ask, ask.max_tokens);
  if (ask.max_tokens)
    return with_output(target, ask, most > 0 ? std::min(*ask.max_tokens, most) : *ask.max_tokens);
  if (!charges_max_tokens(target)) return with_output(target, ask, std::nullopt);
  std::uint64_t ample = std::max(2 * long_output(target), *ask.min_output);
  if (target.model->context > 0)
    ample = std::min(ample, less(target.model->context, longest_prompt(target, ask)));
  if (ample < *ask.min_output) return with_output(target, ask, std::nullopt);
  return with_output(target, ask, most > 0 ? std::min(ample, most) : ample);
}

Fitted fit(const Target& target, const Ask& ask, Instant now) {
  const Fitted wanted = fit_to_model(target, ask);
  if (!ask.min_output || (!ask.max_tokens && !wanted.max_tokens)) return wanted;
  const std::uint64_t longest = longest_prompt(target, ask);
  std::uint64_t left = quota::kUnknownAmount;
  if (const auto ceiling = target.pool.ceiling(now, ask.day); !holds(ceiling, wanted.cost))
    left = left_by(ceiling, target.provider->charge, longest);
  if (ask.client != nullptr)
    if (const auto ceiling = ask.client->ceiling(now); !holds(ceiling, wanted.terms.client_cost))
      left = std::min(left, left_by(ceiling, {}, longest));
  if (left == quota::kUnknownAmount) return wanted;
  left /= wanted.choices;
  if (left < *ask.min_output) return wanted;
  return with_output(target, ask, left);
}

}  // namespace weir::routing
