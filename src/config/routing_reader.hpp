#pragma once

#include "config/reader.hpp"
#include "weir/routing/route.hpp"

namespace weir::config {

// The section `routing`.
void read_routing(MapReader& routing, routing::RoutingConfig& config);

}  // namespace weir::config
