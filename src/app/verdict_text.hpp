#pragma once

#include <string>

#include "weir/providers/signals.hpp"

namespace weir::app {

// One object: class, violated, windows, wait_s, wait_rule, scope, retry_same_route, note, and what else is
// known. null is unknown.
[[nodiscard]] std::string verdict_json(const providers::Verdict& verdict);
// The same in sentences, a line each.
[[nodiscard]] std::string verdict_words(const providers::Verdict& verdict);

}  // namespace weir::app
