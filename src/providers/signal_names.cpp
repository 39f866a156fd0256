#include <algorithm>
#include <array>

#include "weir/providers/signal_tables.hpp"

namespace weir::providers {

std::string_view name(Counted counted) noexcept {
  constexpr std::array<std::string_view, 14> kNames{"unknown",
                                                    "requests",
                                                    "tokens",
                                                    "input_tokens",
                                                    "output_tokens",
                                                    "concurrent_requests",
                                                    "calls",
                                                    "prompt_tokens",
                                                    "generated_tokens",
                                                    "cache_adjusted_prompt_tokens",
                                                    "audio_seconds",
                                                    "neurons",
                                                    "credits_usd",
                                                    "usage"};
  return kNames[static_cast<std::size_t>(counted)];
}

std::string_view name(AnswerClass answer_class) noexcept {
  constexpr std::array<std::string_view, 18> kNames{"ok",
                                                    "rate_limited",
                                                    "quota_exhausted",
                                                    "request_too_large",
                                                    "context_too_long",
                                                    "not_on_plan",
                                                    "concurrency",
                                                    "upstream_rate_limited",
                                                    "capacity",
                                                    "payment_required",
                                                    "auth",
                                                    "auth_or_quota_ambiguous",
                                                    "auth_or_client_blocked",
                                                    "client_blocked",
                                                    "model_unavailable",
                                                    "provider_gone",
                                                    "invalid_request",
                                                    "server_error"};
  return kNames[static_cast<std::size_t>(answer_class)];
}

std::string_view name(WaitRule rule) noexcept {
  constexpr std::array<std::string_view, 8> kNames{"none",
                                                   "seconds",
                                                   "at_time",
                                                   "next_minute_boundary",
                                                   "next_midnight_utc",
                                                   "next_midnight_pacific",
                                                   "next_month_utc",
                                                   "ladder"};
  return kNames[static_cast<std::size_t>(rule)];
}

Duration length_of(Span span) noexcept {
  switch (span.unit) {
    case Span::Unit::unknown:
    case Span::Unit::none:
      return Duration::zero();
    case Span::Unit::seconds:
      return std::chrono::seconds(span.count);
    case Span::Unit::second:
      return std::chrono::seconds(1);
    case Span::Unit::minute:
      return std::chrono::minutes(1);
    case Span::Unit::hour:
      return std::chrono::hours(1);
    case Span::Unit::session:
      return std::chrono::hours(5);
    case Span::Unit::day:
      return quota::kDay;
    case Span::Unit::week:
      return 7 * quota::kDay;
    case Span::Unit::month:
      return quota::kMonthPeriod.length;
  }
  return Duration::zero();
}

std::optional<quota::Period> period_of(Span span) noexcept {
  if (span.unit == Span::Unit::day) return quota::kDayPeriod;
  if (span.unit == Span::Unit::month) return quota::kMonthPeriod;
  const Duration length = length_of(span);
  if (length <= Duration::zero()) return std::nullopt;
  if (length == quota::kDay) return quota::kDayPeriod;
  return quota::Period{quota::Period::Unit::span, length};
}

std::optional<quota::Dimension> dimension_of(Counted counted) noexcept {
  switch (counted) {
    case Counted::requests:
    case Counted::calls:
      return quota::Dimension::requests;
    case Counted::tokens:
      return quota::Dimension::tokens;
    case Counted::input_tokens:
    case Counted::prompt_tokens:
      return quota::Dimension::input_tokens;
    case Counted::output_tokens:
    case Counted::generated_tokens:
      return quota::Dimension::output_tokens;
    case Counted::concurrent_requests:
      return quota::Dimension::in_flight;
    case Counted::unknown:
    case Counted::cache_adjusted_prompt_tokens:
    case Counted::audio_seconds:
    case Counted::neurons:
    case Counted::credits_usd:
    case Counted::usage:
      return std::nullopt;
  }
  return std::nullopt;
}

const Signals* find_signals(std::string_view name) noexcept {
  for (const Signals& signals : builtin_signals())
    if (signals.name == name || std::ranges::find(signals.also_called, name) != signals.also_called.end())
      return &signals;
  return nullptr;
}

}  // namespace weir::providers
