#pragma once

#include <optional>

#include "weir/base/clock.hpp"
#include "weir/http/fields.hpp"

namespace weir::gateway {

// How long the client says it will wait: x-weir-timeout-ms, else the SDKs' x-stainless-timeout in seconds.
// Nothing where neither is there or it isn't a positive number.
[[nodiscard]] std::optional<Duration> client_deadline(const http::Fields& fields);

}  // namespace weir::gateway
