#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "quota/words.hpp"
#include "weir/base/clock.hpp"
#include "weir/quota/limit.hpp"
#include "weir/quota/state.hpp"

namespace weir::quota {

// Of time.
struct Stretch {
  BootTime begin;
  BootTime end;

  // How much of it is over, from 0 to 1.
  [[nodiscard]] double gone(BootTime now) const noexcept {
    const auto all = static_cast<double>((end - begin).count());
    return std::clamp(static_cast<double>((now - begin).count()) / std::max(all, 1.0), 0.0, 1.0);
  }
};

// The record of what was sent under one limit and when it stops counting: the part in which the window kinds
// differ. Not synchronised, its account's lock guards it; a call that changes it never has an earlier `now`
// than the one before.
class Window {
 public:
  Window() = default;
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;
  virtual ~Window() = default;

  // The cost that counts at that moment.
  [[nodiscard]] virtual std::uint64_t counted(Instant now) const = 0;
  // The same if all that came back within the guard before that moment hadn't come back yet, as it may be
  // where the provider counts.
  [[nodiscard]] virtual std::uint64_t counted_with_care(Instant now) const;
  // What fitted only because it had just come back was refused: from now on it comes back later. False where
  // the guard is as large as it may be, or there is none.
  virtual bool take_more_care(Instant now);
  // The first moment, not before now, at which no more than `allowed` counts if nothing more is sent. max():
  // never.
  [[nodiscard]] virtual BootTime falls_to(std::uint64_t allowed, Instant now) const = 0;
  // The same where `pending` is sent now.
  [[nodiscard]] virtual BootTime falls_to_with(std::uint64_t pending, std::uint64_t allowed,
                                               Instant now) const;
  // When a cost that is sent at that moment stops counting. max(): never.
  [[nodiscard]] virtual BootTime counts_until(Instant sent) const = 0;
  // The first moment at which some of what counts now stops counting, where that comes by time alone.
  [[nodiscard]] virtual std::optional<BootTime> next_return(Instant now) const = 0;

  // Counts a cost as sent now. The stamp returned finds it again.
  virtual BootTime add(std::uint64_t cost, Instant now) = 0;
  // Counts what others have sent: from now on, and no longer than it must where that moment is when the
  // provider has given all of it back.
  virtual void add_until(std::uint64_t cost, BootTime until, Instant now);
  // What was charged under that stamp turns out to be `used`. Changes only what still counts from that stamp.
  virtual void settle(BootTime stamp, std::uint64_t charged, std::uint64_t used, Instant now) = 0;
  // Takes so much away from what would stop counting first. What is left then counts the longest: the safe
  // choice for whoever only knows that less was counted.
  virtual void take_oldest(std::uint64_t cost, Instant now) = 0;

  // Nothing counts any more: a person says so.
  virtual void clear(Instant now);

  // The limit's amount, where the window's pace depends on it: at first, and whenever it changes.
  virtual void set_amount(std::uint64_t amount, Instant now);

  // For a restart. What was saved comes back with its boot times moved by `shift`, none later than now;
  // false, and nothing has changed, where the words make no sense.
  virtual void save(Words& words) const = 0;
  [[nodiscard]] virtual bool load(std::span<const std::uint64_t> words, Duration shift, Instant now) = 0;

  // Whether the provider's answer to what was sent with that stamp speaks of the window that counts now.
  [[nodiscard]] virtual bool same_window(BootTime stamp, Instant now) const;
  // Where everything is given back at one moment: from when to when the window runs that counts now; one that
  // the next request begins, from now.
  [[nodiscard]] virtual std::optional<Stretch> current(Instant now) const;
  // Whether nothing may be sent just now, since nobody can tell in which window the provider would count it.
  [[nodiscard]] virtual bool is_closed(Instant now) const;
  // Whether the limit's time is over for good: nothing fits any more.
  [[nodiscard]] virtual bool ended(Instant now) const;
};

// The window that engine_window names for this limit.
[[nodiscard]] std::unique_ptr<Window> make_window(const Limit& limit);

// How uncertain it is when the provider counts what we send. It begins with an assumption, doubles where a
// refusal shows that this was too little, and comes back down by half for each day without one.
class Guard {
 public:
  Guard(Duration least, Duration most) : least_(least), most_(std::max(least, most)), length_(least) {}

  [[nodiscard]] Duration length() const noexcept { return length_; }
  [[nodiscard]] bool grow(Instant now) noexcept;
  // For whoever looks at it now and then.
  void relax(Instant now) noexcept;

  void save(Words& words) const;
  void load(WordReader& reader, Duration shift, Instant now);

 private:
  Duration least_;
  Duration most_;
  Duration length_;
  BootTime since_{};  // the last change
};

// How much longer than its period a slot is held. The provider's window begins when a request arrives, ours
// when it leaves, so a later request that travels faster could arrive before the slot is free over there.
[[nodiscard]] Guard slot_guard(Duration period) noexcept;
// How far a provider's clock may be from ours around the edge of an aligned window.
[[nodiscard]] Guard clock_skew(Duration period) noexcept;

}  // namespace weir::quota
