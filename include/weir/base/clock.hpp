#pragma once

#include <chrono>

namespace weir {

// Measures ages and windows: it counts while the machine is suspended and never steps. Its zero is the boot.
struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};

using BootTime = BootClock::time_point;
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;  // for people, files and calendars
using Duration = std::chrono::nanoseconds;

// One moment on both clocks. Deciding code takes it as an argument and never asks for the time itself.
struct Instant {
  BootTime boot;
  WallTime wall;

  [[nodiscard]] WallTime wall_at(BootTime other) const { return wall + (other - boot); }
  [[nodiscard]] BootTime boot_at(WallTime other) const { return boot + (other - wall); }
};

// The only source of time. Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override;  // CLOCK_BOOTTIME and CLOCK_REALTIME
};

}  // namespace weir
