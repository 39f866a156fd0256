#pragma once

#include <cstdint>

namespace weir::admin {

// What the kernel says of this process. What it doesn't say is 0.
struct ProcessFigures {
  double cpu_seconds = 0;
  std::uint64_t open_descriptors = 0;
  std::uint64_t most_descriptors = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
};

[[nodiscard]] ProcessFigures process_figures();

}  // namespace weir::admin
