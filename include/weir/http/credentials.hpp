#pragma once

#include <string_view>

#include "weir/http/fields.hpp"

namespace weir::http {

// The key that a client shows: "Authorization: Bearer KEY", else x-api-key. Empty where it shows none.
[[nodiscard]] std::string_view credential(const Fields& fields);

}  // namespace weir::http
