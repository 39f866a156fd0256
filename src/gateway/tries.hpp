#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "gateway/attempt.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/routing/planner.hpp"
#include "weir/routing/route.hpp"
#include "weir/telemetry/request_record.hpp"

namespace weir::gateway {

// Whom one request may still try, by what its attempts have shown. Session's thread only.
class Tries {
 public:
  // Of the request's attempts so far; it outlives this.
  explicit Tries(const std::vector<telemetry::AttemptRecord>& attempts) : attempts_(attempts) {}
  // Before anything else, once.
  void set_route(const routing::Route& route) { route_ = &route; }

  // Nobody but the client is left for it.
  [[nodiscard]] bool is_final(const Attempt& attempt, const routing::Ask& ask) const;
  [[nodiscard]] bool has_had_its_turn(const routing::Target* target) const;
  // Whether another target would have room for the ask by then, should this attempt fail.
  [[nodiscard]] bool leaves_another(const Attempt& attempt, const routing::Ask& ask, Instant now,
                                    BootTime by) const;
  // Those that are not chosen any more; and without those of them that may be tried once more where nothing
  // else is left.
  [[nodiscard]] const std::vector<const routing::Target*>& had_turn() const { return had_turn_; }
  [[nodiscard]] std::vector<const routing::Target*> out_for_good() const;
  [[nodiscard]] bool may_try_again() const { return !again_.empty(); }
  // How long the first of those to be back asked us to wait; nothing: a backoff is enough.
  [[nodiscard]] const std::optional<Duration>& hint() const { return hint_; }

  // This one begins: what was left for a retry at its provider is spent.
  void begin(const Attempt& attempt);
  // It has failed.
  void exclude(const Attempt& attempt);
  // Nothing more is to be tried: the leaves that weren't used are given back.
  void end() { leaves_.clear(); }

 private:
  [[nodiscard]] std::size_t tries_of(const providers::Provider& provider) const;
  [[nodiscard]] bool may_retry_at(const Attempt& attempt);
  void choose_hint();

  const std::vector<telemetry::AttemptRecord>& attempts_;
  const routing::Route* route_ = nullptr;
  std::vector<const routing::Target*> had_turn_;
  std::vector<const routing::Target*> again_;  // of these, may be tried once more
  std::vector<std::pair<const routing::Target*, std::optional<Duration>>> hints_;  // of those in again_
  std::optional<Duration> hint_;
  std::vector<std::pair<const providers::Provider*, quota::RetryLeave>> leaves_;  // to try it once more
};

}  // namespace weir::gateway
