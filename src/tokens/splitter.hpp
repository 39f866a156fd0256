#pragma once

#include <cstddef>
#include <string_view>

namespace weir::tokens {

// Cuts text into the pieces that o200k_base encodes each by itself: words with the space before them, runs of
// signs, up to three digits. One for a thread at a time; text is UTF-8 and outlives the splitter.
class Splitter {
 public:
  explicit Splitter(std::string_view text) noexcept : text_(text) {}

  // The next piece, empty at the end.
  [[nodiscard]] std::string_view next();

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace weir::tokens
