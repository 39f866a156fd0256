#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace weir::tokens {

// Tokens that a request will take, before it is sent.
struct Estimate {
  std::uint64_t prompt = 0;
  std::uint64_t output = 0;
};

// From sizes alone: four bytes a token, four tokens a message for its frame, and for the output what the
// client allows or, where it allows anything, kTypicalOutput. Bytes over four lies within a quarter of o200k
// for prose and code; JSON escapes make it err upwards.
inline constexpr std::uint64_t kTypicalOutput = 512;
[[nodiscard]] Estimate estimate(std::size_t prompt_bytes, std::size_t messages,
                                std::optional<std::uint64_t> max_tokens) noexcept;

// What a text of that many bytes came to, where the provider didn't say.
[[nodiscard]] std::uint64_t tokens_of_text(std::size_t bytes) noexcept;

}  // namespace weir::tokens
