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

// It is asked some twenty times a request. The wall clock is looked at every few milliseconds: a step of it
// is noticed that much later.
Instant SystemClock::now() const {
  constexpr std::chrono::nanoseconds kWallHolds = std::chrono::milliseconds(5);
  struct Wall {
    std::chrono::nanoseconds looked_at = std::chrono::nanoseconds::min();
    std::chrono::nanoseconds ahead_of_boot{};
  };
  thread_local Wall wall;
  const std::chrono::nanoseconds boot = read(CLOCK_BOOTTIME);
  if (boot < wall.looked_at || boot - kWallHolds >= wall.looked_at)
    wall = {.looked_at = boot, .ahead_of_boot = read(CLOCK_REALTIME) - boot};
  return {.boot = BootTime(boot), .wall = WallTime(boot + wall.ahead_of_boot)};
}

}  // namespace weir
