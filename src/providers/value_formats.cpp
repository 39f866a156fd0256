#include "providers/value_formats.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include "weir/providers/signals.hpp"

namespace weir::providers {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::uint64_t kMaxCount = 1'000'000'000'000'000;  // 10^15
// Moments are believed from 1970 to 2200, well inside what nanoseconds in 64 bits can hold.
constexpr std::uint64_t kMaxEpochSeconds = 7'258'118'400;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// How many digits text begins with.
std::size_t count_digits(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
}

std::optional<std::uint64_t> parse_digits(std::string_view text) {
  std::uint64_t value = 0;
  if (text.empty() || count_digits(text) != text.size()) return std::nullopt;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "11.382867097854614" as whole and fraction, so that the whole part loses nothing to a double.
struct Decimal {
  std::uint64_t whole = 0;
  double fraction = 0;
  std::size_t size = 0;  // bytes read
};

// The decimal that text begins with; at least one digit on either side of the point.
std::optional<Decimal> read_decimal(std::string_view text) {
  Decimal decimal;
  const std::size_t whole_digits = count_digits(text);
  if (whole_digits > 0) {
    const auto whole = parse_digits(text.substr(0, whole_digits));
    if (!whole) return std::nullopt;
    decimal.whole = *whole;
  }
  decimal.size = whole_digits;
  std::size_t fraction_digits = 0;
  if (decimal.size < text.size() && text[decimal.size] == '.') {
    fraction_digits = count_digits(text.substr(decimal.size + 1));
    double place = 1;
    for (std::size_t i = 0; i < std::min<std::size_t>(fraction_digits, 18); ++i) {
      place /= 10;
      decimal.fraction += (text[decimal.size + 1 + i] - '0') * place;
    }
    decimal.size += 1 + fraction_digits;
  }
  if (whole_digits + fraction_digits == 0) return std::nullopt;
  return decimal;
}

// The decimal times a unit; nothing where that is over kLongestWait.
std::optional<Duration> times(const Decimal& decimal, Duration unit) {
  if (decimal.whole > static_cast<std::uint64_t>(kLongestWait / unit)) return std::nullopt;
  return static_cast<std::int64_t>(decimal.whole) * unit +
         Duration(std::llround(decimal.fraction * static_cast<double>(unit.count())));
}

std::optional<Duration> believed(std::optional<Duration> wait) {
  if (!wait || *wait < Duration::zero() || *wait > kLongestWait) return std::nullopt;
  return wait;
}

std::optional<Duration> parse_seconds(std::string_view text) {
  const auto decimal = read_decimal(text);
  if (!decimal || decimal->size != text.size()) return std::nullopt;
  return times(*decimal, seconds(1));
}

std::optional<WallTime> parse_epoch(std::string_view text, Duration unit) {
  const auto decimal = read_decimal(text);
  if (!decimal || decimal->size != text.size()) return std::nullopt;
  if (decimal->whole > kMaxEpochSeconds * static_cast<std::uint64_t>(seconds(1) / unit)) return std::nullopt;
  const Duration since_epoch = static_cast<std::int64_t>(decimal->whole) * unit +
                               Duration(std::llround(decimal->fraction * static_cast<double>(unit.count())));
  return WallTime(since_epoch);
}

struct Unit {
  std::string_view name;
  Duration length;
};
// Longer names first: "ms" is not minutes.
constexpr std::array kGoUnits{
    Unit{"ns", nanoseconds(1)},
    Unit{"us", microseconds(1)},
    Unit{"\xC2\xB5s", microseconds(1)},  // micro sign
    Unit{"\xCE\xBCs", microseconds(1)},  // Greek mu
    Unit{"ms", milliseconds(1)},
    Unit{"s", seconds(1)},
    Unit{"m", minutes(1)},
    Unit{"h", hours(1)},
};

std::optional<WallTime> moment(std::uint64_t year, std::uint64_t month, std::uint64_t day, std::uint64_t hour,
                               std::uint64_t minute, std::uint64_t second) {
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (year < 1970 || year > 2199 || !date.ok() || hour > 23 || minute > 59 || second > 60)
    return std::nullopt;
  return WallTime(std::chrono::sys_days(date)) + hours(hour) + minutes(minute) + seconds(second);
}

// Reads text against a pattern in which '0' stands for a digit; other characters stand for themselves.
bool has_shape(std::string_view text, std::string_view pattern) {
  return text.size() == pattern.size() &&
         std::equal(text.begin(), text.end(), pattern.begin(),
                    [](char c, char p) { return p == '0' ? is_digit(c) : c == p; });
}

std::uint64_t number_at(std::string_view text, std::size_t at, std::size_t size) {
  return parse_digits(text.substr(at, size)).value_or(0);
}

// "Z", "+02:00"; how far that place's clock is ahead.
std::optional<Duration> parse_offset(std::string_view text) {
  if (text == "Z" || text == "z") return Duration::zero();
  if (!has_shape(text, "+00:00") && !has_shape(text, "-00:00")) return std::nullopt;
  const std::uint64_t hour = number_at(text, 1, 2);
  const std::uint64_t minute = number_at(text, 4, 2);
  if (hour > 23 || minute > 59) return std::nullopt;
  const Duration offset = hours(hour) + minutes(minute);
  return text.front() == '-' ? -offset : offset;
}

// "2026-10-02T18:00:00Z", "2026-10-02T18:00:00.250+02:00".
std::optional<WallTime> parse_rfc3339(std::string_view text) {
  constexpr std::string_view kDate = "0000-00-00";
  constexpr std::string_view kTime = "00:00:00";
  constexpr std::size_t kHead = kDate.size() + 1 + kTime.size();
  if (text.size() <= kHead || !has_shape(text.substr(0, kDate.size()), kDate)) return std::nullopt;
  const char separator = text[kDate.size()];
  if (separator != 'T' && separator != 't' && separator != ' ') return std::nullopt;
  if (!has_shape(text.substr(kDate.size() + 1, kTime.size()), kTime)) return std::nullopt;
  const auto whole = moment(number_at(text, 0, 4), number_at(text, 5, 2), number_at(text, 8, 2),
                            number_at(text, 11, 2), number_at(text, 14, 2), number_at(text, 17, 2));
  std::string_view rest = text.substr(kHead);
  Duration fraction{};
  if (rest.front() == '.') {
    const auto decimal = read_decimal(rest);
    if (!decimal) return std::nullopt;
    fraction = Duration(std::llround(decimal->fraction * 1e9));
    rest.remove_prefix(decimal->size);
  }
  const auto offset = parse_offset(rest);
  if (!whole || !offset) return std::nullopt;
  return *whole + fraction - *offset;
}

}  // namespace

std::optional<std::uint64_t> parse_count_value(std::string_view text) {
  const auto value = parse_digits(text);
  return value && *value <= kMaxCount ? value : std::nullopt;
}

std::optional<DurationPrefix> read_go_duration(std::string_view text) {
  DurationPrefix prefix;
  while (true) {
    const std::string_view rest = text.substr(prefix.size);
    const auto decimal = read_decimal(rest);
    if (!decimal) break;
    const std::string_view behind = rest.substr(decimal->size);
    const auto unit =
        std::ranges::find_if(kGoUnits, [&](const Unit& u) { return behind.starts_with(u.name); });
    if (unit == kGoUnits.end()) break;
    const auto part = times(*decimal, unit->length);
    if (!part || *part > kLongestWait - prefix.duration) return std::nullopt;
    prefix.duration += *part;
    prefix.size += decimal->size + unit->name.size();
  }
  if (prefix.size == 0) return std::nullopt;
  return prefix;
}

std::optional<Duration> parse_go_duration(std::string_view text) {
  if (text == "0") return Duration::zero();
  const auto prefix = read_go_duration(text);
  if (!prefix || prefix->size != text.size()) return std::nullopt;
  return prefix->duration;
}

std::optional<WallTime> parse_http_date(std::string_view text) {
  constexpr std::string_view kShape = ", 00 ??? 0000 00:00:00 GMT";
  constexpr std::array<std::string_view, 7> kDays{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 3 + kShape.size()) return std::nullopt;
  if (std::ranges::find(kDays, text.substr(0, 3)) == kDays.end()) return std::nullopt;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const char c = text[i + 3];
    const bool fits = kShape[i] == '0' ? is_digit(c) : kShape[i] == '?' || kShape[i] == c;
    if (!fits) return std::nullopt;
  }
  const auto month = std::ranges::find(kMonths, text.substr(8, 3));
  if (month == kMonths.end()) return std::nullopt;
  return moment(number_at(text, 12, 4), static_cast<std::uint64_t>(month - kMonths.begin()) + 1,
                number_at(text, 5, 2), number_at(text, 17, 2), number_at(text, 20, 2),
                number_at(text, 23, 2));
}

