#pragma once

#include "weir/routing/calibrations.hpp"
#include "weir/routing/conversations.hpp"
#include "weir/routing/speed.hpp"

namespace weir::routing {

// What routing has seen and goes on to use; outlives any configuration. Threads: any.
struct Memory {
  SpeedTable speeds;
  Calibrations calibrations;
  Conversations conversations;
};

}  // namespace weir::routing
