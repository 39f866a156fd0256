#pragma once

#include <string>

#include "weir/base/clock.hpp"
#include "weir/gateway/admin_surface.hpp"
#include "weir/store/store.hpp"

namespace weir::admin {

// All quota as JSON: for each account its windows, and for each of its models that model's own, and what
// blocks it; for each client key its own windows. A figure that nobody knows is null.
[[nodiscard]] std::string quota_report(const gateway::AdminContext& context, const store::Health& health,
                                       Instant now);

}  // namespace weir::admin
