#pragma once

#include <atomic>
#include <chrono>

#include "weir/base/clock.hpp"

namespace weir::test {

// Time that moves when the test says so. Starts at 2026-11-24T00:00:00Z, an hour after boot. Threads: any.
class FakeClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override {
    const std::chrono::nanoseconds passed(passed_.load());
    return {.boot = BootTime(std::chrono::nanoseconds(up_before_.load()) + passed),
            .wall = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 24)) + passed +
                    std::chrono::nanoseconds(wall_step_.load())};
  }
  void advance(Duration by) { passed_ += by.count(); }
  // The machine was off for so long and is up for ten seconds now.
  void reboot(Duration off) {
    passed_ += off.count();
    up_before_ = Duration(std::chrono::seconds(10)).count() - passed_.load();
  }
  void step_wall(Duration by) { wall_step_ += by.count(); }  // someone set the wall clock

 private:
  std::atomic<std::int64_t> passed_{0};
  std::atomic<std::int64_t> up_before_{Duration(std::chrono::hours(1)).count()};
  std::atomic<std::int64_t> wall_step_{0};
};

}  // namespace weir::test
