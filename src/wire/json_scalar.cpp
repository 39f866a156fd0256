#include "wire/json_scalar.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "weir/base/sixteen_bytes.hpp"

namespace weir::wire {
namespace {

struct Escape {
  std::size_t length = 0;  // in the JSON text; 0: none that JSON knows
  char32_t code = 0;       // a lone surrogate stands for itself
};

// What makes an escape of two bytes, behind its backslash.
constexpr std::array<bool, 256> short_escapes() {
  std::array<bool, 256> known{};
  for (const char c : std::string_view("\"\\/bfnrt")) known[static_cast<unsigned char>(c)] = true;
  return known;
}
constexpr std::array<bool, 256> kShortEscapes = short_escapes();

bool is_high_surrogate(char32_t code) {
  return code >= 0xD800 && code <= 0xDBFF;
}
bool is_low_surrogate(char32_t code) {
  return code >= 0xDC00 && code <= 0xDFFF;
}

// The four digits behind "\u" at text[at].
std::optional<char32_t> read_code_unit(std::string_view text, std::size_t at) {
  if (text.size() - at < 6 || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
  const char* const first = text.data() + at + 2;
  std::uint32_t code = 0;
  const auto [end, status] = std::from_chars(first, first + 4, code, 16);
  if (status != std::errc() || end != first + 4) return std::nullopt;
  return code;
}

// The escape at inside[at], which is a backslash. A surrogate pair is one.
Escape read_escape(std::string_view inside, std::size_t at) {
  if (at + 1 == inside.size()) return {};
  switch (inside[at + 1]) {
    case '"':
    case '\\':
    case '/':
      return {2, static_cast<char32_t>(inside[at + 1])};
    case 'b':
      return {2, U'\b'};
    case 'f':
      return {2, U'\f'};
    case 'n':
      return {2, U'\n'};
    case 'r':
      return {2, U'\r'};
    case 't':
      return {2, U'\t'};
    default:
      break;
  }
  const auto first = read_code_unit(inside, at);
  if (!first) return {};
  if (is_high_surrogate(*first)) {
    const auto second = read_code_unit(inside, at + 6);
    if (second && is_low_surrogate(*second)) {
      return {12, 0x10000 + ((*first - 0xD800) << 10U) + (*second - 0xDC00)};
    }
  }
  return {6, *first};
}

std::size_t utf8_size(char32_t code) {
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}

void append_utf8(std::string& out, char32_t code) {
  const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80U | ((code >> shift) & 0x3FU)); };
  switch (utf8_size(code)) {
    case 1:
      out += static_cast<char>(code);
      break;
    case 2:
      out += static_cast<char>(0xC0U | (code >> 6U));
      tail(0);
      break;
    case 3:
      out += static_cast<char>(0xE0U | (code >> 12U));
      tail(6);
      tail(0);
      break;
    default:
      out += static_cast<char>(0xF0U | (code >> 18U));
      tail(12);
      tail(6);
      tail(0);
  }
}

std::size_t skip_digits(std::string_view token, std::size_t at) {
  while (at < token.size() && token[at] >= '0' && token[at] <= '9') ++at;
  return at;
}

constexpr std::size_t kBlock = 64;

// A bit for each byte of a block that is `byte`, the first one's lowest.
std::uint64_t marks_in(const char* block, char byte) {
  const auto quarter = [&](std::size_t at) { return std::uint64_t{marks_of(byte, block + at)} << at; };
  return quarter(0) | quarter(kSixteen) | quarter(2 * kSixteen) | quarter(3 * kSixteen);
}

// Of a block's backslashes those that begin an escape. `first_is_escaped`: by the block before.
std::uint64_t escape_starts(std::uint64_t backslashes, bool first_is_escaped) {
  std::uint64_t left = backslashes & ~std::uint64_t{first_is_escaped};
  if ((left & (left << 1)) == 0) return left;
  std::uint64_t starts = 0;
  while (left != 0) {
    const std::uint64_t start = left & -left;
    starts |= start;
    left &= ~(start | start << 1);
  }
  return starts;
}

bool is_escape(std::string_view inside, std::size_t at) {
  if (at + 1 >= inside.size()) return false;
  return kShortEscapes[static_cast<unsigned char>(inside[at + 1])] || read_escape(inside, at).length != 0;
}

// False where there is half a surrogate pair and nothing to stand for it, or no escape that JSON knows.
bool append_unescaped(std::string& out, std::string_view inside, std::optional<char32_t> for_half_a_pair) {
  out.reserve(out.size() + inside.size());
  std::size_t plain = 0;  // where the run of unescaped bytes begins
  std::size_t at = inside.find('\\');
  while (at != std::string_view::npos) {
    const Escape escape = read_escape(inside, at);
    const bool is_half = is_high_surrogate(escape.code) || is_low_surrogate(escape.code);
    if (escape.length == 0 || (is_half && !for_half_a_pair)) return false;
    out += inside.substr(plain, at - plain);
    append_utf8(out, is_half ? *for_half_a_pair : escape.code);
    plain = at + escape.length;
    at = inside.find('\\', plain);
  }
  out += inside.substr(plain);
  return true;
}

}  // namespace

