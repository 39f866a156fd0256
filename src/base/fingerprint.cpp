#include "weir/base/fingerprint.hpp"

#include <xxhash.h>

#include <cassert>

namespace weir {

Fingerprint fingerprint(std::initializer_list<std::string_view> parts) {
  assert(parts.size() <= kMostParts);
  std::array<XXH128_hash_t, kMostParts> hashes{};
  std::size_t n = 0;
  for (const std::string_view part : parts) hashes[n++] = ::XXH3_128bits(part.data(), part.size());
  const XXH128_hash_t all = ::XXH3_128bits(hashes.data(), n * sizeof hashes[0]);
  return {all.low64, all.high64};
}

}  // namespace weir
