#include "weir/base/text.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "weir/base/eight_bytes.hpp"

namespace weir {
namespace {

char lower_char(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t';
}

bool is_plain(char c) noexcept {
  return c >= ' ' && c < 0x7F && c != '"' && c != '\\';
}

// The high bit of each byte that isn't plain. Behind the first of them others may be marked for nothing.
std::uint64_t odd_bytes(std::uint64_t eight) noexcept {
  const auto below = [eight](std::uint8_t limit) { return eight - eight_of(limit); };
  const std::uint64_t marks = eight | below(0x20) | zeros_in(eight ^ eight_of(0x7F)) |
                              zeros_in(eight ^ eight_of('"')) | zeros_in(eight ^ eight_of('\\'));
  return marks & eight_of(0x80);
}

// The sequence that begins at a byte: how many bytes it should have, and how many of them are there. A byte
// that begins none has 1 due and 0 found.
struct Utf8Sequence {
  std::size_t due = 1;
  std::size_t found = 0;
};

Utf8Sequence sequence_at(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(at);
  if (lead < 0x80) return {1, 1};
  if (lead < 0xC2 || lead > 0xF4) return {1, 0};
  const std::size_t due = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // No overlong forms, no surrogates, nothing above U+10FFFF: told by the second byte.
  const std::uint8_t least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const std::uint8_t most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  std::size_t found = 1;
  while (found < due && at + found < text.size()) {
    const std::uint8_t next = byte(at + found);
    if (next < (found == 1 ? least : 0x80) || next > (found == 1 ? most : 0xBF)) break;
    ++found;
  }
  return {due, found};
}

}  // namespace

std::size_t plain_run(std::string_view text) noexcept {
  std::size_t at = 0;
  if constexpr (std::endian::native == std::endian::little) {
    for (; text.size() - at >= sizeof(std::uint64_t); at += sizeof(std::uint64_t)) {
      const std::uint64_t odd = odd_bytes(load_eight(text.data() + at));
      if (odd != 0) return at + static_cast<std::size_t>(std::countr_zero(odd)) / 8;
    }
  }
  while (at < text.size() && is_plain(text[at])) ++at;
  return at;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, [](char x, char y) { return lower_char(x) == lower_char(y); });
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower_char);
  return out;
}

bool matches_glob(std::string_view pattern, std::string_view text) noexcept {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;  // the last '*' seen, and where its run in text ends so far
  std::size_t run_end = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      run_end = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++run_end;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  const std::size_t width = b.size() + 1;
  std::vector<std::size_t> before(width);
  std::vector<std::size_t> last(width);
  std::vector<std::size_t> row(width);
  for (std::size_t j = 0; j < width; ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j < width; ++j) {
      const std::size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replace, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string_view closest(std::string_view word, std::span<const std::string_view> candidates) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::size_t utf8_length(std::string_view text, std::size_t at) noexcept {
  const Utf8Sequence sequence = sequence_at(text, at);
  return sequence.found == sequence.due ? sequence.found : 0;
}

bool is_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    if (static_cast<std::uint8_t>(text[at]) < 0x80) {
      ++at;
      continue;
    }
    const std::size_t length = utf8_length(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string to_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Sequence sequence = sequence_at(text, at);
    if (sequence.found == sequence.due)
      out.append(text, at, sequence.found);
    else
      out += "\xEF\xBF\xBD";
    at += std::max<std::size_t>(1, sequence.found);
  }
  return out;
}

}  // namespace weir
