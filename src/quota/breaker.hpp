#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "weir/quota/ledger.hpp"

namespace weir::quota {

// How many of the requests of the last half minute failed. Told by the second, so that what is older than 29
// seconds may be left out and what is older than 30 is.
class RecentFailures {
 public:
  void note(bool has_failed, BootTime now);
  // Requests enough to tell, and at least half of them failed. The more failures in a row a rule allows, the
  // more requests it takes.
  [[nodiscard]] bool are_half(const BreakerRule& rule) const;

 private:
  static constexpr std::int64_t kSeconds = 30;
  static constexpr std::uint64_t kEnough = 10;  // requests

  struct Second {
    std::uint32_t requests = 0;
    std::uint32_t failures = 0;
  };
  std::array<Second, kSeconds> seconds_{};
  std::int64_t newest_ = 0;  // since the clock began
};

// Keeps requests from what has failed again and again with nothing served in between, or every second time:
// open until a moment, and then for all but one, the probe, until that one has shown how it stands. A probe
// that shows nothing gives its turn to the next. Reservations are told apart by their ids, which are nobody
// else's until they have ended. Not synchronised.
class Breaker {
 public:
  // What is in force then. While a probe is under way nobody knows how long that takes: a second from now.
  [[nodiscard]] std::optional<Cooldown> cooldown(Instant now) const {
    if (!is_open_) return std::nullopt;
    const BootTime until = probe_ ? std::max(until_, now.boot + kMoment) : until_;
    return until > now.boot ? std::optional(Cooldown{CooldownCause::failing, until}) : std::nullopt;
  }
  // The part of it that is known: a probe that is under way may end at any moment.
  [[nodiscard]] std::optional<Cooldown> pause(Instant now) const {
    return is_open_ && until_ > now.boot ? last() : std::nullopt;
  }
  [[nodiscard]] bool lets_through(Instant now) const { return !cooldown(now); }
  // For saving; nothing where it is closed.
  [[nodiscard]] std::optional<Cooldown> last() const {
    return is_open_ ? std::optional(Cooldown{CooldownCause::failing, until_}) : std::nullopt;
  }

  // A request is let through: where it is open this is the probe.
  void passed(std::uint32_t id) {
    if (is_open_) probe_ = id;
  }
  // That one failed. True where it opens by that, or opens again: then for twice as long, up to ten minutes.
  // What was under way before it opened says nothing new.
  bool failed(std::uint32_t id, const BreakerRule& rule, Instant now);
  // That one is being served: others may pass, but should this one break, it is open again.
  void is_serving(std::uint32_t id) {
    if (probe_ != id) return;
    is_open_ = false;
    probe_.reset();
    failures_ = kOnceMore;
  }
  // That one was answered, and will be heard of again.
  void answered(std::uint32_t id) {
    if (!is_open_ || probe_ == id) forgive();
  }
  // That one was served whole. What was under way before it opened closes nothing.
  void served(std::uint32_t id, Instant now) {
    answered(id);
    if (!is_open_) recent_.note(false, now.boot);
  }
  // That one has ended, whatever came of it.
  void ended(std::uint32_t id) {
    if (probe_ == id) probe_.reset();
  }

  void close() { *this = {}; }
  // As it was saved, or written down.
  void open_until(BootTime until) {
    close();
    is_open_ = true;
    until_ = until;
  }
  // The next request is the probe, whatever is under way.
  void probe_at_once() {
    if (!is_open_) return;
    until_ = BootTime();
    probe_.reset();
  }

 private:
  // All but the share that failed, which is left to the clock.
  void forgive() {
    failures_ = 0;
    is_open_ = false;
    until_ = {};
    pause_ = {};
    probe_.reset();
  }

  static constexpr std::uint32_t kOnceMore = UINT32_MAX - 1;  // the next failure is one too many
  static constexpr Duration kMoment = std::chrono::seconds(1);
  static constexpr Duration kLongest = std::chrono::minutes(10);

  std::uint32_t failures_ = 0;  // in a row, while it is closed
  bool is_open_ = false;
  BootTime until_{};
  Duration pause_{};                    // when it opens again; zero: as the rule says
  std::optional<std::uint32_t> probe_;  // the reservation that holds the lease
  RecentFailures recent_;               // while it is closed
};

}  // namespace weir::quota
