#include "weir/quota/limit.hpp"

#include <algorithm>
#include <array>

#include "weir/base/units.hpp"

namespace weir::quota {
namespace {

constexpr std::array kShortNames{
    ShortName{"rps", Dimension::requests, kSecondPeriod},
    ShortName{"rpm", Dimension::requests, kMinutePeriod},
    ShortName{"rph", Dimension::requests, kHourPeriod},
    ShortName{"rpd", Dimension::requests, kDayPeriod},
    ShortName{"rpmo", Dimension::requests, kMonthPeriod},
    ShortName{"tpm", Dimension::tokens, kMinutePeriod},
    ShortName{"tph", Dimension::tokens, kHourPeriod},
    ShortName{"tpd", Dimension::tokens, kDayPeriod},
    ShortName{"tpmo", Dimension::tokens, kMonthPeriod},
    ShortName{"itpm", Dimension::input_tokens, kMinutePeriod},
    ShortName{"otpm", Dimension::output_tokens, kMinutePeriod},
};

constexpr std::string_view kZoneReason =
    "this time zone is not known here; a sliding window of the longest such day or month never allows more";
constexpr std::string_view kMonthReason = "a month that slides is one of 31 days, the longest";
constexpr std::string_view kIntervalReason =
    "an interval is kept between requests only; a sliding window of the whole period counts the rest";

// The day on which daylight saving ends is that much longer.
constexpr Duration kLongestDayExtra = std::chrono::hours(1);

EngineWindow sliding(Duration length, std::string_view reason) noexcept {
  return {.kind = WindowKind::sliding, .length = length, .exact = reason.empty(), .reason = reason};
}

EngineWindow aligned(const Period& period) {
  if (period.unit == Period::Unit::month)
    return {.kind = WindowKind::calendar, .length = period.length, .zone = TimeZone::utc()};
  return {.kind = WindowKind::fixed, .length = period.length};
}

EngineWindow calendar(const Limit& limit) {
  // The configuration has refused a zone that doesn't exist, but its file may be gone since.
  const auto zone = TimeZone::find(limit.zone);
  if (!zone) return sliding(limit.period.length + kLongestDayExtra, kZoneReason);
  // A day in UTC is a fixed window of 24 hours, however it is written.
  const bool is_utc = zone->name() == TimeZone::utc().name();
  if (is_utc || limit.period.unit == Period::Unit::span) return aligned(limit.period);
  return {.kind = WindowKind::calendar, .length = limit.period.length, .zone = *zone};
}

EngineWindow interval(const Limit& limit) noexcept {
  if (limit.dimension != Dimension::requests) return sliding(limit.period.length, kIntervalReason);
  return {.kind = WindowKind::interval, .length = limit.period.length};
}

}  // namespace

std::string_view name(Dimension dimension) noexcept {
  switch (dimension) {
    case Dimension::requests:
      return "requests";
    case Dimension::tokens:
      return "tokens";
    case Dimension::input_tokens:
      return "input_tokens";
    case Dimension::output_tokens:
      return "output_tokens";
    case Dimension::in_flight:
      return "in_flight";
  }
  return "";
}

std::string_view name(WindowKind window) noexcept {
  switch (window) {
    case WindowKind::sliding:
      return "sliding";
    case WindowKind::fixed:
      return "fixed";
    case WindowKind::first_use:
      return "first_use";
    case WindowKind::calendar:
      return "calendar";
    case WindowKind::refill:
      return "refill";
    case WindowKind::interval:
      return "interval";
    case WindowKind::credit:
      return "credit";
    case WindowKind::concurrency:
      return "concurrency";
  }
  return "";
}

std::string_view name(Source source) noexcept {
  switch (source) {
    case Source::preset:
      return "preset";
    case Source::config:
      return "config";
    case Source::header:
      return "header";
    case Source::body:
      return "body";
    case Source::inferred:
      return "inferred";
  }
  return "";
}

std::span<const ShortName> short_names() noexcept {
  return kShortNames;
}

std::string short_name(const Limit& limit) {
  if (limit.window == WindowKind::concurrency || limit.dimension == Dimension::in_flight)
    return "concurrency";
  const std::string dimension(name(limit.dimension));
  if (limit.window == WindowKind::credit) return dimension + " credit";
  const auto* const known = std::ranges::find_if(kShortNames, [&limit](const ShortName& row) {
    return row.dimension == limit.dimension && row.period.length == limit.period.length;
  });
  if (known != kShortNames.end()) return std::string(known->name);
  switch (limit.period.unit) {
    case Period::Unit::day:
      return dimension + " per day";
    case Period::Unit::month:
      return dimension + " per month";
    case Period::Unit::span:
      break;
  }
  return dimension + " per " + format_duration(limit.period.length);
}

EngineWindow engine_window(const Limit& limit) {
  if (limit.dimension == Dimension::in_flight) return {.kind = WindowKind::concurrency};
  const Duration length = limit.period.length;
  switch (limit.window) {
    case WindowKind::sliding: {
      const bool month = limit.period.unit == Period::Unit::month;
      return sliding(length, month ? kMonthReason : std::string_view());
    }
    case WindowKind::fixed:
      return aligned(limit.period);
    case WindowKind::first_use:
      return {.kind = WindowKind::first_use, .length = length};
    case WindowKind::calendar:
      return calendar(limit);
    case WindowKind::refill:
      return {.kind = WindowKind::refill, .length = length};
    case WindowKind::interval:
      return interval(limit);
    case WindowKind::credit:
      return {.kind = WindowKind::credit};
    case WindowKind::concurrency:
      return {.kind = WindowKind::concurrency};
  }
  return sliding(length, {});
}

}  // namespace weir::quota
