#pragma once

#include <cstddef>
#include <optional>

#include "providers/refusal_prose.hpp"
#include "weir/providers/signals.hpp"
#include "weir/wire/error_facts.hpp"

namespace weir::providers {

// What an answer itself says of the wait, whether or not it is to be believed.
struct WaitHint {
  std::optional<Duration> wait;
  std::optional<Duration> exact;  // before it was rounded up
  std::optional<WallTime> until;
  bool is_quota_reset = false;  // it says when the quota returns, not only when to try again
  bool is_header = false;       // retry-after said it
};
[[nodiscard]] WaitHint read_wait_hint(const wire::ErrorFacts& facts, const RefusalProse& prose,
                                      const http::Fields& fields, WallTime now);

struct Refused {
  AnswerClass answer_class;
  std::optional<WindowName> violated;
  const Window* window;  // the violated one, where the answer tells more of it; or null
  bool is_named_by_words;
  std::size_t spent_windows;  // in headers
  bool is_midway;
  bool is_upstreams;  // of a provider behind this one, whose windows are not this one's
};
struct Waiting {
  WaitRule rule = WaitRule::none;
  std::optional<Duration> wait;
  std::optional<WallTime> until;
  bool at_most = false;
};
// By the hint, the reset of the window, or what the tables say; in this order unless they say otherwise.
[[nodiscard]] Waiting waiting_of(const Signals& signals, const Refused& refused, const WaitHint& hint,
                                 const SignalRule* rule, WallTime now);

// What the tables say of a refused window of that length, or null.
[[nodiscard]] const WaitDefault* wait_default(const Signals& signals, Span span);

}  // namespace weir::providers
