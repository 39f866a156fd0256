#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "weir/base/clock.hpp"
#include "weir/base/error.hpp"
#include "weir/base/random.hpp"
#include "weir/providers/signals.hpp"
#include "weir/quota/ledger.hpp"

// What to do after an attempt: one table, by the point of failure. Nothing here is asked once the client has
// content.
namespace weir::routing {

// Where an attempt failed, in the order of its life.
enum class Point : std::uint8_t {
  own_shortage,   // no descriptor, port or memory of ours for a connection: nothing was sent
  unreachable,    // DNS, connect, TLS: nothing was sent
  lost,           // sent; closed, reset or garbage before a head
  timed_out,      // sent; no head, or no content, in time
  failed,         // 5xx, a redirect: the provider's own trouble
  busy,           // 408, 409, 425; any of these and 503, 529 that say when to come back
  no_room,        // 429
  key_refused,    // 401, 402, 403
  model_refused,  // 404, 410, and what isn't on the plan
  too_large,      // 413
  too_long,       // 400: more than the model's context
  client_fault,   // 400, 422
  broken_answer,  // 200, and its body is cut short or is no answer; the client has nothing
  broken_stream,  // the same after content
  client_gone,    // or weir stops
  served,
};

enum class Next : std::uint8_t {
  deliver,         // to the client, as it is
  other_target,    // this one had its turn
  other_or_same,   // this one again, after its hint or a backoff, where there is no other
  larger_context,  // one whose context is larger; to the client where there is none
  give_up,         // nobody is to be asked any more
};

// What becomes of the reservation: DESIGN's refund table.
enum class Settlement : std::uint8_t { refund, refuse, keep, settle };

struct RetryRule {
  Next next = Next::give_up;
  Settlement settlement = Settlement::keep;
  quota::Health health = quota::Health::untold;  // what it shows of the target
};

struct RetryRow {
  Point point{};
  std::string_view name;  // "lost"
  RetryRule rule;
};

[[nodiscard]] std::span<const RetryRow> retry_table() noexcept;
[[nodiscard]] std::string_view name(Point point) noexcept;
[[nodiscard]] const RetryRule& rule_for(Point point) noexcept;

// Of an exchange that failed, before its head or after. Kinds that no exchange produces are as if it was
// lost.
enum class Heard : std::uint8_t { nothing, head };
[[nodiscard]] Point point_of(ErrorKind kind, Heard heard) noexcept;
// Of an answer, whole as far as it matters.
[[nodiscard]] Point point_of(const providers::Verdict& verdict) noexcept;

inline constexpr std::uint32_t kMaxTriesPerProvider = 2;
// Who must be left alone for longer is no hope for this request: its target had its turn.
inline constexpr Duration kLongestHint = std::chrono::minutes(1);

// Full jitter: anywhere between zero and the ceiling, which doubles with each try from 250 ms to 8 s.
// try_index counts from 0.
[[nodiscard]] Duration backoff(std::uint32_t try_index, RandomSource& random) noexcept;

}  // namespace weir::routing
