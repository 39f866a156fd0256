#pragma once

#include <string_view>

// Headers are rebuilt from closed lists both ways: a field that stands on none does not pass.
namespace weir::http {

// Request fields that go up as the client sent them. Everything else upstream is ours.
[[nodiscard]] bool passes_upstream(std::string_view lower_case_name) noexcept;
// Answer fields that go down as the provider sent them.
[[nodiscard]] bool passes_downstream(std::string_view lower_case_name) noexcept;

}  // namespace weir::http
