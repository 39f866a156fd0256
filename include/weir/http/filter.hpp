#pragma once

#include <string_view>

#include "weir/http/fields.hpp"

// Headers are rebuilt from closed lists both ways: a field that stands on none does not pass.
namespace weir::http {

// Request fields that go up as the client sent them, but for those that its Connection names (RFC 9110
// section 7.6.1). Everything else upstream is ours.
[[nodiscard]] bool passes_upstream(std::string_view lower_case_name, const Fields& request) noexcept;
// Answer fields that go down as the provider sent them.
[[nodiscard]] bool passes_downstream(std::string_view lower_case_name) noexcept;

}  // namespace weir::http
