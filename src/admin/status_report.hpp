#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "admin/cards.hpp"
#include "weir/gateway/admin_surface.hpp"
#include "weir/store/store.hpp"

namespace weir::admin {

// The members of GET /admin/v1/status, as its order has them.
[[nodiscard]] nlohmann::ordered_json status_json(const gateway::AdminContext& context,
                                                 const store::Health& health, Instant now);
// Those of them that events send on their own.
[[nodiscard]] nlohmann::ordered_json totals_json(const telemetry::Telemetry& telemetry);
[[nodiscard]] nlohmann::ordered_json series_json(const telemetry::Series& series);
[[nodiscard]] nlohmann::ordered_json health_json(const store::Health& health);

}  // namespace weir::admin
