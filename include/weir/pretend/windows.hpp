#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>

#include "weir/base/clock.hpp"
#include "weir/base/time_zone.hpp"

// How providers count: written without weir::quota, so that the two can prove each other wrong. `now` is a
// moment of the provider's own clocks.
namespace weir::pretend {

struct WindowRule {
  enum class Kind : std::uint8_t {
    sliding,    // at most the limit in any interval of the period
    aligned,    // at the multiples of the period since 1970
    day,        // civil, in the zone
    month,      // civil, in the zone
    first_use,  // begins with the first that is taken once the one before is over
    refill,
    interval,  // one by one, a period / limit apart
    credit,    // never comes back
    in_flight,
  };
  Kind kind = Kind::sliding;
  std::uint64_t limit = 0;  // 0: nothing fits
  Duration period{};
  TimeZone zone = TimeZone::utc();
  std::optional<WallTime> ends{};  // credit only
};

// A count by one rule. Calls come in the order of time.
class Window {
 public:
  static constexpr Duration kNever = Duration::max();

  Window() = default;
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;
  virtual ~Window() = default;

  // What counts now; never more than the limit but where others were told more than they should.
  [[nodiscard]] virtual std::uint64_t used(Instant now) = 0;
  // Until the cost fits, if nothing else comes; zero where it fits. kNever: not by waiting.
  [[nodiscard]] virtual Duration wait(std::uint64_t cost, Instant now) = 0;
  virtual void take(std::uint64_t cost, Instant now) = 0;
  // What was taken at `taken` as `charged` turns out to be `used`.
  virtual void settle(Instant taken, std::uint64_t charged, std::uint64_t used, Instant now) = 0;
};

[[nodiscard]] std::unique_ptr<Window> make_window(const WindowRule& rule);

// The two below count nothing and always fit where their limit is 0.

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
