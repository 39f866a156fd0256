#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/set.hpp>
#include <functional>

#include "weir/base/clock.hpp"

namespace weir::net {

class Timers;

// Calls back once when a moment has passed, unless it is disarmed or destroyed before. The callback runs on
// the loop's thread, outside any operation: it may close sockets, and must not destroy the deadline. Loop's
// thread only.
class Deadline
    : public boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  Deadline(Timers& timers, std::function<void()> on_expiry);
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void arm(BootTime at);  // once more: moves it
  void arm_after(Duration delay);
  void disarm() noexcept;
  [[nodiscard]] bool expired() const noexcept { return expired_; }  // since the last arm()

 private:
  friend class Timers;
  struct Earlier {
    bool operator()(const Deadline& a, const Deadline& b) const noexcept { return a.at_ < b.at_; }
  };

  Timers& timers_;
  std::function<void()> on_expiry_;
  BootTime at_{};
  bool expired_ = false;
};

// All deadlines of one thread behind one timer: arming one costs no system call unless it is the very next.
// While any is armed the injected clock is looked at at least once each `resolution`, so that a suspended
// machine or a fake clock that jumps is noticed then. A deadline is never early. Loop's thread only. Outlives
// every Deadline made with it.
class Timers {
 public:
  static constexpr Duration kResolution = std::chrono::milliseconds(100);

  Timers(boost::asio::io_context& io, const Clock& clock, Duration resolution = kResolution);
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  [[nodiscard]] Instant now() const { return clock_.now(); }
  // No further ticks, so that run() can return.
  void stop();

 private:
  friend class Deadline;
  using Armed = boost::intrusive::multiset<Deadline, boost::intrusive::compare<Deadline::Earlier>,
                                           boost::intrusive::constant_time_size<false>>;

  void add(Deadline& deadline);
  void schedule();
  void tick();
  void fire_due();

  const Clock& clock_;
  const Duration resolution_;
  boost::asio::steady_timer timer_;
  BootTime next_tick_ = BootTime::max();  // max: no tick is pending
  bool stopped_ = false;
  Armed armed_;
};

}  // namespace weir::net
