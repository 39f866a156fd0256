#pragma once

#include <string>
#include <string_view>

#include "weir/base/result.hpp"

namespace weir::app {

// The daemon's status as a table for people: the sentence, then each key with a bar a window. Fails with kind
// io where the status isn't one.
[[nodiscard]] Result<std::string> status_table(std::string_view status);

}  // namespace weir::app
