#pragma once

#include <cstdint>

#include "weir/base/clock.hpp"
#include "weir/base/error.hpp"
#include "weir/base/random.hpp"
#include "weir/providers/signals.hpp"

// What to do after an attempt: one table, by the point of failure. Nothing here is asked once the client has
// content.
namespace weir::routing {

enum class Next : std::uint8_t {
  deliver,        // to the client, as it is
  other_target,   // this one had its turn
  other_or_same,  // this one again, after a backoff, where there is no other
  give_up,        // the client has gone
};

// What becomes of the reservation: DESIGN's refund table.
enum class Settlement : std::uint8_t { refund, refuse, keep, settle };

struct RetryRule {
  Next next = Next::give_up;
  Settlement settlement = Settlement::keep;
};

// For an exchange that failed. Kinds that no exchange produces give up and keep the estimate.
[[nodiscard]] RetryRule rule_for(ErrorKind kind) noexcept;
// For an answer with a head.
[[nodiscard]] RetryRule rule_for(providers::AnswerClass answer) noexcept;

inline constexpr std::uint32_t kMaxTriesPerProvider = 2;

// Full jitter: anywhere between zero and the ceiling, which doubles with each try from 250 ms to 8 s.
// try_index counts from 0.
[[nodiscard]] Duration backoff(std::uint32_t try_index, RandomSource& random) noexcept;

}  // namespace weir::routing
