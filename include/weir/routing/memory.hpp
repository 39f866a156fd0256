#pragma once

#include "weir/routing/calibrations.hpp"
#include "weir/routing/conversations.hpp"
#include "weir/routing/speed.hpp"
#include "weir/routing/switches.hpp"

namespace weir::routing {

// What routing has seen and goes on to use; outlives any configuration. Threads: any.
struct Memory {
  SpeedTable speeds;
  Calibrations calibrations;
  Conversations conversations;
  Switches switches;
};

}  // namespace weir::routing
