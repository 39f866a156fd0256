#pragma once

#include <algorithm>
#include <cstdint>

#include "weir/base/clock.hpp"

// Two ways in which providers count. A limit of 0 counts nothing and always fits.
namespace weir::pretend {

// A bucket that refills continuously, the whole limit in one period.
class RefillBucket {
 public:
  RefillBucket(std::uint64_t limit, Duration period) : limit_(limit), period_(period) {}

  // (used + cost - limit) / limit x period; zero where the cost fits. A cost over the limit never will.
  [[nodiscard]] Duration wait(std::uint64_t cost, BootTime now) const;
  [[nodiscard]] bool ever_fits(std::uint64_t cost) const { return limit_ == 0 || cost <= limit_; }
  void take(std::uint64_t cost, BootTime now);
  void give_back(std::uint64_t cost, BootTime now);

  [[nodiscard]] std::uint64_t limit() const { return limit_; }
  [[nodiscard]] std::uint64_t used(BootTime now) const;  // rounded up
  [[nodiscard]] std::uint64_t remaining(BootTime now) const { return limit_ - std::min(limit_, used(now)); }
  [[nodiscard]] Duration until_full(BootTime now) const;

 private:
  [[nodiscard]] double level(BootTime now) const;
  void set_level(double level, BootTime now);

  std::uint64_t limit_;
  Duration period_;
  double level_ = 0;  // what was used and not refilled at `at_`
  BootTime at_{};
};

// A count that starts anew whenever the wall clock passes a multiple of the period (minutes, UTC days).
class ClockWindow {
 public:
  ClockWindow(std::uint64_t limit, Duration period) : limit_(limit), period_(period) {}

  [[nodiscard]] bool fits(std::uint64_t cost, WallTime now) const;
  void take(std::uint64_t cost, WallTime now);

  [[nodiscard]] std::uint64_t limit() const { return limit_; }
  [[nodiscard]] std::uint64_t used(WallTime now) const;
  [[nodiscard]] WallTime ends(WallTime now) const;

 private:
  [[nodiscard]] std::int64_t index(WallTime now) const { return now.time_since_epoch() / period_; }

  std::uint64_t limit_;
  Duration period_;
  std::uint64_t used_ = 0;
  std::int64_t index_ = 0;  // of the window that `used_` stands for
};

}  // namespace weir::pretend
