#include "admin/status_report.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <utility>

#include "admin/counting_report.hpp"
#include "admin/json_words.hpp"
#include "admin/request_report.hpp"
#include "weir/base/units.hpp"
#include "weir/base/version.hpp"

namespace weir::admin {

using nlohmann::ordered_json;

namespace {

// Below 10 ms to a tenth: what is fast is no zero.
ordered_json ms_or_null(double ms) {
  if (ms < 0) return nullptr;
  constexpr double kFast = 10;
  return ms < kFast ? ordered_json(std::max(std::round(10 * ms) / 10, 0.1)) : ordered_json(std::llround(ms));
}

}  // namespace

ordered_json totals_json(const telemetry::Telemetry& telemetry) {
  const auto sums = std::make_unique<telemetry::GeneralCounters>();  // too large for a stack
  telemetry.add_up(*sums);
  ordered_json json;
  json["requests"] = sums->chats.value();
  json["ok"] = sums->good.value();
  json["failed"] = sums->failed.value();
  json["cancelled"] = sums->cancelled.value();
  json["attempts"] = sums->attempts.value();
  json["refused_by_providers"] = sums->refused_by_providers.value();
  json["failovers"] = sums->failovers.value();
  json["prompt_tokens"] = sums->prompt_tokens.value();
  json["completion_tokens"] = sums->completion_tokens.value();
  return json;
}

ordered_json series_json(const telemetry::Series& series) {
  const auto column = [&](auto value_of) {
    ordered_json all = ordered_json::array();
    for (const telemetry::Point& point : series.points) all.push_back(value_of(point));
    return all;
  };
  using telemetry::Point;
  ordered_json json;
  json["step_s"] = std::chrono::duration_cast<std::chrono::seconds>(series.step).count();
  json["end"] = format_utc(std::chrono::round<std::chrono::milliseconds>(series.end));
  json["requests"] = column([](const Point& point) { return point.requests; });
  json["errors"] = column([](const Point& point) { return point.errors; });
  json["ttfb_p50_ms"] = column([](const Point& point) { return ms_or_null(point.ttfb_p50_ms); });
  json["ttfb_p95_ms"] = column([](const Point& point) { return ms_or_null(point.ttfb_p95_ms); });
  json["plain_p50_ms"] = column([](const Point& point) { return ms_or_null(point.plain_p50_ms); });
  json["plain_p95_ms"] = column([](const Point& point) { return ms_or_null(point.plain_p95_ms); });
  json["prompt_tokens"] = column([](const Point& point) { return point.prompt_tokens; });
  json["completion_tokens"] = column([](const Point& point) { return point.completion_tokens; });
  return json;
}

ordered_json health_json(const store::Health& health) {
  return {{"degraded", health.degraded}, {"reason", word_or_null(health.reason)}};
}

ordered_json status_json(const gateway::AdminContext& context, const store::Health& health, Instant now) {
  const std::vector<Card> cards = cards_of(context.catalogue, now);
  const std::size_t in_flight = context.telemetry.in_flight();
  const Outlook outlook = outlook_of(cards, context.draining, in_flight, now);
  ordered_json json;
  json["as_of"] = format_utc(now.wall);
  json["state"] = outlook.state;
  json["sentence"] = outlook.sentence;
  json["version"] = version();
  json["started_at"] = format_utc(context.started);
  json["uptime_s"] = std::chrono::duration_cast<std::chrono::seconds>(now.wall - context.started).count();
  json["store"] = health_json(health);
  json["in_flight"] = in_flight;
  json["waiting"] = context.waiting;
  json["cards"] = ordered_json::array();
  for (const Card& card : cards) json["cards"].push_back(card_json(card, now));
  json["counting"] = countings_json(context.catalogue);
  json["live"] = all_live_json(context.telemetry, now);
  json["totals"] = totals_json(context.telemetry);
  json["series"] = {{"15m", series_json(context.history.recent())},
                    {"24h", series_json(context.history.day())}};
  return json;
}

}  // namespace weir::admin
