#pragma once

#include <string>

#include "weir/base/clock.hpp"
#include "weir/routing/planner.hpp"

namespace weir::admin {

// GET /admin/v1/models: can each name be called now, why not, until when.
[[nodiscard]] std::string model_report(const routing::Catalogue& catalogue,
                                       const routing::RoutingConfig& routing, Instant now);

}  // namespace weir::admin
