#include "admin/event_feed.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "admin/json_words.hpp"
#include "admin/request_report.hpp"
#include "admin/status_report.hpp"
#include "weir/base/log.hpp"
#include "weir/base/units.hpp"

namespace weir::admin {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kFirstRequests = 50;
constexpr std::size_t kFirstEvents = 100;
constexpr std::size_t kMostRequests = 200;  // of one delta
constexpr Duration kSilence = std::chrono::seconds(15);
constexpr std::array kPlain{"state", "sentence", "store", "in_flight", "waiting", "totals"};

std::string event(std::string_view name, const ordered_json& data) {
  return "event: " + std::string(name) + "\ndata: " + text_of(data) + "\n\n";
}

std::string key_of(const ordered_json& card) {
  return card["provider"].get<std::string>() + "#" + card["key"].get<std::string>();
}

void drop_countdowns(ordered_json& json) {
  if (json.is_array())
    for (ordered_json& item : json) drop_countdowns(item);
  if (!json.is_object()) return;
  std::vector<std::string> countdowns;
  for (auto& [name, value] : json.items()) {
    if (name.ends_with("_in_s"))
      countdowns.push_back(name);
    else
      drop_countdowns(value);
  }
  for (const std::string& name : countdowns) json.erase(name);
}

// What stays the same while nothing but time passes.
std::string still(ordered_json json) {
  drop_countdowns(json);
  return text_of(json);
}

// The ages of those under way grow by themselves.
std::string still_live(ordered_json live) {
  for (ordered_json& one : live) one.erase("total_ms");
  return text_of(live);
}

std::string_view name_of(log::Level level) {
  if (level == log::Level::error) return "error";
  return level == log::Level::warn ? "warn" : "info";
}

ordered_json log_json(const log::Kept& kept) {
  ordered_json json;
  json["seq"] = kept.number;
  json["at"] = format_utc(kept.at);
  json["level"] = name_of(kept.level);
  json["event"] = kept.event;
  json["fields"] = ordered_json::parse(kept.fields, nullptr, false);
  return json;
}

}  // namespace

StatusFeed::StatusFeed(const store::Store& store, std::atomic<int>& readers)
    : store_(store), readers_(readers) {}

StatusFeed::~StatusFeed() {
  --readers_;
}

std::string StatusFeed::next(const gateway::AdminContext& context, Instant now) {
  if (!std::exchange(has_begun_, true)) return first(context, now);
  std::string text;
  const ordered_json changes = delta(context, now);
  if (!changes.empty()) {
    ordered_json whole{{"as_of", format_utc(now.wall)}};
    whole.update(changes);
    text = event("delta", whole);
  }
  text += news();
  if (text.empty() && now.boot - spoke_at_ >= kSilence) text = ": \n\n";
  if (!text.empty()) spoke_at_ = now.boot;
  return text;
}

std::string StatusFeed::end() {
  return "event: end\ndata: {}\n\n";
}

std::string StatusFeed::first(const gateway::AdminContext& context, Instant now) {
  seen_requests_ = context.telemetry.ended().written();
  seen_steps_ = context.history.steps();
  spoke_at_ = now.boot;
  ordered_json status = status_json(context, store_.health(), now);
  remember(status);
  status["requests"] = ordered_json::array();
  for (const auto& record : context.telemetry.ended().last(kFirstRequests))
    status["requests"].push_back(ended_json(record));
  status["events"] = ordered_json::array();
  const std::vector<log::Kept> kept = log::kept_since(0);
  const std::size_t skipped = kept.size() > kFirstEvents ? kept.size() - kFirstEvents : 0;
  for (std::size_t i = skipped; i < kept.size(); ++i) status["events"].push_back(log_json(kept[i]));
  if (!kept.empty()) seen_log_ = kept.back().number;
  return event("snapshot", status);
}

void StatusFeed::remember(const ordered_json& status) {
  for (const char* const name : kPlain) sent_[name] = text_of(status[name]);
  sent_["live"] = still_live(status["live"]);
  for (const ordered_json& card : status["cards"]) sent_cards_[key_of(card)] = still(card);
}

void StatusFeed::add_changed(const char* name, const ordered_json& value, ordered_json& delta) {
  std::string text = text_of(value);
  std::string& sent = sent_[name];
  if (sent == text) return;
  sent = std::move(text);
  delta[name] = value;
}

ordered_json StatusFeed::delta(const gateway::AdminContext& context, Instant now) {
  const std::vector<Card> cards = cards_of(context.catalogue, now);
  const std::size_t in_flight = context.telemetry.in_flight();
  const Outlook outlook = outlook_of(cards, context.draining, in_flight, now);
  ordered_json delta = ordered_json::object();
  add_changed("state", outlook.state, delta);
  add_changed("sentence", outlook.sentence, delta);
  add_changed("store", health_json(store_.health()), delta);
  add_changed("in_flight", in_flight, delta);
  add_changed("waiting", context.waiting, delta);
  add_changed("totals", totals_json(context.telemetry), delta);
  ordered_json all = ordered_json::array();
  for (const Card& card : cards) all.push_back(card_json(card, now));
  add_cards(std::move(all), delta);
  ordered_json live = all_live_json(context.telemetry, now);
  if (std::string text = still_live(live); text != sent_["live"]) {
    sent_["live"] = std::move(text);
    delta["live"] = std::move(live);
  }
  const std::uint64_t ended = context.telemetry.ended().written();
  if (ended != seen_requests_) {
    auto records = context.telemetry.ended().last(kMostRequests, seen_requests_);
    std::ranges::reverse(records);
    delta["requests"] = ordered_json::array();
    for (const auto& record : records) delta["requests"].push_back(ended_json(record));
    seen_requests_ = ended;
  }
  if (const std::uint64_t steps = context.history.steps(); steps != seen_steps_) {
    const bool day_too =
        steps / telemetry::History::kFineInCoarse != seen_steps_ / telemetry::History::kFineInCoarse;
    delta["series"]["15m"] = series_json(context.history.recent());
    if (day_too) delta["series"]["24h"] = series_json(context.history.day());
    seen_steps_ = steps;
  }
  return delta;
}

void StatusFeed::add_cards(ordered_json&& cards, ordered_json& delta) {
  std::map<std::string, std::string> now;
  ordered_json changed = ordered_json::array();
  for (const ordered_json& card : cards) {
    const std::string key = key_of(card);
    std::string& text = now[key] = still(card);
    const auto sent = sent_cards_.find(key);
    if (sent == sent_cards_.end() || sent->second != text) changed.push_back(card);
  }
  const bool same_keys = std::ranges::equal(
      now, sent_cards_, {}, [](const auto& one) { return one.first; },
      [](const auto& one) { return one.first; });
  sent_cards_ = std::move(now);
  if (!same_keys) {
    delta["gone"] = true;
    delta["cards"] = std::move(cards);
  } else if (!changed.empty()) {
    delta["cards"] = std::move(changed);
  }
}

std::string StatusFeed::news() {
  if (log::last_kept() == seen_log_) return {};
  std::string text;
  for (const log::Kept& kept : log::kept_since(seen_log_)) {
    text += event("event", log_json(kept));
    seen_log_ = kept.number;
  }
  return text;
}

}  // namespace weir::admin
