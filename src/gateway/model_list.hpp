#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/snapshot.hpp"
#include "weir/base/clock.hpp"

namespace weir::gateway {

// The body of GET /v1/models, with what this client may use; `created` is the daemon's start.
[[nodiscard]] std::string model_list(const Snapshot& snapshot, const ClientKey* client, Instant now,
                                     WallTime created);
// The body of GET /v1/models/{id}, or nothing where there is no such model for this client.
[[nodiscard]] std::optional<std::string> model_card(const Snapshot& snapshot, const ClientKey* client,
                                                    std::string_view id, Instant now, WallTime created);

}  // namespace weir::gateway
