#include "weir/base/clock.hpp"

#include <ctime>

namespace weir {
namespace {

std::chrono::nanoseconds read(clockid_t id) {
  timespec ts{};
  ::clock_gettime(id, &ts);
  return std::chrono::seconds(ts.tv_sec) + std::chrono::nanoseconds(ts.tv_nsec);
}

}  // namespace

Instant SystemClock::now() const {
  return {.boot = BootTime(read(CLOCK_BOOTTIME)), .wall = WallTime(read(CLOCK_REALTIME))};
}

}  // namespace weir
