#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "weir/base/clock.hpp"
#include "weir/base/result.hpp"
#include "weir/telemetry/telemetry.hpp"

namespace weir::admin {

[[nodiscard]] nlohmann::ordered_json ended_json(const telemetry::RequestRecord& record);
[[nodiscard]] nlohmann::ordered_json live_json(const telemetry::LiveView& view);
// Those under way, oldest first.
[[nodiscard]] nlohmann::ordered_json all_live_json(const telemetry::Telemetry& telemetry, Instant now);

// GET /admin/v1/requests; `target` has the query. Fails with invalid_request.
[[nodiscard]] Result<std::string> request_list(const telemetry::Telemetry& telemetry, std::string_view target,
                                               Instant now);
// GET /admin/v1/requests/{id}. Fails with model_not_found, which is a 404.
[[nodiscard]] Result<std::string> request_by_id(const telemetry::Telemetry& telemetry, std::string_view id,
                                                Instant now);

}  // namespace weir::admin
