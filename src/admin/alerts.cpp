#include "admin/alerts.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "admin/cards.hpp"
#include "admin/json_words.hpp"
#include "weir/base/units.hpp"

namespace weir::admin {
namespace {

constexpr Duration kShortest = std::chrono::hours(1);
constexpr double kSlack = 0.05;  // a share must fall that far below a threshold before it is told again
constexpr Duration kPaceMemory = std::chrono::minutes(10);
constexpr double kHalf = 0.5;  // of what isn't half used nobody needs a forecast

bool is_told_of(const quota::Limit& limit) {
  if (limit.amount == 0 || limit.amount == quota::kUnknownAmount) return false;
  if (limit.window == quota::WindowKind::credit) return true;
  return limit.window != quota::WindowKind::concurrency && limit.window != quota::WindowKind::interval &&
         limit.period.length >= kShortest;
}

double share_of(const quota::MeterView& view) {
  const double limit = static_cast<double>(view.limit.amount);
  return std::clamp((limit - static_cast<double>(view.left)) / limit, 0.0, 1.0);
}

std::string percent(double share) {
  return std::to_string(static_cast<int>(std::floor(100 * share + 1e-9))) + " %";
}

std::string subject_of(const Alert& about) {
  return about.provider + (about.model.empty() ? "" : "/" + about.model) + " " + about.window;
}

// Where all of it comes back at one moment, that; elsewhere it comes back bit by bit.
std::optional<BootTime> reset_of(const quota::MeterView& view) {
  using quota::WindowKind;
  const WindowKind kind = view.limit.window;
  const bool at_once =
      kind == WindowKind::fixed || kind == WindowKind::calendar || kind == WindowKind::first_use;
  if (!at_once || !view.reset || *view.reset == BootTime::max()) return std::nullopt;
  return view.reset;
}

std::string when(BootTime at, Instant now) {
  return format_utc(steady_wall(at, now)) + " (in " + format_for_people(at - now.boot) + ")";
}

}  // namespace

std::string_view name(AlertKind kind) noexcept {
  constexpr std::array<std::string_view, kAlertKinds> kNames{
      "quota_threshold",  "quota_runs_dry", "quota_used_by_others", "key_refused",
      "provider_failing", "key_ready",      "state_degraded"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string alert_json(const Alert& alert, Instant now) {
  nlohmann::ordered_json json;
  json["alert"] = name(alert.kind);
  json["sent_at"] = format_utc(now.wall);
  json["message"] = alert.message;
  json["provider"] = word_or_null(alert.provider);
  json["key"] = word_or_null(alert.key);
  json["model"] = word_or_null(alert.model);
  json["window"] = word_or_null(alert.window);
  json["share"] = alert.share ? nlohmann::ordered_json(*alert.share) : nlohmann::ordered_json(nullptr);
  put_moment(json, "at", alert.at, now);
  return text_of(json);
}

std::vector<Alert> Alerts::look(const routing::Catalogue& catalogue, const store::Health& health,
                                Instant now) {
  std::vector<Alert> alerts;
  look_at_windows(catalogue, now, alerts);
  look_at_keys(catalogue, now, alerts);
  if (health.degraded && !told_degraded_)
    alerts.push_back({.kind = AlertKind::state_degraded, .message = "state degraded: " + health.reason});
  told_degraded_ = health.degraded;
  return alerts;
}

// Each once, however many keys and models draw on it.
void Alerts::look_at_windows(const routing::Catalogue& catalogue, Instant now, std::vector<Alert>& alerts) {
  std::set<std::string> seen;
  for (const routing::Target& target : catalogue.targets())
    for (const quota::MeterView& view : target.pool.view(now)) {
      if (!is_told_of(view.limit)) continue;
      const Alert about{.message = {},
                        .provider = target.provider->name,
                        .key = {},
                        .model = is_of_account(view) ? "" : target.model->name,
                        .window = quota::short_name(view.limit),
                        .share = share_of(view),
                        .at = reset_of(view)};
      std::string models;
      for (const std::string& glob : view.limit.models) models += glob + ",";
      const std::string key = subject_of(about) + "#" + target.key->account + "#" + models;
      if (!seen.insert(key).second) continue;
      const auto known = windows_.try_emplace(key, Window{.looked_at = now.boot, .since = now.boot});
      if (known.second) known.first->second.used = view.used + view.reserved;
      Window& window = known.first->second;
      look_at_share(about, view, window, now, alerts);
      look_at_pace(about, view, window, now, alerts);
      if (view.drift > 0 && view.drift >= 2 * window.told_drift) {
        Alert alert = about;
        alert.kind = AlertKind::quota_used_by_others;
        alert.message = "somebody else uses the key of " + subject_of(about) + ": " +
                        std::to_string(view.drift) + " so far";
        alerts.push_back(std::move(alert));
        window.told_drift = view.drift;
      }
    }
  // Those of an earlier configuration.
  std::erase_if(windows_, [&](const auto& one) { return !seen.contains(one.first); });
}

void Alerts::look_at_share(const Alert& about, const quota::MeterView& view, Window& window, Instant now,
                           std::vector<Alert>& alerts) const {
  const double share = *about.share;
  const auto reached = static_cast<std::size_t>(
      std::ranges::count_if(at_, [share](double threshold) { return share >= threshold - 1e-9; }));
  if (reached < window.told && window.told <= at_.size() && share >= at_[window.told - 1] - kSlack) return;
  if (reached > window.told) {
    Alert alert = about;
    alert.kind = AlertKind::quota_threshold;
    alert.message = percent(share) + " of " + subject_of(about) + " is used, " + std::to_string(view.left) +
                    " of " + std::to_string(view.limit.amount) + " left" +
                    (about.at ? "; reset at " + when(*about.at, now) : "");
    alerts.push_back(std::move(alert));
  }
  window.told = reached;
}

void Alerts::look_at_pace(const Alert& about, const quota::MeterView& view, Window& window, Instant now,
                          std::vector<Alert>& alerts) {
  const double passed = std::chrono::duration<double>(now.boot - window.looked_at).count();
  const std::uint64_t used = view.used + view.reserved;
  if (passed <= 0) return;
  if (used < window.used) {  // something came back: another pace, another forecast
    window.told_dry = *about.share >= kHalf && window.told_dry;
  } else {
    const double memory = std::chrono::duration<double>(kPaceMemory).count();
    const double weight = 1 - std::exp(-passed / memory);
    window.pace += weight * (static_cast<double>(used - window.used) / passed - window.pace);
  }
  window.used = used;
  window.looked_at = now.boot;
  const bool known = now.boot - window.since >= kPaceMemory && window.pace > 0;
  if (!known || window.told_dry || *about.share < kHalf || view.left == 0) return;
  const double seconds_left = static_cast<double>(view.left) / window.pace;
  const auto period = std::chrono::duration<double>(view.limit.period.length).count();
  if (seconds_left > std::max(period, std::chrono::duration<double>(quota::kDay).count())) return;
  const BootTime dry_at =
      now.boot + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds_left));
  if (about.at && dry_at >= *about.at) return;
  Alert alert = about;
  alert.kind = AlertKind::quota_runs_dry;
  alert.message = "at this pace " + subject_of(about) + " is used up at " + when(dry_at, now) +
                  (about.at ? ", before its reset at " + when(*about.at, now) : "");
  alert.at = dry_at;
  alerts.push_back(std::move(alert));
  window.told_dry = true;
}

void Alerts::look_at_keys(const routing::Catalogue& catalogue, Instant now, std::vector<Alert>& alerts) {
  std::map<std::string, AlertKind> seen;
  for (const Card& card : cards_of(catalogue, now)) {
    const std::string key = card.provider->name + "#" + card.key->label;
    const auto told = keys_.find(key);
    const bool is_bad = card.state == CardState::refused || card.state == CardState::failing;
    Alert alert{.message = {}, .provider = card.provider->name, .key = card.key->label};
    if (!is_bad) {
      // Back only where it serves: what waits for quota meanwhile hasn't shown that it is mended.
      if (told == keys_.end()) continue;
      if (card.state != CardState::ready) {
        seen.insert(*told);
        continue;
      }
      alert.kind = AlertKind::key_ready;
      alert.message = card.provider->name + " (key " + card.key->label + ") serves again";
      alerts.push_back(std::move(alert));
      continue;
    }
    alert.kind = card.state == CardState::refused ? AlertKind::key_refused : AlertKind::provider_failing;
    seen.emplace(key, alert.kind);
    if (told != keys_.end() && told->second == alert.kind) continue;
    alert.at = card.back_at;
    alert.message =
        card.provider->name + " (key " + card.key->label + ") " +
        (card.state == CardState::refused
             ? "refuses: " + card.why + (card.remedy.empty() ? "" : "; " + std::string(card.remedy))
             : "fails again and again; tried again at " + when(*card.back_at, now));
    alerts.push_back(std::move(alert));
  }
  keys_ = std::move(seen);
}

}  // namespace weir::admin
