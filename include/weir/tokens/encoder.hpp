#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

// Exact byte-pair encoding with the vocabulary o200k_base: what GPT-4o and later and gpt-oss count by.
namespace weir::tokens {

// Whether this build has the vocabulary. Without it there is nothing to encode with.
[[nodiscard]] bool has_encoder() noexcept;

// A piece of text that can't be split (a word, a run of signs) is encoded in parts of this many bytes where
// it is longer, so that time stays linear. Each cut adds two tokens at most; what people write has no such
// pieces.
inline constexpr std::size_t kLongestPiece = 512;

// Tokens of a text. Bytes that aren't UTF-8 count as the replacement character U+FFFD, as decoders write it;
// words that are control tokens elsewhere ("<|endoftext|>") are plain text. From any thread; the first call
// compiles the pattern. Needs has_encoder().
[[nodiscard]] std::uint64_t count(std::string_view text);
// The same, and appends the ranks.
void encode(std::string_view text, std::vector<std::uint32_t>& ranks);

}  // namespace weir::tokens
