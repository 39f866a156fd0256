#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "weir/base/clock.hpp"
#include "weir/quota/limit.hpp"

namespace weir::providers {

// What Groq's and OpenAI's refusals say in words, each part where it stands there:
// "... on tokens per minute (TPM): Limit 6000, Used 5034, Requested 1443. Please try again in 4.77s."
struct RefusalProse {
  std::optional<quota::Dimension> dimension;
  std::optional<quota::Period> period;
  std::optional<std::uint64_t> limit;
  std::optional<std::uint64_t> used;
  std::optional<std::uint64_t> requested;
  std::optional<Duration> wait;

  // The request alone is more than the window holds: no wait will help.
  [[nodiscard]] bool never_fits() const { return limit && requested && *requested > *limit; }
};
[[nodiscard]] RefusalProse read_refusal_prose(std::string_view message);

}  // namespace weir::providers
