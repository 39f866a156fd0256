#include "weir/base/time_zone.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include "base/tzif.hpp"
#include "base/zone_rule.hpp"

namespace weir {
namespace {

namespace chrono = std::chrono;

// Zones that are by definition UTC for our purposes.
constexpr std::array<std::string_view, 5> kUtcNames{"", "UTC", "GMT", "Etc/UTC", "Etc/GMT"};

// The zones that providers count in, for systems without data. Source: IANA tz 2025b,
// https://data.iana.org/time-zones/, copied 2026-11-24.
struct BuiltIn {
  std::string_view name;
  std::string_view rule;
};
constexpr std::array kBuiltIn{
    BuiltIn{"America/Los_Angeles", "PST8PDT,M3.2.0,M11.1.0"},
    BuiltIn{"America/New_York", "EST5EDT,M3.2.0,M11.1.0"},
    BuiltIn{"Asia/Shanghai", "CST-8"},
    BuiltIn{"Asia/Singapore", "<+08>-8"},
    BuiltIn{"Asia/Tokyo", "JST-9"},
    BuiltIn{"Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3"},
    BuiltIn{"Europe/London", "GMT0BST,M3.5.0/1,M10.5.0"},
    BuiltIn{"Europe/Paris", "CET-1CEST,M3.5.0,M10.5.0/3"},
};

// The largest file of a system is some 4 KiB.
constexpr std::size_t kFileSizeMax = 64 * 1024;
constexpr std::size_t kNameSizeMax = 64;

Error refusal(std::string message) {
  return {ErrorKind::config, std::move(message)};
}

// Parts of letters, digits, _, - and +, with a single / between them: no such name leaves its directory.
bool is_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '+' || c == '/';
  };
  return name.size() <= kNameSizeMax && std::ranges::all_of(name, fits) && !name.starts_with('/') &&
         !name.ends_with('/') && name.find("//") == std::string_view::npos;
}

// Nothing where there is no such file.
std::optional<std::string> read_start(const std::filesystem::path& path) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  std::string bytes(kFileSizeMax + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return bytes;
}

WallTime to_wall(EpochSeconds time) {
  constexpr auto kLeast = chrono::ceil<chrono::seconds>(WallTime::min()).time_since_epoch().count();
  constexpr auto kMost = chrono::floor<chrono::seconds>(WallTime::max()).time_since_epoch().count();
  if (time < kLeast) return WallTime::min();
  if (time > kMost) return WallTime::max();
  return WallTime(chrono::seconds(time));
}

EpochSeconds to_seconds(WallTime time) {
  return chrono::floor<chrono::seconds>(time).time_since_epoch().count();
}

// Midnight as a clock shows it.
EpochSeconds midnight(chrono::sys_days date) {
  return chrono::sys_seconds(date).time_since_epoch().count();
}

}  // namespace

struct TimeZone::Rules {
  std::string name;
  bool built_in = false;
  ZoneHistory history;

  [[nodiscard]] OffsetSpan span_at(EpochSeconds time) const;
  [[nodiscard]] EpochSeconds first_showing(EpochSeconds local) const;
  [[nodiscard]] chrono::sys_days date_at(EpochSeconds time) const;
  // `next` leads from the date on which a window starts to that of the following one.
  template <class Next>
  [[nodiscard]] CivilWindow window(EpochSeconds time, chrono::sys_days starts, Next next) const;
};

TimeZone::TimeZone(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}

const TimeZone& TimeZone::utc() {
  static const TimeZone zone(std::make_shared<const Rules>(Rules{"UTC", false, {}}));
  return zone;
}

