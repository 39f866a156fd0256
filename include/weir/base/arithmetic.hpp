#pragma once

#include <cstdint>
#include <limits>

namespace weir {

// Counts never wrap: a difference stops at zero, a sum or a product at the largest number.
[[nodiscard]] constexpr std::uint64_t less(std::uint64_t from, std::uint64_t by) noexcept {
  return from > by ? from - by : 0;
}
[[nodiscard]] constexpr std::uint64_t plus(std::uint64_t a, std::uint64_t b) noexcept {
  const std::uint64_t sum = a + b;
  return sum < a ? std::numeric_limits<std::uint64_t>::max() : sum;
}
[[nodiscard]] constexpr std::uint64_t times(std::uint64_t a, std::uint64_t b) noexcept {
  constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();
  return b != 0 && a > kLargest / b ? kLargest : a * b;
}

}  // namespace weir
