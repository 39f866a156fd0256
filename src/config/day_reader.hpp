#pragma once

#include "config/reader.hpp"
#include "weir/routing/route.hpp"

namespace weir::config {

// What routing: says of the day: spread, reserve and peak.
void read_day(MapReader& routing, routing::RoutingConfig& config);

// "09:00-17:00", as peak.hours has it.
[[nodiscard]] std::string format_hours(const routing::PeakHours& hours);

}  // namespace weir::config
