#include "weir/providers/signals.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "providers/header_windows.hpp"
#include "providers/refusal_wait.hpp"
#include "providers/value_formats.hpp"
#include "weir/base/text.hpp"

namespace weir::providers {
namespace {

// The moment from which an answer's absolute times count: its own clock where it shows one.
WallTime answer_time(const http::Fields& fields, WallTime now) {
  return parse_http_date(fields.get("date")).value_or(now);
}

std::optional<std::uint64_t> as_count(std::optional<double> value) {
  if (!value || *value < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*value);
}

// Whether the tables say that such a window is the calendar's.
bool is_calendars(const Signals& signals, Span span) {
  const WaitDefault* const known = wait_default(signals, span);
  if (known == nullptr) return false;
  return (known->rule == WaitRule::next_midnight_utc && span.unit == Span::Unit::day) ||
         (known->rule == WaitRule::next_month_utc && span.unit == Span::Unit::month);
}

}  // namespace

std::optional<Duration> retry_after(const http::Fields& fields, WallTime now) {
  // Milliseconds from the zero of time are milliseconds.
  if (const auto wait = parse_wait(fields.get("retry-after-ms"), ValueFormat::unix_ms, WallTime{}))
    return wait;
  if (const auto wait = parse_wait(fields.get("x-ms-retry-after-ms"), ValueFormat::unix_ms, WallTime{}))
    return wait;
  const std::string_view value = fields.get("retry-after");
  if (const auto wait = parse_wait(value, ValueFormat::seconds, now)) return wait;
  if (const auto wait = parse_wait(value, ValueFormat::go_duration, now)) return wait;
  const auto at = parse_http_date(value);
  if (!at) return std::nullopt;
  const Duration wait = *at - answer_time(fields, now);
  if (wait < Duration::zero() || wait > kLongestWait) return std::nullopt;
  return wait;
}

std::vector<quota::Observation> observations(const Signals& signals, const http::Fields& fields,
                                             WallTime now) {
  WindowList list;
  read_head(signals, fields, answer_time(fields, now), list);
  std::vector<quota::Observation> all;
  all.reserve(list.all().size());
  for (const Window& window : list.all()) {
    const auto dimension = dimension_of(window.name.counted);
    const auto period = period_of(window.name.span);
    if (!dimension || !period) continue;
    all.push_back({.dimension = *dimension,
                   .period = *period,
                   .limit = as_count(window.limit),
                   .remaining = as_count(window.remaining),
                   .reset = window.reset,
                   .by_calendar = is_calendars(signals, window.name.span)});
  }
  return all;
}

std::optional<std::uint64_t> told_cost(const Signals& signals, const http::Fields& fields) {
  if (signals.cost_header.empty()) return std::nullopt;
  const auto cost = parse_count_value(trim(fields.get(signals.cost_header)));
  return cost && *cost > 0 ? cost : std::nullopt;
}

std::vector<Window> windows(const Signals& signals, const http::Fields& fields, WallTime now) {
  WindowList list;
  read_head(signals, fields, answer_time(fields, now), list);
  return {list.all().begin(), list.all().end()};
}

std::string_view name(RetryHere retry) noexcept {
  constexpr std::array<std::string_view, 8> kNames{"n/a",
                                                   "after_wait",
                                                   "backoff",
                                                   "after_transform",
                                                   "after_long_cooldown",
                                                   "immediately_with_lower_parallelism",
                                                   "only_if_nothing_was_sent",
                                                   "never"};
  return kNames[static_cast<std::size_t>(retry)];
}

}  // namespace weir::providers
