#include "admin/request_report.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "admin/json_words.hpp"
#include "weir/base/units.hpp"
#include "weir/http/target.hpp"
#include "weir/wire/names.hpp"

namespace weir::admin {
namespace {

using nlohmann::ordered_json;
using telemetry::RequestRecord;

constexpr std::size_t kUsualLimit = 100;
constexpr std::size_t kMostLive = 100;
constexpr std::size_t kLongestName = 200;

ordered_json attempts_json(const std::vector<telemetry::AttemptRecord>& attempts) {
  ordered_json all = ordered_json::array();
  for (const telemetry::AttemptRecord& attempt : attempts) {
    ordered_json& one = all.emplace_back();
    one["target"] = attempt.target;
    one["key"] = attempt.key;
    one["outcome"] = attempt.outcome;
    one["class"] = telemetry::name(attempt.what);
    one["ms"] = milliseconds(attempt.took);
  }
  return all;
}

template <class T>
ordered_json value_or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json time_or_null(Duration duration) {
  return duration > Duration::zero() ? ordered_json(milliseconds(duration)) : ordered_json(nullptr);
}

enum class Wanted : std::uint8_t { all, live, done, ok, failed };

std::optional<Wanted> wanted_by(std::string_view word) {
  constexpr std::array<std::string_view, 5> kWords{"all", "live", "done", "ok", "failed"};
  const auto* const found = std::ranges::find(kWords, word);
  if (found == kWords.end()) return std::nullopt;
  return static_cast<Wanted>(found - kWords.begin());
}

bool is_wanted(Wanted wanted, const RequestRecord& record) {
  switch (wanted) {
    case Wanted::ok:
      return record.is_good();
    case Wanted::failed:
      return !record.is_good();
    case Wanted::live:
      return false;
    case Wanted::all:
    case Wanted::done:
      break;
  }
  return true;
}

}  // namespace

ordered_json ended_json(const RequestRecord& record) {
  ordered_json json;
  json["id"] = record.request_id;
  json["at"] = format_utc(record.at);
  json["state"] = "done";
  json["ok"] = record.is_good();
  json["model"] = word_or_null(record.model);
  json["served_by"] = word_or_null(record.served_by);
  json["key"] = word_or_null(record.key);
  json["attempts"] = attempts_json(record.attempts);
  json["queue_ms"] = milliseconds(record.queued);
  json["ttfb_ms"] = time_or_null(record.first_byte);
  json["total_ms"] = milliseconds(record.took);
  const bool has_estimate = record.estimated_tokens > 0;
  json["tokens"] = {
      {"estimated", has_estimate ? ordered_json(record.estimated_tokens) : ordered_json(nullptr)},
      {"prompt", value_or_null(record.prompt_tokens)},
      {"completion", value_or_null(record.completion_tokens)}};
  json["status"] = record.status == 0 ? ordered_json(nullptr) : ordered_json(record.status);
  json["error"] = word_or_null(record.error);
  json["stream"] = record.stream;
  json["client"] = word_or_null(record.client);
  json["priority"] = word_or_null(record.priority);
  return json;
}

ordered_json live_json(const telemetry::LiveView& view) {
  ordered_json json;
  json["id"] = view.request_id.substr(0, kLongestName);
  json["at"] = format_utc(view.at);
  json["state"] = telemetry::name(view.state);
  json["ok"] = nullptr;
  json["model"] = word_or_null(std::string_view(view.model).substr(0, kLongestName));
  json["served_by"] = word_or_null(view.target);
  json["key"] = word_or_null(view.key);
  json["attempts"] = attempts_json(view.attempts);
  json["queue_ms"] = milliseconds(view.queued);
  json["ttfb_ms"] = time_or_null(view.first_byte);
  json["total_ms"] = milliseconds(view.age);
  const bool has_estimate = view.estimated_tokens > 0;
  json["tokens"] = {{"estimated", has_estimate ? ordered_json(view.estimated_tokens) : ordered_json(nullptr)},
                    {"prompt", nullptr},
                    {"completion", nullptr}};
  json["status"] = nullptr;
  json["error"] = nullptr;
  json["stream"] = view.stream;
  json["client"] = word_or_null(view.client);
  json["priority"] = word_or_null(view.priority);
  return json;
}

ordered_json all_live_json(const telemetry::Telemetry& telemetry, Instant now) {
  ordered_json all = ordered_json::array();
  for (const telemetry::LiveView& view : telemetry.under_way(now)) {
    if (all.size() == kMostLive) break;
    all.push_back(live_json(view));
  }
  return all;
}

Result<std::string> request_list(const telemetry::Telemetry& telemetry, std::string_view target,
                                 Instant now) {
  std::size_t limit = kUsualLimit;
  if (const auto asked = http::query_value(target, "limit")) {
    const auto count = wire::whole_number(*asked);
    if (!count || *count == 0 || *count > telemetry::kKeptRequests)
      return Error{ErrorKind::invalid_request,
                   "limit must be a number from 1 to " + std::to_string(telemetry::kKeptRequests)};
    limit = *count;
  }
  const auto wanted = wanted_by(http::query_value(target, "state").value_or("all"));
  if (!wanted) return Error{ErrorKind::invalid_request, "state must be all, live, done, ok or failed"};
  ordered_json json;
  json["as_of"] = format_utc(now.wall);
  json["kept"] = telemetry::kKeptRequests;
  json["requests"] = ordered_json::array();
  if (*wanted == Wanted::all || *wanted == Wanted::live) {
    auto views = telemetry.under_way(now);
    std::ranges::reverse(views);
    for (const telemetry::LiveView& view : views)
      if (json["requests"].size() < limit) json["requests"].push_back(live_json(view));
  }
  const auto chosen = [&](const RequestRecord& record) { return is_wanted(*wanted, record); };
  for (const RequestRecord& record : telemetry.ended().last(limit - json["requests"].size(), 0, chosen))
    json["requests"].push_back(ended_json(record));
  return text_of(json);
}

Result<std::string> request_by_id(const telemetry::Telemetry& telemetry, std::string_view id, Instant now) {
  const auto live = telemetry.under_way(now);
  const auto newest = std::ranges::find(live.rbegin(), live.rend(), id, &telemetry::LiveView::request_id);
  if (newest != live.rend()) return text_of(live_json(*newest));
  const auto is_it = [&](const RequestRecord& record) { return record.request_id == id; };
  const auto found = telemetry.ended().last(1, 0, is_it);
  if (!found.empty()) return text_of(ended_json(found.front()));
  return Error{ErrorKind::model_not_found, "no request \"" + std::string(id.substr(0, kLongestName)) +
                                               "\" is under way or among the last " +
                                               std::to_string(telemetry::kKeptRequests)};
}

}  // namespace weir::admin
