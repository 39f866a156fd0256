#pragma once

#include "config/reader.hpp"
#include "weir/routing/route.hpp"

namespace weir::config {

// What routing: says of waiting: tier_patience, default_class and queue.
void read_waiting(MapReader& routing, routing::RoutingConfig& config);

}  // namespace weir::config
