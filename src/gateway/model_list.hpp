#pragma once

#include <string>
#include <string_view>

#include "gateway/snapshot.hpp"
#include "weir/base/clock.hpp"

namespace weir::gateway {

// The body of GET /v1/models, with what this client may use; `created` is the daemon's start.
[[nodiscard]] std::string model_list(const Snapshot& snapshot, const ClientKey* client, Instant now,
                                     WallTime created);
// The body of GET /v1/models/{id}: of any name that may be asked for, families and `auto` too.
[[nodiscard]] std::string model_card(const Snapshot& snapshot, const std::string& id,
                                     const routing::Route& route, Instant now, WallTime created);

}  // namespace weir::gateway
