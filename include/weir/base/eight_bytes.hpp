#pragma once

#include <cstdint>
#include <cstring>

// Eight bytes looked at as one number.
namespace weir {

[[nodiscard]] constexpr std::uint64_t eight_of(std::uint8_t byte) noexcept {
  return 0x0101010101010101U * byte;
}

[[nodiscard]] inline std::uint64_t load_eight(const char* from) noexcept {
  std::uint64_t eight = 0;
  std::memcpy(&eight, from, sizeof eight);
  return eight;
}

// The high bit of each byte that is zero. Behind the first of them others may be marked for nothing; where
// none is zero, none is marked.
[[nodiscard]] constexpr std::uint64_t zeros_in(std::uint64_t eight) noexcept {
  return (eight - eight_of(1)) & ~eight & eight_of(0x80);
}

}  // namespace weir
