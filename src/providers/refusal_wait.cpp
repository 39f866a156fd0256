#include "providers/refusal_wait.hpp"

#include <algorithm>
#include <chrono>

#include "providers/value_formats.hpp"
#include "weir/base/time_zone.hpp"

namespace weir::providers {
namespace {

constexpr Duration kMinute = std::chrono::minutes(1);

std::optional<Duration> longer(std::optional<Duration> a, std::optional<Duration> b) {
  if (!a || !b) return a ? a : b;
  return std::max(*a, *b);
}

constexpr Duration kLongestDay = std::chrono::hours(25);  // clocks are set back
constexpr Duration kLongestMonth = std::chrono::days(31);

// What a provider says, but no more than what was refused can justify: it may err, or lie, and a cooldown is
// kept over restarts. A window of hours or less is often only the likeliest one, so that a day is believed of
// any; a body that speaks of quota may mean a month's.
Duration believed(Duration wait, const Refused& refused, Duration otherwise) {
  return std::min(wait,
                  refused.violated ? std::max(otherwise, length_of(refused.violated->span)) : otherwise);
}

// The end of the civil day or month that holds this moment.
WallTime calendar_end(WaitRule rule, WallTime now) {
  if (rule == WaitRule::next_month_utc) return TimeZone::utc().month_of(now).end;
  if (rule == WaitRule::next_midnight_utc) return TimeZone::utc().day_of(now).end;
  if (rule == WaitRule::next_midnight_pacific) {
    const auto pacific = TimeZone::find("America/Los_Angeles");
    return pacific ? pacific->day_of(now).end : now + quota::kDay;
  }
  return std::chrono::floor<std::chrono::minutes>(now) + kMinute;
}

Waiting by_calendar(WaitRule rule, WallTime now) {
  if (rule == WaitRule::ladder || rule == WaitRule::none) return {.rule = rule};
  return {.rule = rule, .wait = calendar_end(rule, now) - now};
}

// The reset that surely belongs to what was refused.
std::optional<Waiting> by_reset(const Refused& refused, WallTime now) {
  if (refused.window == nullptr) return std::nullopt;
  if (const auto at = refused.window->reset_at) {
    Waiting waiting{.rule = WaitRule::at_time, .until = at};
    if (*at >= now && *at - now <= kLongestWait) waiting.wait = believed(*at - now, refused, kLongestDay);
    return waiting;
  }
  const bool is_short = !refused.violated || (length_of(refused.violated->span) <= kMinute &&
                                              length_of(refused.violated->span) > Duration::zero());
  if (!refused.window->reset || !is_short || refused.is_named_by_words) return std::nullopt;
  return Waiting{.rule = WaitRule::seconds, .wait = refused.window->reset};
}

bool may_wait(AnswerClass answer_class) {
  switch (answer_class) {
    case AnswerClass::rate_limited:
    case AnswerClass::quota_exhausted:
    case AnswerClass::concurrency:
    case AnswerClass::upstream_rate_limited:
    case AnswerClass::capacity:
    case AnswerClass::server_error:
    case AnswerClass::auth_or_quota_ambiguous:
    case AnswerClass::auth_or_client_blocked:
      return true;
    default:
      return false;
  }
}

}  // namespace

WaitHint read_wait_hint(const wire::ErrorFacts& facts, const RefusalProse& prose, const http::Fields& fields,
                        WallTime now) {
  WaitHint hint;
  if (const auto delay = parse_go_duration(facts.quota_reset_delay)) {
    hint.wait = delay;
    hint.is_quota_reset = true;
    return hint;
  }
  const auto header = retry_after(fields, now);
  hint.is_header = header.has_value();
  auto body = parse_wait(facts.retry_after_ms, ValueFormat::unix_ms, WallTime{});
  if (!body) body = parse_wait(facts.retry_after, ValueFormat::seconds, now);
  const auto delay = parse_go_duration(facts.retry_delay);
  // Google cuts its delay to whole seconds, and only its words have the rest.
  if (delay && prose.wait && *prose.wait > *delay && *prose.wait - *delay < std::chrono::seconds(1)) {
    hint.exact = prose.wait;
    hint.wait = longer(std::chrono::ceil<std::chrono::seconds>(*prose.wait), longer(header, body));
    return hint;
  }
  // Milliseconds are exact; the whole seconds beside them are rounded up.
  const bool is_exact = !fields.get("retry-after-ms").empty() || !fields.get("x-ms-retry-after-ms").empty();
  hint.wait = header && is_exact ? header : longer(longer(header, body), longer(delay, prose.wait));
  if (!hint.wait) hint.until = prose.until;
  // A date without a clock to hold it against is a moment.
  if (header && fields.get("date").empty() && !prose.wait && !body && !delay)
    hint.until = parse_http_date(fields.get("retry-after"));
  return hint;
}

const WaitDefault* wait_default(const Signals& signals, Span span) {
  const auto found = std::ranges::find(signals.waits, span, &WaitDefault::span);
  return found == signals.waits.end() ? nullptr : &*found;
}

Waiting waiting_of(const Signals& signals, const Refused& refused, const WaitHint& hint,
                   const SignalRule* rule, WallTime now) {
  if (!may_wait(refused.answer_class)) return {};
  const bool is_quota = refused.answer_class == AnswerClass::rate_limited ||
                        refused.answer_class == AnswerClass::quota_exhausted;
  const WaitDefault* known = is_quota && !refused.is_upstreams
                                 ? wait_default(signals, refused.violated ? refused.violated->span : Span{})
                                 : nullptr;
  if (known != nullptr && known->over_hints) return by_calendar(known->rule, now);
  const Duration longest = hint.is_header ? kLongestDay : kLongestMonth;
  if (hint.until) {
    Waiting waiting{.rule = WaitRule::at_time, .until = hint.until};
    if (*hint.until >= now && *hint.until - now <= kLongestWait)
      waiting.wait = believed(*hint.until - now, refused, longest);
    return waiting;
  }
  if (hint.wait) {
    const bool at_most = is_quota && hint.is_header && signals.retry_after == RetryAfter::at_most;
    return {.rule = WaitRule::seconds, .wait = believed(*hint.wait, refused, longest), .at_most = at_most};
  }
  if (is_quota)
    if (const auto waiting = by_reset(refused, now)) return *waiting;
  if (refused.is_midway) return {};
  if (rule != nullptr && rule->wait >= Duration::zero())
    return {.rule = WaitRule::seconds, .wait = rule->wait};
  if (refused.answer_class == AnswerClass::concurrency)
    return {.rule = WaitRule::seconds, .wait = std::chrono::seconds(1)};
  // Of several short windows nobody knows which one refused.
  const bool is_sure = refused.is_named_by_words || refused.spent_windows <= 1;
  if (known != nullptr && is_sure) return by_calendar(known->rule, now);
  const bool is_month = refused.violated && refused.violated->span.unit == Span::Unit::month;
  return by_calendar(is_quota && is_month ? WaitRule::next_month_utc : WaitRule::ladder, now);
}

}  // namespace weir::providers
