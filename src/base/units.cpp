#include "weir/base/units.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "weir/base/text.hpp"

namespace weir {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array kDurationUnits{
    Unit{"ns", 1e-9}, Unit{"us", 1e-6},  Unit{"ms", 1e-3},   Unit{"s", 1.0},
    Unit{"m", 60.0},  Unit{"h", 3600.0}, Unit{"d", 86400.0},
};
constexpr std::array kSizeUnits{
    Unit{"", 1.0},   Unit{"B", 1.0},  Unit{"k", 1e3},      Unit{"kB", 1e3},        Unit{"KB", 1e3},
    Unit{"MB", 1e6}, Unit{"GB", 1e9}, Unit{"KiB", 1024.0}, Unit{"MiB", 1048576.0}, Unit{"GiB", 1073741824.0},
};
constexpr std::array kCountUnits{Unit{"", 1.0}, Unit{"k", 1e3}, Unit{"K", 1e3}, Unit{"M", 1e6},
                                 Unit{"B", 1e9}};

constexpr double kLongest = 100.0 * 366 * 86400;  // seconds

struct Number {
  double value;
  std::string_view unit;  // what stands behind the number, up to the next digit
  std::string_view rest;
};

std::optional<Number> read_number(std::string_view text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  Number number{};
  const auto [end, status] =
      std::from_chars(text.data(), text.data() + text.size(), number.value, std::chars_format::fixed);
  if (status != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  const std::size_t unit_length = std::min(text.find_first_of("0123456789"), text.size());
  number.unit = text.substr(0, unit_length);
  number.rest = text.substr(unit_length);
  return number;
}

template <std::size_t N>
std::optional<double> factor_of(const std::array<Unit, N>& units, std::string_view name) {
  for (const Unit& unit : units)
    if (unit.name == name) return unit.factor;
  return std::nullopt;
}

template <std::size_t N>
std::optional<std::uint64_t> parse_whole(std::string_view text, const std::array<Unit, N>& units) {
  const auto number = read_number(text);
  if (!number || !number->rest.empty()) return std::nullopt;
  const auto factor = factor_of(units, trim(number->unit));
  if (!factor) return std::nullopt;
  const double value = number->value * *factor;
  if (value > 1e18 || std::abs(value - std::round(value)) > 1e-6) return std::nullopt;
  return static_cast<std::uint64_t>(std::round(value));
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  double seconds = 0;
  bool first = true;
  do {
    const auto number = read_number(text);
    if (!number) return std::nullopt;
    const bool bare = first && number->unit.empty();
    const auto factor = bare ? std::optional(1.0) : factor_of(kDurationUnits, trim(number->unit));
    if (!factor) return std::nullopt;
    seconds += number->value * *factor;
    text = number->rest;
    first = false;
  } while (!text.empty());
  if (seconds > kLongest) return std::nullopt;
  return Duration(std::llround(seconds * 1e9));
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return parse_whole(text, kSizeUnits);
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
  return parse_whole(text, kCountUnits);
}

std::optional<double> parse_percent(std::string_view text) {
  const auto number = read_number(text);
  if (!number || number->unit != "%" || !number->rest.empty() || number->value > 100) return std::nullopt;
  return number->value / 100;
}

std::string format_openai_duration(Duration duration) {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(std::max(duration, Duration::zero())).count();
  if (ms < 1000) return std::to_string(ms) + "ms";
  const auto total_seconds = ms / 1000;
  std::string seconds = std::to_string(total_seconds % 60);
  if (ms % 1000 != 0) {
    std::array<char, 8> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%03d", static_cast<int>(ms % 1000));
    seconds += fraction.data();
    while (seconds.back() == '0') seconds.pop_back();
  }
  const auto minutes = total_seconds / 60 % 60;
  const auto hours = total_seconds / 3600;
  if (hours > 0) return std::to_string(hours) + "h" + std::to_string(minutes) + "m" + seconds + "s";
  if (minutes > 0) return std::to_string(minutes) + "m" + seconds + "s";
  return seconds + "s";
}

std::string format_for_people(Duration duration) {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(std::max(duration, Duration::zero())).count();
  if (ms < 1000) return std::to_string(ms) + "ms";
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(duration).count();
  const auto pair = [](std::int64_t big, const char* big_unit, std::int64_t small, const char* small_unit) {
    std::string out = std::to_string(big) + big_unit;
    if (small != 0) out += " " + std::to_string(small) + small_unit;
    return out;
  };
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 3600) return pair(seconds / 60, "m", seconds % 60, "s");
  if (seconds < 86400) return pair(seconds / 3600, "h", seconds % 3600 / 60, "m");
  return pair(seconds / 86400, "d", seconds % 86400 / 3600, "h");
}

std::string format_utc(WallTime time) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(seconds - day);
  std::array<char, 40> out{};
  std::snprintf(out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return out.data();
}

std::string format_duration(Duration duration) {
  std::string out;
  const auto take = [&](Duration unit, const char* name) {
    if (const auto n = duration / unit; n > 0) {
      out += std::to_string(n) + name;
      duration -= n * unit;
    }
  };
  take(std::chrono::hours(24), "d");
  take(std::chrono::hours(1), "h");
  take(std::chrono::minutes(1), "m");
  take(std::chrono::seconds(1), "s");
  take(std::chrono::milliseconds(1), "ms");
  take(std::chrono::microseconds(1), "us");
  take(std::chrono::nanoseconds(1), "ns");
  return out.empty() ? "0s" : out;
}

}  // namespace weir
