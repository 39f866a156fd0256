#include "http/authority.hpp"

#include <algorithm>

#include "http/charset.hpp"
#include "weir/base/ip_literal.hpp"
#include "weir/base/text.hpp"

namespace weir::http {
namespace {

bool is_name(std::string_view text) {
  const auto may_stand = [](char c) {
    return is_token_char(c) && std::string_view("!#$%&'*+^`|~").find(c) == std::string_view::npos;
  };
  return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, may_stand);
}

// What follows the host: nothing, or ':' and a port, which may be empty (RFC 3986 section 3.2.3).
bool is_port_suffix(std::string_view text) {
  if (text.empty()) return true;
  const std::string_view port = text.substr(1);
  if (text.front() != ':' || port.size() > 5 || !std::ranges::all_of(port, is_digit)) return false;
  unsigned value = 0;
  for (const char c : port) value = value * 10 + static_cast<unsigned>(c - '0');
  return value <= 65535;
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view host = text.substr(1, end - 1);
    if (!parse_ipv6(host) || !is_port_suffix(text.substr(end + 1))) return std::nullopt;
    return Authority{.host = host, .ip_literal = true};
  }
  const std::size_t end = std::min(text.find(':'), text.size());
  const std::string_view host = text.substr(0, end);
  if (!is_name(host) || !is_port_suffix(text.substr(end))) return std::nullopt;
  return Authority{.host = host, .ip_literal = parse_ipv4(host).has_value()};
}

std::optional<std::string_view> absolute_authority(std::string_view target) {
  const std::size_t scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos) return std::nullopt;
  const std::string_view scheme = target.substr(0, scheme_end);
  if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) return std::nullopt;
  const std::string_view rest = target.substr(scheme_end + 3);
  return rest.substr(0, rest.find_first_of("/?"));
}

}  // namespace weir::http
