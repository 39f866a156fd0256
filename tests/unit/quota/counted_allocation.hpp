#pragma once

#include <cstddef>

namespace weir::quota::test {

// How often this thread has allocated. The test binary's operator new counts it; it stands in a file of its
// own so that no compiler sees through it.
[[nodiscard]] std::size_t allocations() noexcept;

}  // namespace weir::quota::test
