#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "gateway/refusal.hpp"

namespace weir::gateway {

// What is said without asking a provider.
struct LocalAnswer {
  std::variant<std::string, Refusal> what{};  // a body, or why not
  std::string_view allow{};                   // the methods that would do, for a 405
  std::string_view type = "application/json";
  int status = 200;  // of a body; 204: there is none
};

}  // namespace weir::gateway
