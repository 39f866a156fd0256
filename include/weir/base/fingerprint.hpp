#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace weir {

// Tells texts apart in a table in memory: 128 bits of XXH3, some gigabytes a second. Whoever wants to can
// make two texts of one fingerprint, so nothing that matters may rest on it, and it isn't stored.
using Fingerprint = std::array<std::uint64_t, 2>;

// Of several parts, at most kMostParts: where one ends and the next begins counts too.
inline constexpr std::size_t kMostParts = 8;
[[nodiscard]] Fingerprint fingerprint(std::initializer_list<std::string_view> parts);

}  // namespace weir
