#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "weir/base/clock.hpp"
#include "weir/providers/signal_tables.hpp"

namespace weir::providers {

// What a refusal says in words, each part where it stands there:
// "... on tokens per minute (TPM): Limit 6000, Used 5034, Requested 1443. Please try again in 4.77s."
// "You are using a Trial key, which is limited to 20 API calls / minute."
struct RefusalProse {
  WindowName window;           // counted is unknown where none is named
  bool is_stated = false;      // it says more of that window than its name
  bool names_no_span = false;  // "token rate limit": a minute, as everybody has it
  std::optional<std::uint64_t> limit;
  std::optional<std::uint64_t> used;
  std::optional<std::uint64_t> requested;
  std::optional<Duration> wait;
  std::optional<WallTime> until;

  // The request alone is more than the window holds: no wait will help.
  [[nodiscard]] bool never_fits() const { return limit && requested && *requested > *limit; }
  [[nodiscard]] bool names_window() const { return window.counted != Counted::unknown; }
};
// `words` in lower case.
[[nodiscard]] RefusalProse read_refusal_prose(std::string_view words);

// The window of a name in camel case that was lowered: "generaterequestsperdayperprojectpermodel-freetier".
[[nodiscard]] WindowName read_quota_id(std::string_view id);

// Whether the parts of a phrase, divided by "*", follow each other in the words.
[[nodiscard]] bool has_phrase(std::string_view words, std::string_view phrase);

// The first number behind a phrase: "maximum context length is 8192 tokens".
[[nodiscard]] std::optional<std::uint64_t> number_behind(std::string_view words, std::string_view phrase);
// The last number before it.
[[nodiscard]] std::optional<std::uint64_t> number_before(std::string_view words, std::string_view phrase);

}  // namespace weir::providers
