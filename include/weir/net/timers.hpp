#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <functional>

#include "weir/base/clock.hpp"

namespace weir::net {

class Timers;

// Calls back once when a moment has passed, unless it is disarmed or destroyed before. The callback runs on
// the loop's thread, outside any operation: it may close sockets, and must not destroy the deadline. One that
// is kept, disarmed and armed again for a later moment, as for each piece of a stream, touches no other: it
// stays in its slot until that is due. Loop's thread only.
class Deadline
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
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

  Timers& timers_;
  std::function<void()> on_expiry_;
  BootTime at_ = BootTime::max();  // max: disarmed
  BootTime placed_for_{};          // its slot's moment, where it is linked: never behind at_
  bool expired_ = false;
};

// All deadlines of one thread behind one timer: arming one costs no system call unless it is the very next,
// and no search: they lie in a wheel, each in the slot of its moment, rounds apart together. While any is
// armed the injected clock is looked at at least once each `resolution`, so that a suspended machine or a
// fake clock that jumps is noticed then. A deadline is never early. Loop's thread only. Outlives every
// Deadline made with it.
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
  using List = boost::intrusive::list<Deadline, boost::intrusive::constant_time_size<false>>;
  static constexpr std::size_t kSlots = 256;

  [[nodiscard]] List& slot_of(BootTime at);
  // Calls visit(slot) for each that a moment from `from` to `to` may lie in.
  template <class Visit>
  void for_slots(BootTime from, BootTime to, Visit visit);
  void place(Deadline& deadline);
  void see_to(const Deadline& armed);
  [[nodiscard]] bool any_placed() const noexcept;
  [[nodiscard]] BootTime earliest(BootTime now);
  void schedule();
  void tick();
  void fire_due();

  const Clock& clock_;
  const Duration resolution_;
  boost::asio::steady_timer timer_;
  BootTime next_tick_ = BootTime::max();  // max: no tick is pending
  bool stopped_ = false;
  std::array<List, kSlots> slots_;
  BootTime fired_until_;  // none lies in a slot before this moment's
};

}  // namespace weir::net
