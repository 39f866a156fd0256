#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace weir {

[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;  // spaces and tabs
[[nodiscard]] std::string lower(std::string_view text);               // ASCII
// Empties it and gives its memory back: assigning an empty one, moved or not, keeps that.
inline void give_back(std::string& text) noexcept {
  std::string().swap(text);
}

// How many bytes at its front stand for themselves in a JSON string and in a header: visible ASCII and
// spaces, but no quote and no backslash.
[[nodiscard]] std::size_t plain_run(std::string_view text) noexcept;

// Whether text matches a pattern in which '*' stands for any run of characters.
[[nodiscard]] bool matches_glob(std::string_view pattern, std::string_view text) noexcept;

// The length of the UTF-8 sequence at text[at], or 0 where there is none (overlong forms, surrogates, stray
// bytes).
[[nodiscard]] std::size_t utf8_length(std::string_view text, std::size_t at) noexcept;
// Whether it is UTF-8 throughout.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;
// The text with U+FFFD for what isn't UTF-8: one for each longest begin of a sequence, as decoders of the web
// do.
[[nodiscard]] std::string to_utf8(std::string_view text);

// Edits to get from a to b: insert, delete, replace, swap of neighbours.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);
// The candidate that someone most likely meant, or an empty view when none is near.
[[nodiscard]] std::string_view closest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace weir
