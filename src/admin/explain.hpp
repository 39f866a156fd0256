#pragma once

#include <string>
#include <string_view>

#include "weir/base/clock.hpp"
#include "weir/base/result.hpp"
#include "weir/gateway/admin_surface.hpp"

namespace weir::admin {

// A dry run of the router. The body is {"model": "smart"} with, as one likes, "tokens" (of the prompt),
// "max_tokens", "tools", "images", "json_schema", "no_training", "priority"; or with "request", a whole chat
// request that says all that itself. The answer has every target of the route: its score, or what keeps it
// from serving and until when; and what its provider's dialect would change in the request. Nothing is taken.
// Fails with invalid_request and with model_not_found.
[[nodiscard]] Result<std::string> explain(const gateway::AdminContext& context, std::string_view body,
                                          Instant now);

}  // namespace weir::admin
