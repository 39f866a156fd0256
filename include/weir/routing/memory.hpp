#pragma once

#include "weir/routing/conversations.hpp"

namespace weir::routing {

// What routing has seen and goes on to use; outlives any configuration. Threads: any.
struct Memory {
  Conversations conversations;
};

}  // namespace weir::routing
