#include "weir/quota/charge.hpp"

#include <algorithm>

#include "weir/base/arithmetic.hpp"

namespace weir::quota {
namespace {

// What the output of one answer is charged at admission.
std::uint64_t admitted_output(const ChargeRule& rule, std::uint64_t expected,
                              std::optional<std::uint64_t> max_tokens) noexcept {
  if (rule.tokens != ChargeRule::Tokens::prompt_plus_max_tokens)
    return max_tokens ? std::min(expected, *max_tokens) : expected;
  if (max_tokens) return *max_tokens;
  return rule.default_max_tokens > 0 ? rule.default_max_tokens : expected;
}

std::uint64_t counted_tokens(const ChargeRule& rule, std::uint64_t input, std::uint64_t output) noexcept {
  return rule.tokens == ChargeRule::Tokens::input ? input : plus(input, output);
}

}  // namespace

Cost admission_cost(const ChargeRule& rule, std::uint64_t prompt, std::uint64_t expected_output,
                    std::optional<std::uint64_t> max_tokens, std::uint64_t choices) noexcept {
  const std::uint64_t output = times(admitted_output(rule, expected_output, max_tokens), choices);
  return {.requests = 1,
          .tokens = counted_tokens(rule, prompt, output),
          .input_tokens = prompt,
          .output_tokens = output};
}

// Of a charge that stays as admitted, only max_tokens stays: the prompt was the provider's own count from the
// start.
bool returns_unused(const ChargeRule& rule) noexcept {
  return rule.tokens != ChargeRule::Tokens::prompt_plus_max_tokens ||
         rule.settle != ChargeRule::Settle::admission;
}

Cost settled_cost(const ChargeRule& rule, const Cost& admitted, std::uint64_t prompt,
                  std::uint64_t completion, std::uint64_t cached) noexcept {
  const std::uint64_t input = rule.cached_free ? less(prompt, cached) : prompt;
  const std::uint64_t output =
      returns_unused(rule) ? completion : std::max(admitted.output_tokens, completion);
  return {.requests = admitted.requests,
          .tokens = counted_tokens(rule, input, output),
          .input_tokens = input,
          .output_tokens = output};
}

}  // namespace weir::quota
