#pragma once

#include <optional>
#include <string_view>

#include "weir/http/head.hpp"

namespace weir::dashboard {

// One file of the dashboard as it is sent. The body is static.
struct Page {
  http::ResponseHead head;  // status, and the fields that are the file's
  std::string_view body;
};

// Whether this binary has the dashboard: web/ can only be built where npm has been.
[[nodiscard]] bool is_built_in() noexcept;

// What is said to a request for a file of the dashboard: the file, or 304 to whoever has it. Nothing where it
// asks for something else, or at "/" for anything but HTML.
[[nodiscard]] std::optional<Page> answer(const http::RequestHead& asked);

}  // namespace weir::dashboard
