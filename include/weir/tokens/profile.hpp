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

// Of more bytes about as many are read, here and there, and stand for the rest.
inline constexpr std::size_t kReadInFull = 64 * 1024;

// Gathers the traits of a prompt's texts. A text may stand as in a JSON string: \n is a newline and \u00e9
// its character; where such a thing is meant literally it counts all the same, which changes little.
class ProfileReader {
 public:
  // Of texts that have so many bytes in all.
  explicit ProfileReader(std::size_t bytes) noexcept : bytes_(bytes) {}

  void add(std::string_view text) noexcept;
  [[nodiscard]] Profile profile() const noexcept;

 private:
  std::size_t bytes_;
  std::size_t passed_ = 0;  // read, or left out
  std::size_t read_ = 0;
  std::uint32_t place_ = 0;  // in what decides which are read
  Profile sum_{};
};

// The same for one text, onto others'.
void add_traits(Profile& profile, std::string_view text) noexcept;

}  // namespace weir::tokens
