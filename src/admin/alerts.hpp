#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/routing/route.hpp"
#include "weir/store/store.hpp"

namespace weir::admin {

// What a person is told of without asking.
enum class AlertKind : std::uint8_t {
  quota_threshold,       // a window is used up to one of alerts.at
  quota_runs_dry,        // at the pace of the last minutes, before its reset
  quota_used_by_others,  // somebody else uses the key
  key_refused,           // the key, the plan or the bill: a person is needed
  provider_failing,      // left alone after failures
  key_ready,             // one that was refused or failing serves again
  state_degraded,        // a restart would forget what was spent
};
inline constexpr std::size_t kAlertKinds = 7;
[[nodiscard]] std::string_view name(AlertKind kind) noexcept;

struct Alert {
  AlertKind kind{};
  std::string message;  // a sentence
  std::string provider;
  std::string key;              // of a key; empty: of an account
  std::string model;            // of a model's own window
  std::string window;           // "rpd"
  std::optional<double> share;  // used of it, 0 to 1
  std::optional<BootTime> at;   // its reset, or when it is tried again
  bool is_brief = false;        // of a window shorter than an hour: nobody need be called for it
};
// What a webhook is sent.
[[nodiscard]] std::string alert_json(const Alert& alert, Instant now);

// When windows are used up at their present pace, by NamedWindow::key(). Threads: any.
class Forecasts {
 public:
  void set(std::map<std::string, BootTime> dry_at) {
    const std::lock_guard lock(mutex_);
    dry_at_ = std::move(dry_at);
  }
  [[nodiscard]] std::optional<BootTime> of(const std::string& window) const {
    const std::lock_guard lock(mutex_);
    const auto found = dry_at_.find(window);
    return found == dry_at_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, BootTime> dry_at_;
};

// Looks at all there is from time to time and says what is new. Each is told once, until it is over and comes
// again; a restart tells again. One thread.
//
// Windows shorter than an hour fill and empty as a matter of course, and the queue is there for that: of them
// each thing is told once an hour at most. Those that are over before the next look aren't seen at all.
class Alerts {
 public:
  // How often look() is called, or a little more seldom.
  static constexpr Duration kBetweenLooks = std::chrono::seconds(15);

  // Shares at which a window is told of, rising.
  void configure(std::vector<double> at) { at_ = std::move(at); }
  [[nodiscard]] std::vector<Alert> look(const routing::Catalogue& catalogue, const store::Health& health,
                                        Instant now);
  // As of the last look.
  [[nodiscard]] std::map<std::string, BootTime> forecasts() const;

 private:
  struct Window {
    std::size_t told = 0;  // how many of at_
    bool told_dry = false;
    BootTime told_at = BootTime::min();  // of a brief one: when the first of those was told
    BootTime told_dry_at = BootTime::min();
    std::optional<BootTime> dry_at;
    std::uint64_t told_drift = 0;
    std::uint64_t used = 0;
    BootTime looked_at{};
    BootTime since{};  // its pace is known from here on
    double pace = 0;   // a second
  };

  void look_at_windows(const routing::Catalogue& catalogue, Instant now, std::vector<Alert>& alerts);
  void look_at_share(const Alert& about, const quota::MeterView& view, Window& window, Instant now,
                     std::vector<Alert>& alerts) const;
  static void look_at_pace(const Alert& about, const quota::MeterView& view, Window& window, Instant now);
  static void tell_of_dryness(const Alert& about, const quota::MeterView& view, Window& window, Instant now,
                              std::vector<Alert>& alerts);
  void look_at_keys(const routing::Catalogue& catalogue, Instant now, std::vector<Alert>& alerts);

  std::vector<double> at_{0.8, 0.95};
  std::map<std::string, Window> windows_;
  std::map<std::string, AlertKind> keys_;  // those that were told of
  bool told_degraded_ = false;
};

}  // namespace weir::admin
