#pragma once

#include <cstdint>
#include <string_view>

namespace weir::tokens {

// How a prompt is counted before it is sent: by its bytes and exactly where that decides (automatic), by
// bytes alone, always exactly. Only automatic and bytes mean something in a build without a vocabulary.
enum class Estimator : std::uint8_t { automatic, bytes, exact };
[[nodiscard]] std::string_view name(Estimator estimator) noexcept;
// What becomes of a prompt that no target's context can take.
enum class Overflow : std::uint8_t { reject, truncate };
[[nodiscard]] std::string_view name(Overflow overflow) noexcept;

// The section `tokens` of the configuration.
struct Config {
  Estimator estimator = Estimator::automatic;
  bool calibrate = true;  // learn from what providers count
  double quantile = 0.9;  // reserve what this share of requests stays within
  Overflow overflow = Overflow::reject;
};

}  // namespace weir::tokens
