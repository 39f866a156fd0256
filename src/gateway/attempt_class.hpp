#pragma once

#include "gateway/attempt.hpp"
#include "weir/telemetry/request_record.hpp"

namespace weir::gateway {

// What an attempt that was judged came to, as metrics say it.
[[nodiscard]] telemetry::AttemptClass class_of(const Attempt& attempt) noexcept;

}  // namespace weir::gateway
