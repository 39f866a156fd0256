#pragma once

#include <string>
#include <string_view>

#include "weir/base/clock.hpp"
#include "weir/base/random.hpp"

namespace weir::gateway {

// The client's own id where it is well-formed (letters, digits, '-', '_', '.'; at most 128), else "req_" and
// 26 characters that sort by time.
[[nodiscard]] std::string request_id(std::string_view from_client, WallTime now, RandomSource& random);

}  // namespace weir::gateway
