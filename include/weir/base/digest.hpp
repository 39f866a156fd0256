#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace weir {

using Sha256 = std::array<std::uint8_t, 32>;

[[nodiscard]] Sha256 sha256(std::string_view text);

// Compares in constant time.
[[nodiscard]] bool same_digest(const Sha256& a, const Sha256& b) noexcept;

}  // namespace weir
