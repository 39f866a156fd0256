#pragma once

#include <string_view>

namespace weir::transport {

// Whether this IP literal is the place where a cloud gives its machines their credentials: 169.254.169.254
// and its kin beyond the link-local ones, mapped into IPv6 or not. No provider lives there. False for a name.
[[nodiscard]] bool is_metadata_address(std::string_view literal);

}  // namespace weir::transport
