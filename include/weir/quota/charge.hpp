#pragma once

#include <cstdint>
#include <optional>

#include "weir/quota/ledger.hpp"
#include "weir/quota/limit.hpp"

// What a provider charges for a request, by its charge rule. Pure functions; sums stop at the largest number.
namespace weir::quota {

// What to reserve before a request is sent. `prompt` and `expected_output` are estimates; `max_tokens` is
// what the request says, nothing where it says nothing. Both are of one answer, of which there are `choices`.
[[nodiscard]] Cost admission_cost(const ChargeRule& rule, std::uint64_t prompt, std::uint64_t expected_output,
                                  std::optional<std::uint64_t> max_tokens,
                                  std::uint64_t choices = 1) noexcept;

// Whether output that was admitted and isn't used comes back.
[[nodiscard]] bool returns_unused(const ChargeRule& rule) noexcept;

// What the provider has charged once the answer is there: give it to Reservation::settle. `admitted` is what
// admission_cost said; the others are usage, or what was counted in its place. `cached` is part of `prompt`.
[[nodiscard]] Cost settled_cost(const ChargeRule& rule, const Cost& admitted, std::uint64_t prompt,
                                std::uint64_t completion, std::uint64_t cached) noexcept;

}  // namespace weir::quota
