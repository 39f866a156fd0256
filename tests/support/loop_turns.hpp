#pragma once

#include <future>

#include "weir/net/loop.hpp"

namespace weir::test {

// Waits while a running loop takes a few turns. Each turn looks at its sockets once, so what has arrived is
// read, and what follows from it (a deadline armed, a connection kept) has happened. A test does so before it
// moves the clock: a deadline armed only afterwards would count from the new time. Not from the loop's
// thread.
inline void take_turns(net::Loop& loop) {
  for (int turn = 0; turn < 10; ++turn) {
    std::promise<void> done;
    loop.post([&done] { done.set_value(); });
    done.get_future().wait();
  }
}

}  // namespace weir::test
