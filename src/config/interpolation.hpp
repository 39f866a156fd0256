#pragma once

#include <string>
#include <string_view>

#include "weir/config/environment.hpp"

namespace weir::config {

// A text with its variables put in.
struct Expansion {
  std::string value;
  std::string unset;    // the first variable that is not set and has no default; empty: none
  std::string problem;  // what is wrong with the form, or the message of ${VAR:?message}; empty: nothing
};

// ${VAR}, ${VAR:-default} and ${VAR:?message} (both for an empty variable too), $$ for a dollar. A default
// may hold variables itself. Values are not looked into again.
[[nodiscard]] Expansion expand(std::string_view text, const Environment& environment);

// Whether expand() would change anything.
[[nodiscard]] inline bool has_variables(std::string_view text) {
  return text.find('$') != std::string_view::npos;
}

}  // namespace weir::config
