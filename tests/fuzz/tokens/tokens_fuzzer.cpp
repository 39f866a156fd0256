// Counting takes any bytes: no crash, and within its bounds.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "weir/tokens/encoder.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (!weir::tokens::has_encoder()) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::uint32_t> ranks;
  weir::tokens::encode(text, ranks);
  if (ranks.size() > 3 * size || ranks.size() * 128 < size) std::abort();
  if (weir::tokens::count(text) != ranks.size()) std::abort();
  return 0;
}
