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
  bool requested_roughly = false;  // "Requested ~12903"
  std::optional<Duration> wait;
  std::optional<WallTime> until;

  // The request alone is more than the window holds: no wait will help.
  [[nodiscard]] bool never_fits() const { return limit && requested && *requested > *limit; }
  [[nodiscard]] bool names_window() const { return window.counted != Counted::unknown; }
  // What was requested of a window of those, where the number is no rough one.
  [[nodiscard]] std::optional<std::uint64_t> exactly_requested(Counted counted) const {
    if (window.counted != counted || requested_roughly || requested == std::uint64_t{0}) return std::nullopt;
    return requested;
  }
};
// `words` in lower case.
[[nodiscard]] RefusalProse read_refusal_prose(std::string_view words);

// The window of a name in camel case that was lowered: "generaterequestsperdayperprojectpermodel-freetier".
[[nodiscard]] WindowName read_quota_id(std::string_view id);
// What a metric of that kind counts.
[[nodiscard]] Counted read_quota_metric(std::string_view metric);

// Whether the parts of a phrase, divided by "*", follow each other in the words.
[[nodiscard]] bool has_phrase(std::string_view words, std::string_view phrase);

// The first number behind a phrase: "maximum context length is 8192 tokens".
[[nodiscard]] std::optional<std::uint64_t> number_behind(std::string_view words, std::string_view phrase);
// The last number before it.
[[nodiscard]] std::optional<std::uint64_t> number_before(std::string_view words, std::string_view phrase);

}  // namespace weir::providers