// Of a whole request, and in quoted code every eighth byte is a backslash: a branch for each costs more than
// all else here. Without one for \n, \" and \\.
std::size_t find_bad_escape(std::string_view inside) {
  bool first_is_escaped = false;
  for (std::size_t at = 0; at < inside.size(); at += kBlock) {
    const char* block = inside.data() + at;
    std::array<char, kBlock> padded;
    if (inside.size() - at < kBlock) {
      padded.fill(' ');
      std::ranges::copy(inside.substr(at), padded.begin());
      block = padded.data();
    }
    const std::uint64_t backslashes = marks_in(block, '\\');
    if (backslashes == 0 && !first_is_escaped) continue;
    const std::uint64_t starts = escape_starts(backslashes, first_is_escaped);
    const std::uint64_t escaped = starts << 1 | std::uint64_t{first_is_escaped};
    first_is_escaped = starts >> (kBlock - 1) != 0;
    std::uint64_t rare = escaped & ~(backslashes | marks_in(block, 'n') | marks_in(block, '"'));
    for (; rare != 0; rare &= rare - 1) {
      const std::size_t escape = at + static_cast<std::size_t>(std::countr_zero(rare)) - 1;
      if (!is_escape(inside, escape)) return escape;
    }
  }
  return first_is_escaped ? inside.size() - 1 : std::string_view::npos;
}

std::optional<std::string> unescape(std::string_view inside) {
  std::string out;
  if (!append_unescaped(out, inside, std::nullopt)) return std::nullopt;
  return out;
}

std::string unescape_leniently(std::string_view inside) {
  std::string out;
  (void)append_unescaped(out, inside, U'\uFFFD');
  return out;
}

std::size_t unescaped_size(std::string_view inside) {
  std::size_t size = inside.size();
  std::size_t at = inside.find('\\');
  while (at != std::string_view::npos) {
    const Escape escape = read_escape(inside, at);
    if (escape.length == 0) break;
    size -= escape.length - utf8_size(escape.code);
    at = inside.find('\\', at + escape.length);
  }
  return size;
}

bool is_number(std::string_view token) {
  std::size_t at = token.starts_with('-') ? 1 : 0;
  const std::size_t whole = at;
  at = skip_digits(token, at);
  if (at == whole || (token[whole] == '0' && at - whole > 1)) return false;
  if (at < token.size() && token[at] == '.') {
    const std::size_t fraction = at + 1;
    at = skip_digits(token, fraction);
    if (at == fraction) return false;
  }
  if (at < token.size() && (token[at] == 'e' || token[at] == 'E')) {
    ++at;
    if (at < token.size() && (token[at] == '+' || token[at] == '-')) ++at;
    const std::size_t exponent = at;
    at = skip_digits(token, exponent);
    if (at == exponent) return false;
  }
  return at == token.size();
}

std::optional<std::uint64_t> whole_number(std::string_view token) {
  constexpr double kLargest = 9007199254740992.0;  // beyond it doubles skip whole numbers
  double value = 0;
  const auto [end, status] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (status != std::errc() || end != token.data() + token.size() || !is_number(token)) return std::nullopt;
  if (value < 0 || value > kLargest || value != std::floor(value)) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

}  // namespace weir::wire
