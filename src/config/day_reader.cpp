#include "config/day_reader.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "weir/base/units.hpp"

namespace weir::config {
namespace {

using routing::Priority;

constexpr std::size_t kColon = 2;  // its place in "09:00"
constexpr std::size_t kTime = 5;   // bytes of it
constexpr std::string_view kLocal = "local";
constexpr std::string_view kExpectedHours = "hours of the day like \"09:00-17:00\"";

std::size_t index_of(Priority priority) {
  return static_cast<std::size_t>(priority);
}

void read_spread(Reading& reading, const Field& field, routing::RoutingConfig& config) {
  constexpr std::array kWords{Choice<bool>{"off", false}, Choice<bool>{"even", true}};
  MapReader spread(reading, field, "a map like {batch: even}");
  for (const Priority priority : {Priority::interactive, Priority::normal, Priority::batch}) {
    bool is_even = config.spread.at(index_of(priority));
    spread.word<bool>(routing::name(priority), is_even, kWords);
    config.spread.at(index_of(priority)) = is_even;
  }
  spread.finish();
}

void read_share(MapReader& reserve, Priority priority, routing::RoutingConfig& config) {
  constexpr std::string_view kExpected = "a share like 10%";
  const auto field = reserve.take(routing::name(priority));
  if (!field) return;
  const auto text = read_text(reserve.reading(), *field, kExpected);
  if (!text) return;
  const auto share = parse_percent(*text);
  if (!share) return report_unexpected(reserve.reading(), *field, kExpected);
  config.reserve.at(index_of(priority)) = *share;
}

void read_reserve(Reading& reading, const Field& field, routing::RoutingConfig& config) {
  MapReader reserve(reading, field, "a map like {interactive: 10%}");
  read_share(reserve, Priority::interactive, config);
  read_share(reserve, Priority::normal, config);
  reserve.finish();
  const auto& shares = config.reserve;
  if (shares[0] + shares[1] >= 1)
    report_error(reading, field, "the shares leave nothing to batch; together they must be less than 100%");
}

// "09:30" to the time since midnight; "24:00" is its end.
std::optional<Duration> parse_time_of_day(std::string_view text) {
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : 100; };
  if (text.size() != kTime || text[kColon] != ':') return std::nullopt;
  const int hour = 10 * digit(0) + digit(1);
  const int minute = 10 * digit(3) + digit(4);
  if (hour > 24 || minute > 59 || (hour == 24 && minute > 0)) return std::nullopt;
  return std::chrono::hours(hour) + std::chrono::minutes(minute);
}

std::string format_time_of_day(Duration time) {
  const auto two_digits = [](std::int64_t number) {
    return (number < 10 ? "0" : "") + std::to_string(number);
  };
  const std::int64_t minutes = std::chrono::duration_cast<std::chrono::minutes>(time).count();
  return two_digits(minutes / 60) + ":" + two_digits(minutes % 60);
}

// What the machine's clocks go by; UTC where nothing says it.
TimeZone local_zone(const Environment& environment) {
  if (auto name = environment.variable("TZ"); name && !name->empty()) {
    if (name->starts_with(':')) name->erase(0, 1);
    if (auto zone = TimeZone::find(*name)) return *std::move(zone);
    if (auto zone = TimeZone::from_posix(kLocal, *name)) return *std::move(zone);
  }
  if (const auto bytes = environment.read_file("/etc/localtime"))
    if (auto zone = TimeZone::from_tzif(kLocal, *bytes)) return *std::move(zone);
  return TimeZone::utc();
}

std::optional<TimeZone> read_zone(MapReader& peak) {
  const auto field = peak.take("zone");
  const auto text = field ? read_text(peak.reading(), *field, "local or a time zone like America/Los_Angeles")
                          : std::optional(std::string(kLocal));
  if (!text) return std::nullopt;
  if (*text == kLocal) return local_zone(peak.reading().environment);
  auto zone = TimeZone::find(*text);
  if (zone) return *std::move(zone);
  report_error(peak.reading(), *field, zone.error().message);
  return std::nullopt;
}

struct Hours {
  Duration from{};
  Duration until{};
};

// Nothing where there are none, which is the default.
std::optional<Hours> read_hours(Reading& reading, const Field& field) {
  const auto text = read_text(reading, field, kExpectedHours);
  if (!text || text->empty()) return std::nullopt;
  const std::string_view view = *text;
  const std::size_t dash = view.find('-');
  const auto from = parse_time_of_day(view.substr(0, dash));
  const auto until = dash == std::string_view::npos ? std::nullopt : parse_time_of_day(view.substr(dash + 1));
  constexpr Duration kDay = std::chrono::hours(24);
  if (!from || !until) {
    report_unexpected(reading, field, kExpectedHours);
    return std::nullopt;
  }
  if (*from % kDay == *until % kDay) {
    report_error(reading, field, "they begin and end at the same time; leave them empty for none");
    return std::nullopt;
  }
  return Hours{*from % kDay, *until % kDay};
}

void read_deferred(Reading& reading, const Field& field, routing::RoutingConfig& config) {
  constexpr std::array kClasses{Choice<Priority>{"interactive", Priority::interactive},
                                Choice<Priority>{"normal", Priority::normal},
                                Choice<Priority>{"batch", Priority::batch}};
  const auto items = read_items(reading, field);
  if (!items) return;
  config.deferred.fill(false);
  for (const Field& item : *items)
    if (const auto priority = read_word<Priority>(reading, item, kClasses))
      config.deferred.at(index_of(*priority)) = true;
}

void read_peak(Reading& reading, const Field& field, routing::RoutingConfig& config) {
  MapReader peak(reading, field, "a map like {hours: \"09:00-17:00\"}");
  std::optional<Hours> hours;
  if (const auto given = peak.take("hours")) hours = read_hours(reading, *given);
  auto zone = read_zone(peak);
  if (const auto defer = peak.take("defer")) read_deferred(reading, *defer, config);
  peak.finish();
  if (hours && zone) config.peak.emplace(hours->from, hours->until, *std::move(zone));
}

}  // namespace

void read_day(MapReader& routing, routing::RoutingConfig& config) {
  Reading& reading = routing.reading();
  if (const auto spread = routing.take("spread")) read_spread(reading, *spread, config);
  if (const auto reserve = routing.take("reserve")) read_reserve(reading, *reserve, config);
  if (const auto peak = routing.take("peak")) read_peak(reading, *peak, config);
}

std::string format_hours(const routing::PeakHours& hours) {
  return format_time_of_day(hours.from()) + "-" + format_time_of_day(hours.until());
}

}  // namespace weir::config
