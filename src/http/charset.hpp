#pragma once

#include <array>
#include <cstdint>
#include <string_view>

// Which bytes may stand where in a message (RFC 9110 section 5.6, RFC 9112).
namespace weir::http {

namespace charset {

inline constexpr std::uint8_t kToken = 1;   // method and field names
inline constexpr std::uint8_t kValue = 2;   // field values: visible, space, tab, and bytes from 0x80 on
inline constexpr std::uint8_t kTarget = 4;  // visible ASCII but '#', which only a client may resolve

inline constexpr std::array<std::uint8_t, 256> kTable = [] {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < table.size(); ++c) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    std::uint8_t kinds = 0;
    if (alphanumeric || (c < 0x80 && kMarks.find(static_cast<char>(c)) != std::string_view::npos)) {
      kinds |= kToken;
    }
    if (c == '\t' || (c >= ' ' && c != 0x7f)) kinds |= kValue;
    if (c > ' ' && c < 0x7f && c != '#') kinds |= kTarget;
    table[c] = kinds;
  }
  return table;
}();

constexpr bool is(char c, std::uint8_t kind) noexcept {
  return (kTable[static_cast<unsigned char>(c)] & kind) != 0;
}

constexpr bool all(std::string_view text, std::uint8_t kind) noexcept {
  for (const char c : text) {
    if (!is(c, kind)) return false;
  }
  return true;
}

}  // namespace charset

[[nodiscard]] constexpr bool is_token_char(char c) noexcept {
  return charset::is(c, charset::kToken);
}
[[nodiscard]] constexpr bool is_value_char(char c) noexcept {
  return charset::is(c, charset::kValue);
}
[[nodiscard]] constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

[[nodiscard]] constexpr bool is_token(std::string_view text) noexcept {
  return !text.empty() && charset::all(text, charset::kToken);
}
[[nodiscard]] constexpr bool is_target(std::string_view text) noexcept {
  return !text.empty() && charset::all(text, charset::kTarget);
}

}  // namespace weir::http
