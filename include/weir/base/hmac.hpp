#pragma once

#include <string>
#include <string_view>

namespace weir {

// HMAC-SHA256 (RFC 2104) as lower-case hex.
[[nodiscard]] std::string hmac_sha256_hex(std::string_view key, std::string_view text);

}  // namespace weir
