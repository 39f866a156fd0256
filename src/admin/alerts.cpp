#include "admin/alerts.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "admin/cards.hpp"
#include "admin/json_words.hpp"
#include "admin/window_list.hpp"
#include "weir/base/units.hpp"

namespace weir::admin {
namespace {

constexpr Duration kBrief = std::chrono::hours(1);  // shorter windows are
constexpr double kSlack = 0.05;  // a share must fall that far below a threshold before it is told again
constexpr Duration kLongestPaceMemory = std::chrono::minutes(10);
constexpr double kHalf = 0.5;  // of what isn't half used nobody needs a forecast

bool is_told_of(const quota::Limit& limit) {
  if (limit.amount == 0 || limit.amount == quota::kUnknownAmount) return false;
  if (limit.window == quota::WindowKind::credit) return true;
  return limit.window != quota::WindowKind::concurrency && limit.window != quota::WindowKind::interval &&
         limit.period.length > Alerts::kBetweenLooks;
}

bool is_brief(const quota::Limit& limit) {
  return limit.window != quota::WindowKind::credit && limit.period.length < kBrief;
}

// A quarter of the window, within what looking now and then can tell.
Duration pace_memory(const quota::Limit& limit) {
  if (limit.window == quota::WindowKind::credit) return kLongestPaceMemory;
  return std::clamp<Duration>(limit.period.length / 4, Alerts::kBetweenLooks, kLongestPaceMemory);
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

void Alerts::look_at_windows(const routing::Catalogue& catalogue, Instant now, std::vector<Alert>& alerts) {
  std::set<std::string> seen;
  for (const NamedWindow& named : windows_of(catalogue, now)) {
    const quota::MeterView& view = named.view;
    if (!is_told_of(view.limit)) continue;
    const Alert about{.message = {},
                      .provider = named.provider,
                      .key = {},
                      .model = named.model,
                      .window = named.name,
                      .share = share_of(view),
                      .at = reset_of(view),
                      .is_brief = is_brief(view.limit)};
    const std::string key = named.key();
    seen.insert(key);
    const auto known = windows_.try_emplace(key, Window{.looked_at = now.boot, .since = now.boot});
    if (known.second) known.first->second.used = view.used + view.reserved;
    Window& window = known.first->second;
    look_at_share(about, view, window, now, alerts);
    look_at_pace(about, view, window, now);
    tell_of_dryness(about, view, window, now, alerts);
    // What others used in a minute is forgotten with the minute.
    if (about.is_brief || view.drift == 0 || view.drift < 2 * window.told_drift) continue;
    Alert alert = about;
    alert.kind = AlertKind::quota_used_by_others;
    alert.message =
        "somebody else uses the key of " + subject_of(about) + ": " + std::to_string(view.drift) + " so far";
    alerts.push_back(std::move(alert));
    window.told_drift = view.drift;
  }
  // Those of an earlier configuration.
  std::erase_if(windows_, [&](const auto& one) { return !seen.contains(one.first); });
}

void Alerts::look_at_share(const Alert& about, const quota::MeterView& view, Window& window, Instant now,
                           std::vector<Alert>& alerts) const {
  const double share = *about.share;
  const auto reached = static_cast<std::size_t>(
      std::ranges::count_if(at_, [share](double threshold) { return share >= threshold - 1e-9; }));
  if (about.is_brief) {
    if (window.told > 0 && now.boot - window.told_at >= kBrief) window.told = 0;
    if (reached <= window.told) return;
    if (window.told == 0) window.told_at = now.boot;
  } else if (reached < window.told && window.told <= at_.size() && share >= at_[window.told - 1] - kSlack) {
    return;
  }
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

// When it is used up at the pace of late, where that is before its reset and before long.
void Alerts::look_at_pace(const Alert& about, const quota::MeterView& view, Window& window, Instant now) {
  const double passed = std::chrono::duration<double>(now.boot - window.looked_at).count();
  const std::uint64_t used = view.used + view.reserved;
  const Duration memory = pace_memory(view.limit);
  if (passed <= 0) return;
  if (used < window.used) {  // something came back: another pace, another forecast
    window.told_dry = *about.share >= kHalf && window.told_dry;
  } else {
    const double weight = 1 - std::exp(-passed / std::chrono::duration<double>(memory).count());
    window.pace += weight * (static_cast<double>(used - window.used) / passed - window.pace);
  }
  window.used = used;
  window.looked_at = now.boot;
  if (view.left == 0) {
    if (!window.dry_at || *window.dry_at > now.boot) window.dry_at = now.boot;
    return;
  }
  window.dry_at.reset();
  const Duration known_for = now.boot - window.since;
  if (known_for < memory || window.pace <= 0) return;
  // It began at 0, and the share of that is left out.
  const double pace = window.pace / (1 - std::exp(-std::chrono::duration<double>(known_for) / memory));
  const std::chrono::duration<double> seconds_left(static_cast<double>(view.left) / pace);
  const Duration horizon =
      about.is_brief ? view.limit.period.length : std::max(view.limit.period.length, quota::kDay);
  if (seconds_left > horizon) return;
  const BootTime dry_at = now.boot + std::chrono::duration_cast<Duration>(seconds_left);
  if (!about.at || dry_at < *about.at) window.dry_at = dry_at;
}

void Alerts::tell_of_dryness(const Alert& about, const quota::MeterView& view, Window& window, Instant now,
                             std::vector<Alert>& alerts) {
  if (!window.dry_at || window.told_dry || *about.share < kHalf || view.left == 0) return;
  if (about.is_brief && window.told_dry_at != BootTime::min() && now.boot - window.told_dry_at < kBrief)
    return;
  Alert alert = about;
  alert.kind = AlertKind::quota_runs_dry;
  alert.message = "at this pace " + subject_of(about) + " is used up at " + when(*window.dry_at, now) +
                  (about.at ? ", before its reset at " + when(*about.at, now) : "");
  alert.at = window.dry_at;
  alerts.push_back(std::move(alert));
  window.told_dry = true;
  window.told_dry_at = now.boot;
}

std::map<std::string, BootTime> Alerts::forecasts() const {
  std::map<std::string, BootTime> all;
  for (const auto& [key, window] : windows_)
    if (window.dry_at) all.emplace(key, *window.dry_at);
  return all;
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
