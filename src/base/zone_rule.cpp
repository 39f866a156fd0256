#include "base/zone_rule.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace weir {
namespace {

constexpr std::int32_t kHour = 3600;
constexpr EpochSeconds kDaySeconds = 86400;

// The hours that may stand in an offset and, by RFC 8536, in the time of an edge.
constexpr std::int32_t kOffsetHoursMax = 24;
constexpr std::int32_t kTimeHoursMax = 167;
constexpr std::int32_t kDefaultTime = 2 * kHour;

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int year_of(EpochSeconds time) {
  const std::chrono::sys_seconds moment{std::chrono::seconds(time)};
  return static_cast<int>(std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(moment)).year());
}

}  // namespace

// Reads from the front; each step is false, or nothing, where the text isn't what it asks for.
class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : rest_(text) {}

  std::optional<ZoneRule> read() {
    ZoneRule rule;
    if (!skip_name()) return std::nullopt;
    const auto west = read_time(kOffsetHoursMax);
    if (!west) return std::nullopt;
    rule.standard_ = -*west;
    if (rest_.empty()) return rule;

    rule.has_summer_ = true;
    rule.summer_ = rule.standard_ + kHour;
    if (!skip_name()) return std::nullopt;
    if (!starts_with(',')) {
      const auto summer_west = read_time(kOffsetHoursMax);
      if (!summer_west) return std::nullopt;
      rule.summer_ = -*summer_west;
    }
    const bool good =
        skip(',') && read_edge(rule.summer_starts_) && skip(',') && read_edge(rule.summer_ends_);
    return good && rest_.empty() ? std::optional(rule) : std::nullopt;
  }

 private:
  // Three letters or more, or other signs too between < and >.
  bool skip_name() {
    const bool quoted = skip('<');
    const auto stands = [quoted](char c) {
      return is_letter(c) || (quoted && (is_digit(c) || c == '+' || c == '-'));
    };
    const auto end = std::ranges::find_if_not(rest_, stands);
    const auto length = static_cast<std::size_t>(end - rest_.begin());
    rest_.remove_prefix(length);
    return length >= 3 && (!quoted || skip('>'));
  }

  // [+-]h[:mm[:ss]] in seconds.
  std::optional<std::int32_t> read_time(std::int32_t hours_max) {
    const bool negative = starts_with('-');
    if (negative || starts_with('+')) rest_.remove_prefix(1);
    const auto hours = read_number(hours_max);
    if (!hours) return std::nullopt;
    std::int32_t seconds = *hours * kHour;
    for (const std::int32_t unit : {60, 1}) {
      if (!skip(':')) break;
      const auto part = read_number(59);
      if (!part) return std::nullopt;
      seconds += *part * unit;
    }
    return negative ? -seconds : seconds;
  }

  bool read_edge(ZoneRule::Edge& edge) {
    using Form = ZoneRule::Edge::Form;
    if (skip('M')) {
      edge.form = Form::week_of_month;
      const bool good = read_into(edge.month, 1, 12) && skip('.') && read_into(edge.week, 1, 5) &&
                        skip('.') && read_into(edge.weekday, 0, 6);
      if (!good) return false;
    } else if (skip('J')) {
      edge.form = Form::day_but_leap;
      if (!read_into(edge.day, 1, 365)) return false;
    } else {
      edge.form = Form::day;
      if (!read_into(edge.day, 0, 365)) return false;
    }
    edge.time = kDefaultTime;
    if (!skip('/')) return true;
    const auto time = read_time(kTimeHoursMax);
    edge.time = time.value_or(0);
    return time.has_value();
  }

  template <class T>
  bool read_into(T& out, std::int32_t least, std::int32_t most) {
    const auto number = read_number(most);
    if (!number || *number < least) return false;
    out = static_cast<T>(*number);
    return true;
  }

  std::optional<std::int32_t> read_number(std::int32_t most) {
    if (rest_.empty() || !is_digit(rest_.front())) return std::nullopt;
    std::int32_t value = 0;
    while (!rest_.empty() && is_digit(rest_.front())) {
      value = 10 * value + (rest_.front() - '0');
      if (value > most) return std::nullopt;
      rest_.remove_prefix(1);
    }
    return value;
  }

  [[nodiscard]] bool starts_with(char c) const { return !rest_.empty() && rest_.front() == c; }
  bool skip(char c) {
    if (!starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view rest_;
};

std::optional<ZoneRule> ZoneRule::parse(std::string_view text) {
  return RuleReader(text).read();
}

EpochSeconds ZoneRule::Edge::in(int year) const {
  namespace chrono = std::chrono;
  const chrono::year y(year);
  chrono::sys_days date;
  switch (form) {
    case Form::week_of_month: {
      const chrono::weekday day_of_week(weekday);
      const chrono::month m(month);
      date = week == 5 ? chrono::sys_days(y / m / day_of_week[chrono::last])
                       : chrono::sys_days(y / m / day_of_week[week]);
      break;
    }
    case Form::day_but_leap: {
      constexpr std::int16_t kFirstOfMarch = 60;
      const int leap_day = y.is_leap() && day >= kFirstOfMarch ? 1 : 0;
      date = chrono::sys_days(y / 1 / 1) + chrono::days(day - 1 + leap_day);
      break;
    }
    case Form::day:
      date = chrono::sys_days(y / 1 / 1) + chrono::days(day);
      break;
  }
  return date.time_since_epoch().count() * kDaySeconds + time;
}

OffsetSpan ZoneRule::span_at(EpochSeconds time) const {
  if (!has_summer_) return {.offset = standard_};
  struct Change {
    EpochSeconds at = 0;
    std::int32_t offset = 0;
  };
  // An edge may lie a week outside its year, so the changes around this moment are in these five.
  std::array<Change, 10> changes;
  const int first_year = year_of(time) - 2;
  for (int i = 0; i < 5; ++i) {
    const auto at = 2 * static_cast<std::size_t>(i);
    changes[at] = {summer_ends_.in(first_year + i) - summer_, standard_};
    changes[at + 1] = {summer_starts_.in(first_year + i) - standard_, summer_};
  }
  // Where summer time ends and starts at one moment it goes on: that is how a rule says that it is all year.
  std::ranges::sort(changes, [this](const Change& a, const Change& b) {
    return a.at != b.at ? a.at < b.at : a.offset != summer_ && b.offset == summer_;
  });
  const auto next = std::ranges::upper_bound(changes, time, {}, &Change::at);
  const Change& last = *(next - 1);
  return {.start = last.at, .end = next->at, .offset = last.offset};
}

}  // namespace weir