Result<TimeZone> TimeZone::find(std::string_view iana_name, std::string_view directory) {
  if (std::ranges::find(kUtcNames, iana_name) != kUtcNames.end()) return utc();
  if (!is_name(iana_name)) return refusal("this can't be a time zone; write one like America/Los_Angeles");
  const std::string name(iana_name);
  const std::filesystem::path folder(directory);
  if (const auto bytes = read_start(folder / name)) {
    if (bytes->size() > kFileSizeMax)
      return refusal("the system's data of time zone " + name + " is too large");
    auto zone = from_tzif(name, *bytes);
    if (zone) return zone;
    return refusal("the system's data of time zone " + name + " can't be used: " + zone.error().message);
  }
  const auto* const known = std::ranges::find(kBuiltIn, iana_name, &BuiltIn::name);
  if (known != kBuiltIn.end()) {
    Rules rules{name, true, {}};
    rules.history.rule = ZoneRule::parse(known->rule);
    return TimeZone(std::make_shared<const Rules>(std::move(rules)));
  }
  std::error_code failed;
  if (!std::filesystem::is_directory(folder, failed))
    return refusal("the system has no data of time zones, so " + name + " isn't known; install tzdata");
  return refusal("there is no time zone " + name);
}

Result<TimeZone> TimeZone::from_tzif(std::string_view name, std::string_view bytes) {
  auto history = parse_tzif(bytes);
  if (!history) return std::move(history).error();
  return TimeZone(std::make_shared<const Rules>(Rules{std::string(name), false, *std::move(history)}));
}

Result<TimeZone> TimeZone::from_posix(std::string_view name, std::string_view text) {
  Rules rules{std::string(name), false, {}};
  rules.history.rule = ZoneRule::parse(text);
  if (!rules.history.rule) return refusal("this is not the rule of a time zone");
  return TimeZone(std::make_shared<const Rules>(std::move(rules)));
}

const std::string& TimeZone::name() const noexcept {
  return rules_->name;
}

bool TimeZone::is_built_in() const noexcept {
  return rules_->built_in;
}

Duration TimeZone::offset_at(WallTime time) const {
  return chrono::seconds(rules_->span_at(to_seconds(time)).offset);
}

CivilWindow TimeZone::day_of(WallTime time) const {
  const EpochSeconds at = to_seconds(time);
  return rules_->window(at, rules_->date_at(at),
                        [](chrono::sys_days date) { return date + chrono::days(1); });
}

CivilWindow TimeZone::month_of(WallTime time) const {
  const EpochSeconds at = to_seconds(time);
  const chrono::year_month_day date(rules_->date_at(at));
  return rules_->window(at, date.year() / date.month() / 1, [](chrono::sys_days first) {
    return chrono::sys_days(chrono::year_month_day(first) + chrono::months(1));
  });
}

OffsetSpan TimeZone::Rules::span_at(EpochSeconds time) const {
  const auto& changes = history.changes;
  const auto next = std::ranges::upper_bound(changes, time, {}, &OffsetChange::at);
  OffsetSpan span{.offset = history.first_offset};
  if (next != changes.begin()) span = {.start = (next - 1)->at, .offset = (next - 1)->offset};
  if (next != changes.end()) {
    span.end = next->at;
  } else if (history.rule) {
    const EpochSeconds last_change = span.start;
    span = history.rule->span_at(time);
    span.start = std::max(span.start, last_change);
  }
  return span;
}

// The first moment at which clocks show that time or a later one.
EpochSeconds TimeZone::Rules::first_showing(EpochSeconds local) const {
  OffsetSpan span = span_at(local - kOffsetMax);  // no clock shows it before
  while (span.end + span.offset <= local) span = span_at(span.end);
  return std::max(span.start, local - span.offset);
}

chrono::sys_days TimeZone::Rules::date_at(EpochSeconds time) const {
  return chrono::floor<chrono::days>(chrono::sys_seconds(chrono::seconds(time + span_at(time).offset)));
}

template <class Next>
CivilWindow TimeZone::Rules::window(EpochSeconds time, chrono::sys_days starts, Next next) const {
  EpochSeconds start = first_showing(midnight(starts));
  for (;;) {
    starts = next(starts);
    const EpochSeconds end = first_showing(midnight(starts));
    if (end > time) return {.start = to_wall(start), .end = to_wall(end)};
    start = end;  // the date that is shown had its turn before clocks were set back
  }
}

}  // namespace weir
