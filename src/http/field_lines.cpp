#include "weir/http/field_lines.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "http/charset.hpp"
#include "weir/base/text.hpp"

namespace weir::http {
namespace {

constexpr std::string_view kCrLf = "\r\n";

}  // namespace

bool is_field_value(std::string_view value) noexcept {
  std::size_t at = plain_run(value);
  while (at < value.size() && is_value_char(value[at])) at += 1 + plain_run(value.substr(at + 1));
  return at == value.size();
}

void FieldLines::add(Name name, std::string_view value) {
  if (is_field_value(value)) text_.append(name.text()).append(value).append(kCrLf);
}

void FieldLines::add(Name name, std::uint64_t value) {
  std::array<char, 22> line;
  char* end = std::to_chars(line.data(), line.data() + line.size() - kCrLf.size(), value).ptr;
  end = std::ranges::copy(kCrLf, end).out;
  text_.append(name.text()).append(line.data(), end);
}

}  // namespace weir::http
