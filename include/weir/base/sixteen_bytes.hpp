#pragma once

#include <cstddef>
#include <cstdint>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// Sixteen bytes looked at together.
namespace weir {

inline constexpr std::size_t kSixteen = 16;

// A bit for each of the bytes that is `byte`, the first one's lowest.
[[nodiscard]] inline std::uint32_t marks_of(char byte, const char* sixteen) noexcept {
#if defined(__SSE2__)
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(sixteen));
  return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte))));
#else
  std::uint32_t marks = 0;
  for (std::uint32_t i = 0; i < kSixteen; ++i) marks |= (sixteen[i] == byte ? 1U : 0U) << i;
  return marks;
#endif
}

// The same of several questions to the same bytes.
class SixteenBytes {
 public:
#if defined(__SSE2__)
  explicit SixteenBytes(const char* bytes) noexcept
      : bytes_(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes))) {}

  [[nodiscard]] std::uint32_t equal(char byte) const noexcept {
    return marks(_mm_cmpeq_epi8(bytes_, _mm_set1_epi8(byte)));
  }
  // Of ASCII, ends included.
  [[nodiscard]] std::uint32_t between(char first, char last) const noexcept {
    return marks(_mm_and_si128(_mm_cmpgt_epi8(bytes_, _mm_set1_epi8(static_cast<char>(first - 1))),
                               _mm_cmpgt_epi8(_mm_set1_epi8(static_cast<char>(last + 1)), bytes_)));
  }
  // Not ASCII.
  [[nodiscard]] std::uint32_t high() const noexcept {
    return marks(bytes_);
  }

 private:
  static std::uint32_t marks(__m128i lanes) noexcept {
    return static_cast<std::uint32_t>(_mm_movemask_epi8(lanes));
  }
  __m128i bytes_;
#else
  explicit SixteenBytes(const char* bytes) noexcept : bytes_(bytes) {}

  [[nodiscard]] std::uint32_t equal(char byte) const noexcept {
    return marks_of(byte, bytes_);
  }
  [[nodiscard]] std::uint32_t between(char first, char last) const noexcept {
    std::uint32_t marks = 0;
    for (std::uint32_t i = 0; i < kSixteen; ++i)
      marks |= (bytes_[i] >= first && bytes_[i] <= last ? 1U : 0U) << i;
    return marks;
  }
  [[nodiscard]] std::uint32_t high() const noexcept {
    std::uint32_t marks = 0;
    for (std::uint32_t i = 0; i < kSixteen; ++i)
      marks |= (static_cast<unsigned char>(bytes_[i]) >= 0x80 ? 1U : 0U) << i;
    return marks;
  }

 private:
  const char* bytes_;
#endif
};

}  // namespace weir
