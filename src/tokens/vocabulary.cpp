#include "tokens/vocabulary.hpp"

namespace weir::tokens {

Vocabulary::Vocabulary(const char* table) noexcept {
  std::memcpy(&head_, table, sizeof head_);
  mask_ = head_.slots - 1;
  // The table is made of 32-bit words up to its bytes, and aligned to them.
  slots_ = static_cast<const std::uint32_t*>(static_cast<const void*>(table + sizeof head_));
  offsets_ = slots_ + head_.slots;
  bytes_ = static_cast<const char*>(static_cast<const void*>(offsets_ + head_.tokens + 1));
  for (unsigned byte = 0; byte < byte_ranks_.size(); ++byte) {
    const char text = static_cast<char>(byte);
    byte_ranks_[byte] = rank(&text, 1);
  }
}

}  // namespace weir::tokens
