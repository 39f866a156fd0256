#pragma once

#include <string_view>

namespace weir {

[[nodiscard]] std::string_view version() noexcept;   // "0.1.0"
[[nodiscard]] std::string_view compiler() noexcept;  // "g++ 12.2.0"

}  // namespace weir
