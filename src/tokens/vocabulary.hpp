#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// The ranks of a byte-pair vocabulary as one read-only table, made by make_vocabulary.cpp at build:
//
//   uint32  magic, tokens, slots        little endian
//   uint32  slot[slots]                 open addressing by hash_of(): tag << kRankBits | rank + 1, or 0
//   uint32  offset[tokens + 1]          of each rank's bytes in what follows
//   uint8   bytes[]
namespace weir::tokens {

inline constexpr std::uint32_t kVocabularyMagic = 0x31525457;  // "WTR1"
inline constexpr unsigned kRankBits = 18;
inline constexpr std::uint32_t kRankMask = (1U << kRankBits) - 1;

struct VocabularyHead {
  std::uint32_t magic = kVocabularyMagic;
  std::uint32_t tokens = 0;
  std::uint32_t slots = 0;  // a power of two
};

[[nodiscard]] inline std::uint64_t hash_of(const char* text, std::size_t size) noexcept {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;
  const auto mixed = [](std::uint64_t hash, std::uint64_t word) {
    hash = (hash ^ word) * kOdd;
    return hash ^ (hash >> 32U);
  };
  std::uint64_t hash = size;
  while (size >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text, 8);
    hash = mixed(hash, word);
    text += 8;
    size -= 8;
  }
  std::uint64_t rest = 0;
  std::memcpy(&rest, text, size);
  return mixed(hash, rest);
}
// What tells apart most of those that share a slot.
[[nodiscard]] inline std::uint32_t tag_of(std::uint64_t hash) noexcept {
  return static_cast<std::uint32_t>(hash >> (64 - (32 - kRankBits)));
}

class Vocabulary {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  static constexpr std::size_t kLongestToken = 128;  // bytes; a table with a longer one isn't made

  // A table as above, aligned to four bytes; it outlives this.
  explicit Vocabulary(const char* table) noexcept;

  [[nodiscard]] std::uint32_t size() const noexcept { return head_.tokens; }
  // The rank of a token, or kNone. Text isn't empty.
  [[nodiscard]] std::uint32_t rank(const char* text, std::size_t size) const noexcept {
    if (size > kLongestToken) return kNone;
    const std::uint64_t hash = hash_of(text, size);
    const std::uint32_t tag = tag_of(hash);
    for (auto at = static_cast<std::uint32_t>(hash); true; ++at) {
      const std::uint32_t slot = slots_[at & mask_];
      if (slot == 0) return kNone;
      const std::uint32_t rank = (slot & kRankMask) - 1;
      if (slot >> kRankBits == tag && offsets_[rank + 1] - offsets_[rank] == size &&
          std::memcmp(bytes_ + offsets_[rank], text, size) == 0)
        return rank;
    }
  }
  [[nodiscard]] std::uint32_t rank_of_byte(char byte) const noexcept {
    return byte_ranks_[static_cast<unsigned char>(byte)];
  }

 private:
  VocabularyHead head_;
  std::uint32_t mask_ = 0;
  const std::uint32_t* slots_ = nullptr;
  const std::uint32_t* offsets_ = nullptr;
  const char* bytes_ = nullptr;
  std::array<std::uint32_t, 256> byte_ranks_{};
};

// The one that was built in; nullptr where the build had none.
[[nodiscard]] const Vocabulary* built_in_vocabulary() noexcept;

}  // namespace weir::tokens
