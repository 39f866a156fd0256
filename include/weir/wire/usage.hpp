#pragma once

#include <cstdint>
#include <optional>

namespace weir::wire {

// What an answer says it used. Provider numbers are untrusted: a negative, huge (over 2^40) or non-numeric
// one is left out. An explicit 0 is 0.
struct Usage {
  std::optional<std::uint64_t> prompt_tokens;
  std::optional<std::uint64_t> completion_tokens;
  std::optional<std::uint64_t> total_tokens;
  std::optional<std::uint64_t> cached_tokens;
};

}  // namespace weir::wire
