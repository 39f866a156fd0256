#pragma once

#include <cstdint>
#include <optional>

#include "weir/base/clock.hpp"
#include "weir/quota/ledger.hpp"

// How much a target is let write, so that what it is charged for can pass its windows.
namespace weir::routing {

struct Ask;
struct Target;

// What one target is asked for.
struct Fitted {
  quota::Terms terms;
  quota::Cost cost;  // when it is admitted
  std::optional<std::uint64_t>
      max_tokens;             // to be sent in place of what the client said, or where it said nothing
  std::uint64_t choices = 1;  // answers at once, each of that length
};

// Compared with what the windows can ever hold, not with their present room: a max_tokens that could never
// pass becomes what they leave. What is left must be as much as Ask::min_output: else it stays, and no window
// will take it. One above the model's maximum becomes that. Where the provider charges max_tokens at
// admission and the client sent none, one is sent: what its own default would take is more, as a rule.
[[nodiscard]] Fitted fit(const Target& target, const Ask& ask, Instant now);
// The same where no window has a say: cheaper, and enough where the cost has room.
[[nodiscard]] Fitted fit_to_model(const Target& target, const Ask& ask) noexcept;
// Tokens that half of its answers stay under. Unknown is no reason to refuse: 0, until it is measured.
[[nodiscard]] std::uint64_t likely_output(const Target& target) noexcept;

}  // namespace weir::routing
