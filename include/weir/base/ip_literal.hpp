#pragma once

#include <netinet/in.h>

#include <optional>
#include <string_view>

// IP addresses as text, without brackets, port or zone. The whole text must be the address: one that is cut
// short by a NUL, where a C function would stop reading, is none.

namespace weir {

// "127.0.0.1": four decimal numbers, nothing looser.
[[nodiscard]] std::optional<in_addr> parse_ipv4(std::string_view text);

// "::1", "::ffff:127.0.0.1"
[[nodiscard]] std::optional<in6_addr> parse_ipv6(std::string_view text);

}  // namespace weir
