#pragma once

#include <string_view>

#include "weir/gateway/admin_surface.hpp"

// Orders for the targets that a path names: /{provider}/{key} and perhaps /{model}, where "*" stands for all.
namespace weir::admin {

// PUT and DELETE /admin/v1/quota/{provider}/{key}/{model}
[[nodiscard]] gateway::AdminAnswer answer_quota_of(const transport::Request& request, std::string_view path,
                                                   const gateway::AdminContext& context, Instant now);
// DELETE /admin/v1/cooldowns/{provider}/{key}?model=
[[nodiscard]] gateway::AdminAnswer answer_cooldowns(const transport::Request& request, std::string_view path,
                                                    const gateway::AdminContext& context, Instant now);
// PATCH /admin/v1/keys/{provider}/{key}
[[nodiscard]] gateway::AdminAnswer answer_keys(const transport::Request& request, std::string_view path,
                                               const gateway::AdminContext& context, Instant now);

}  // namespace weir::admin
