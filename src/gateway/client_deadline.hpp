#pragma once

#include <optional>

#include "weir/base/clock.hpp"
#include "weir/base/result.hpp"
#include "weir/http/fields.hpp"

namespace weir::gateway {

// How long the client says it will wait: x-weir-timeout-ms, which is an error where it isn't a number above
// 0; else the SDKs' x-stainless-timeout in seconds, which says nothing then.
[[nodiscard]] Result<std::optional<Duration>> client_deadline(const http::Fields& fields);

}  // namespace weir::gateway
