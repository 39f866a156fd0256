#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::tokens {

// What tells of a text how many tokens it takes, seen without encoding it. Starts are of runs: a word is a
// run of letters of any script.
enum class Trait : std::uint8_t {
  letters,      // of ASCII
  words,        // begun by such a letter
  camel_humps,  // a capital behind a small letter
  digits,
  digit_runs,
  signs,  // the rest of ASCII
  sign_runs,
  newlines,
  more_blanks,  // spaces and tabs behind another one
  capitals,
  latin,  // characters beyond ASCII, by the first byte of their UTF-8
  greek,
  cyrillic,
  semitic,
  devanagari,
  south_asian,
  thai,
  other,
  symbols,
  kana,
  han,
  hangul,
  astral,  // four bytes: emoji above all
};
inline constexpr std::size_t kTraits = 23;

using Profile = std::array<std::uint32_t, kTraits>;

// Of a longer text as many bytes are read, here and there, and stand for the rest.
inline constexpr std::size_t kReadInFull = 64 * 1024;

// Adds a text's traits, at about 2 GB a second. The text may stand as in a JSON string: \n is
// a newline and \u00e9 its character; where such a thing is meant literally it counts all the same, which
// changes little.
void add_traits(Profile& profile, std::string_view text) noexcept;

}  // namespace weir::tokens
