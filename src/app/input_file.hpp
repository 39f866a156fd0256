#pragma once

#include <string>

#include "weir/base/result.hpp"

namespace weir::app {

// All of what a command is given to look at: of a file, or of stdin where it has no name or is "-". Fails
// with kind invalid_request, in words for people, for what can't be read, such as a directory, or is above 32
// MiB, more than any request may have.
[[nodiscard]] Result<std::string> read_input(const std::string& file);

}  // namespace weir::app
