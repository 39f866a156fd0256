#pragma once

#include <optional>
#include <string_view>

namespace weir::http {

// "host", "host:port", "1.2.3.4:port", "[::1]:port": what a Host field or an absolute target names.
struct Authority {
  std::string_view host;  // without brackets
  bool ip_literal = false;
};

// Nothing where the text isn't one. Stricter than RFC 3986: letters, digits, '-', '.' and '_' in names, and a
// port of at most 65535.
[[nodiscard]] std::optional<Authority> parse_authority(std::string_view text);

// The authority of "http://authority/path", or nothing where the target has another form.
[[nodiscard]] std::optional<std::string_view> absolute_authority(std::string_view target);

}  // namespace weir::http
