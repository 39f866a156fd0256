#include "providers/refusal_prose.hpp"

#include <algorithm>
#include <array>

#include "providers/value_formats.hpp"

namespace weir::providers {
namespace {

struct WindowCode {
  std::string_view code;
  quota::Dimension dimension;
  quota::Period period;
};
constexpr std::array kWindowCodes{
    WindowCode{"(RPM)", quota::Dimension::requests, quota::kMinutePeriod},
    WindowCode{"(RPD)", quota::Dimension::requests, quota::kDayPeriod},
    WindowCode{"(TPM)", quota::Dimension::tokens, quota::kMinutePeriod},
    WindowCode{"(TPD)", quota::Dimension::tokens, quota::kDayPeriod},
};

// What stands behind the first occurrence of `word`, or nothing.
std::optional<std::string_view> behind(std::string_view text, std::string_view word) {
  const std::size_t at = text.find(word);
  if (at == std::string_view::npos) return std::nullopt;
  return text.substr(at + word.size());
}

// "Limit 6000", "Requested ~12903".
std::optional<std::uint64_t> number_behind(std::string_view text, std::string_view word) {
  auto rest = behind(text, word);
  if (!rest) return std::nullopt;
  if (rest->starts_with('~')) rest->remove_prefix(1);
  return parse_count_value(rest->substr(0, rest->find_first_not_of("0123456789")));
}

}  // namespace

RefusalProse read_refusal_prose(std::string_view message) {
  RefusalProse prose;
  std::size_t first = std::string_view::npos;
  for (const WindowCode& window : kWindowCodes) {
    const std::size_t at = message.find(window.code);
    if (at >= first) continue;
    first = at;
    prose.dimension = window.dimension;
    prose.period = window.period;
  }
  prose.limit = number_behind(message, "Limit ");
  prose.used = number_behind(message, "Used ");
  prose.requested = number_behind(message, "Requested ");
  if (const auto rest = behind(message, "try again in "))
    if (const auto wait = read_go_duration(*rest)) prose.wait = wait->duration;
  return prose;
}

}  // namespace weir::providers
