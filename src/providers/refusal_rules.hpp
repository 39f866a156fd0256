#pragma once

#include <span>
#include <string_view>

#include "weir/providers/signal_tables.hpp"
#include "weir/wire/error_facts.hpp"

namespace weir::providers {

// The rules that hold at every provider, in the order in which they are tried.
[[nodiscard]] std::span<const SignalRule> common_rules() noexcept;

[[nodiscard]] bool fits(const SignalMatch& match, int status, const wire::ErrorFacts& facts);
// The first that fits, or null.
[[nodiscard]] const SignalRule* first_fitting(std::span<const SignalRule> rules, int status,
                                              const wire::ErrorFacts& facts);

}  // namespace weir::providers
