#pragma once

#include <string>
#include <string_view>

#include "weir/base/result.hpp"

namespace weir::app {

// The daemon's quota report as a table for people. `provider` and `model` choose what of it is shown; empty:
// all. Fails with kind io where the report isn't one, and with config where nothing of that name is in it.
[[nodiscard]] Result<std::string> quota_table(std::string_view report, std::string_view provider,
                                              std::string_view model, std::string_view key);

}  // namespace weir::app
