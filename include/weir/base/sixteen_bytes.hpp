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

}  // namespace weir