std::optional<Duration> parse_wait(std::string_view text, ValueFormat format, WallTime now) {
  switch (format) {
    case ValueFormat::count:
      return std::nullopt;
    case ValueFormat::seconds:
      return believed(parse_seconds(text));
    case ValueFormat::go_duration:
      return believed(parse_go_duration(text));
    case ValueFormat::unix_s:
    case ValueFormat::unix_ms:
    case ValueFormat::rfc3339: {
      const auto at = parse_moment(text, format);
      return at ? believed(*at - now) : std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<WallTime> parse_moment(std::string_view text, std::optional<ValueFormat> format) {
  if (!format) {
    const std::size_t digits = count_digits(text);
    const bool number = digits > 0 && (digits == text.size() || text[digits] == '.');
    if (number && digits >= 12)
      format = ValueFormat::unix_ms;  // from 2001 on
    else if (number && digits >= 10)
      format = ValueFormat::unix_s;  // from 2001 on
    else if (text.find('-') != std::string_view::npos)
      format = ValueFormat::rfc3339;
    else
      return parse_http_date(text);
  }
  switch (*format) {
    case ValueFormat::unix_s:
      return parse_epoch(text, seconds(1));
    case ValueFormat::unix_ms:
      return parse_epoch(text, milliseconds(1));
    case ValueFormat::rfc3339:
      return parse_rfc3339(text);
    case ValueFormat::count:
    case ValueFormat::seconds:
    case ValueFormat::go_duration:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Duration> parse_wait_of_any_form(std::string_view text, WallTime now) {
  if (const auto at = parse_moment(text, std::nullopt)) return believed(*at - now);
  const auto relative = parse_wait(text, ValueFormat::seconds, now);
  return relative ? relative : parse_wait(text, ValueFormat::go_duration, now);
}

std::optional<Duration> read_worded_duration(std::string_view text) {
  constexpr std::array kWords{Unit{"milliseconds", milliseconds(1)},
                              Unit{"millisecond", milliseconds(1)},
                              Unit{"msecs", milliseconds(1)},
                              Unit{"ms", milliseconds(1)},
                              Unit{"minutes", minutes(1)},
                              Unit{"minute", minutes(1)},
                              Unit{"mins", minutes(1)},
                              Unit{"min", minutes(1)},
                              Unit{"seconds", seconds(1)},
                              Unit{"second", seconds(1)},
                              Unit{"secs", seconds(1)},
                              Unit{"sec", seconds(1)},
                              Unit{"hours", hours(1)},
                              Unit{"hour", hours(1)},
                              Unit{"hrs", hours(1)},
                              Unit{"hr", hours(1)},
                              Unit{"days", hours(24)},
                              Unit{"day", hours(24)},
                              Unit{"ns", nanoseconds(1)},
                              Unit{"us", microseconds(1)},
                              Unit{"\xC2\xB5s", microseconds(1)},
                              Unit{"\xCE\xBCs", microseconds(1)},
                              Unit{"s", seconds(1)},
                              Unit{"m", minutes(1)},
                              Unit{"h", hours(1)},
                              Unit{"d", hours(24)}};
  constexpr std::size_t kMostParts = 6;
  std::optional<Duration> total;
  for (std::size_t part = 0; part < kMostParts; ++part) {
    const auto decimal = read_decimal(text);
    if (!decimal) break;
    std::string_view rest = text.substr(decimal->size);
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    const auto unit = std::ranges::find_if(kWords, [&](const Unit& u) {
      if (!rest.starts_with(u.name)) return false;
      const char next = rest.size() > u.name.size() ? rest[u.name.size()] : ' ';
      return next < 'a' || next > 'z';
    });
    if (unit == kWords.end()) break;
    const auto length = times(*decimal, unit->length);
    if (!length || *length > kLongestWait - total.value_or(Duration::zero())) return std::nullopt;
    total = total.value_or(Duration::zero()) + *length;
    rest.remove_prefix(unit->name.size());
    for (const std::string_view between : {",", " ", "and ", " "})
      if (rest.starts_with(between)) rest.remove_prefix(between.size());
    text = rest;
  }
  return total;
}

}  // namespace weir::providers
