#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "weir/quota/ledger.hpp"

namespace weir::quota {

// What keeps requests from a model, a key or an account: until a moment, or, where no wait ends it, until a
// person mends it. Of such a state nobody tells us that it is over, so from time to time one request is let
// through; when it is served the state has ended. Not synchronised.
class Block {
 public:
  // What is in force then.
  [[nodiscard]] std::optional<Cooldown> cooldown(Instant now) const {
    return cooldown_ && cooldown_->until > now.boot ? cooldown_ : std::nullopt;
  }
  [[nodiscard]] bool lets_through(Instant now) const {
    return !cooldown(now) || (is_state() && !unlisted_ && now.boot >= probe_at_);
  }
  [[nodiscard]] const std::optional<Cooldown>& last() const noexcept { return cooldown_; }

  // The later end wins.
  void set(Cooldown cooldown, Instant now);
  // A request is let through: where it is a probe, the next one waits twice as long.
  void passed(Instant now);
  // A request that was let through at that moment was served: it tells nothing of what came later.
  void served(BootTime held_at) {
    if (is_state() && held_at >= set_at_) end();
  }
  // It never left: where it was a probe, its turn comes again.
  void returned(BootTime held_at) {
    if (is_state() && held_at >= set_at_) probe_at_once();
  }
  void end() { *this = {}; }
  void load(std::optional<Cooldown> cooldown) { cooldown_ = cooldown; }
  // What the provider's list says of a model that is gone. While it isn't listed no request is worth a try;
  // one that is listed again is tried at once, and one that was all the time proves nothing by it.
  void hear_listed(bool listed) {
    if (!is_state() || cooldown_->cause != CooldownCause::model_gone) return;
    if (listed && unlisted_) probe_at_once();
    unlisted_ = !listed;
  }
  // The next request is a probe: somebody may have mended it.
  void probe_at_once() { load(std::exchange(*this, {}).cooldown_); }

 private:
  [[nodiscard]] bool is_state() const { return cooldown_ && cooldown_->until == BootTime::max(); }

  static constexpr Duration kFirstPause = std::chrono::minutes(10);
  static constexpr Duration kLongestPause = std::chrono::hours(6);

  std::optional<Cooldown> cooldown_;
  BootTime set_at_ = BootTime::min();
  BootTime probe_at_ = BootTime::min();
  Duration pause_ = kFirstPause;  // before the probe after the next
  bool unlisted_ = false;
};

}  // namespace weir::quota
