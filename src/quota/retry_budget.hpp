#pragma once

#include <algorithm>
#include <cstdint>

namespace weir::quota {

// How many retries a provider is spared: one for five first attempts, saved up to ten. A provider in trouble
// is not met by twice the requests just then; a quiet daemon begins with three. Not synchronised.
class RetryBudget {
 public:
  void count_first_try() { fifths_ = std::min(fifths_ + 1, kMost); }
  // False where it is empty.
  [[nodiscard]] bool take() {
    if (fifths_ < kRetry) return false;
    fifths_ -= kRetry;
    return true;
  }
  // One that was taken and not needed.
  void give_back() { fifths_ = std::min(fifths_ + kRetry, kMost); }

 private:
  static constexpr std::uint32_t kRetry = 5;
  static constexpr std::uint32_t kMost = 10 * kRetry;

  std::uint32_t fifths_ = 3 * kRetry;
};

}  // namespace weir::quota
