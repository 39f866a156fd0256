#include "config/limits_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "weir/base/units.hpp"

namespace weir::config {
namespace {

using quota::ChargeRule;
using quota::Dimension;
using quota::Limit;
using quota::Period;
using quota::WindowKind;

constexpr std::array kDimensions{
    Choice<Dimension>{"requests", Dimension::requests},
    Choice<Dimension>{"tokens", Dimension::tokens},
    Choice<Dimension>{"input_tokens", Dimension::input_tokens},
    Choice<Dimension>{"output_tokens", Dimension::output_tokens},
};

constexpr std::array kWindows{
    Choice<WindowKind>{"sliding", WindowKind::sliding},
    Choice<WindowKind>{"fixed", WindowKind::fixed},
    Choice<WindowKind>{"first_use", WindowKind::first_use},
    Choice<WindowKind>{"calendar", WindowKind::calendar},
    Choice<WindowKind>{"refill", WindowKind::refill},
    Choice<WindowKind>{"interval", WindowKind::interval},
    Choice<WindowKind>{"credit", WindowKind::credit},
};

constexpr std::array kPeriods{
    Choice<Period>{"second", quota::kSecondPeriod}, Choice<Period>{"minute", quota::kMinutePeriod},
    Choice<Period>{"hour", quota::kHourPeriod},     Choice<Period>{"day", quota::kDayPeriod},
    Choice<Period>{"month", quota::kMonthPeriod},
};

constexpr std::array kTokens{
    Choice<ChargeRule::Tokens>{"usage", ChargeRule::Tokens::usage},
    Choice<ChargeRule::Tokens>{"prompt+max_tokens", ChargeRule::Tokens::prompt_plus_max_tokens},
    Choice<ChargeRule::Tokens>{"input", ChargeRule::Tokens::input},
};

constexpr std::array kSettles{
    Choice<ChargeRule::Settle>{"usage", ChargeRule::Settle::usage},
    Choice<ChargeRule::Settle>{"admission", ChargeRule::Settle::admission},
};

constexpr std::array kCached{Choice<bool>{"free", true}, Choice<bool>{"full", false}};

constexpr std::string_view kDateExpected = "a date like 2026-12-24";

std::optional<std::chrono::sys_days> parse_date(std::string_view text) {
  constexpr std::size_t kLength = 10;
  if (text.size() != kLength || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto number = [&](std::size_t from, std::size_t length) {
    unsigned value = 0;
    const char* const end = text.data() + from + length;
    return std::from_chars(text.data() + from, end, value).ptr == end ? std::optional(value) : std::nullopt;
  };
  const auto year = number(0, 4);
  const auto month = number(5, 2);
  const auto day = number(8, 2);
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(*month), std::chrono::day(*day)};
  return date.ok() ? std::optional(std::chrono::sys_days(date)) : std::nullopt;
}

// The rest of a limit's long form. `period` is fixed by a short name, or absent.
class WindowReader {
 public:
  WindowReader(MapReader& map, Limit& limit) : map_(map), reading_(map.reading()), limit_(limit) {}

  // False where something is wrong.
  bool read(bool period_known) {
    window_ = map_.take("window");
    zone_ = map_.take("zone");
    expires_ = map_.take("expires");
    bool good = read_window();
    if (!period_known) good = read_period() && good;
    good = read_zone() && good;
    good = read_expires() && good;
    good = read_models() && good;
    return good && check_kind(period_known);
  }

 private:
  bool read_window() {
    if (!window_) return !map_.has("window");
    const auto kind = read_word<WindowKind>(reading_, *window_, kWindows);
    if (kind) limit_.window = *kind;
    return kind.has_value();
  }

  bool read_period() {
    const bool credit = limit_.window == WindowKind::credit;
    const auto per = credit ? map_.take("per") : map_.require("per", "a period like 2s, minute or day");
    if (!per) return credit && !map_.has("per");
    if (credit) {
      report_error(reading_, *per, "a credit has no period; remove it");
      return false;
    }
    return read_period(*per);
  }

  bool read_period(const Field& per) {
    constexpr std::string_view kExpected = "second, minute, hour, day, month or a duration like 2s";
    const auto text = read_text(reading_, per, kExpected);
    if (!text) return false;
    for (const Choice<Period>& named : kPeriods) {
      if (named.word != *text) continue;
      limit_.period = named.value;
      return true;
    }
    const auto length = parse_duration(*text);
    if (!length || *length < std::chrono::milliseconds(1)) {
      report_unexpected(reading_, per, kExpected);
      return false;
    }
    // 24h and day are one window, and are compared with what answers say of it.
    limit_.period = *length == quota::kDay ? quota::kDayPeriod : Period{Period::Unit::span, *length};
    return true;
  }

  bool read_zone() {
    if (!zone_) return !map_.has("zone");
    const auto zone = read_text(reading_, *zone_, "a time zone like America/Los_Angeles");
    if (!zone) return false;
    if (limit_.window != WindowKind::calendar) {
      report_error(reading_, *zone_, "only window: calendar has a zone; remove it, or change the window");
      return false;
    }
    limit_.zone = *zone;
    if (is_zone(*zone)) return true;
    report_unexpected(reading_, *zone_, "a time zone like America/Los_Angeles");
    return false;
  }

  // A name that can be one; and one of the system's, where the system has any.
  [[nodiscard]] bool is_zone(const std::string& zone) const {
    const auto fits = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
             c == '-' || c == '+' || c == '/';
    };
    if (zone.empty() || zone.front() == '/' || zone.size() > 64 || !std::ranges::all_of(zone, fits))
      return false;
    const std::filesystem::path zones = "/usr/share/zoneinfo";
    const auto& environment = reading_.environment;
    return !environment.exists(zones / "UTC") || environment.exists(zones / zone);
  }

  bool read_expires() {
    if (!expires_) return !map_.has("expires");
    const auto text = read_text(reading_, *expires_, kDateExpected);
    if (!text) return false;
    if (limit_.window != WindowKind::credit) {
      report_error(reading_, *expires_, "only window: credit expires; remove it, or change the window");
      return false;
    }
    limit_.expires = parse_date(*text);
    if (!limit_.expires) report_unexpected(reading_, *expires_, kDateExpected);
    return limit_.expires.has_value();
  }

  bool read_models() {
    const auto models = map_.take("models");
    if (!models) return !map_.has("models");
    auto globs = read_texts(reading_, *models, "a model's id, or a pattern like \"*:free\"");
    if (globs) limit_.models = std::move(*globs);
    return globs.has_value();
  }

  bool check_kind(bool period_known) {
    if (limit_.window == WindowKind::calendar && limit_.period.unit == Period::Unit::span) {
      report_error(reading_, window_ ? *window_ : map_.field(),
                   "a calendar window is a day or a month; use fixed for other periods");
      return false;
    }
    if (limit_.window == WindowKind::credit && period_known) {
      report_error(reading_, window_ ? *window_ : map_.field(),
                   "a credit has no period; write it under other, as {" +
                       std::string(name(limit_.dimension)) + ": ..., window: credit}");
      return false;
    }
    return true;
  }

  MapReader& map_;
  Reading& reading_;
  Limit& limit_;
  std::optional<Field> window_;
  std::optional<Field> zone_;
  std::optional<Field> expires_;
};

void add(Reading& reading, const Field& field, Limit limit, std::vector<Limit>& limits) {
  const quota::EngineWindow engine = quota::engine_window(limit);
  if (!engine.exact && reading.said.insert(engine.reason).second)
    reading.report.warning(field.node->place, field.path + ": " + std::string(engine.reason));
  limits.push_back(std::move(limit));
}

// A short name: a count, or a map with `limit`.
void read_short(Reading& reading, const Field& field, const quota::ShortName& name,
                std::vector<Limit>& limits) {
  Limit limit{.dimension = name.dimension, .period = name.period};
  if (field.node->kind != Node::Kind::map) {
    const auto amount = read_count(reading, field);
    if (!amount) return;
    limit.amount = *amount;
    return add(reading, field, std::move(limit), limits);
  }
  MapReader map(reading, field);
  const auto amount_field = map.require("limit", "a count");
  const auto amount = amount_field ? read_count(reading, *amount_field) : std::nullopt;
  const bool good = WindowReader(map, limit).read(true);
  map.finish();
  if (!amount || !good) return;
  limit.amount = *amount;
  add(reading, field, std::move(limit), limits);
}

void read_concurrency(Reading& reading, const Field& field, std::vector<Limit>& limits) {
  const Range range{.least = 1};
  std::optional<std::uint64_t> amount;
  Limit limit{.dimension = Dimension::in_flight, .window = WindowKind::concurrency};
  if (field.node->kind == Node::Kind::map) {
    MapReader map(reading, field);
    if (const auto given = map.require("limit", "a count")) amount = read_count(reading, *given, range);
    if (const auto models = map.take("models"))
      if (auto globs = read_texts(reading, *models, "a model's id, or a pattern like \"*:free\""))
        limit.models = std::move(*globs);
    map.finish();
  } else {
    amount = read_count(reading, field, range);
  }
  if (!amount) return;
  limit.amount = *amount;
  add(reading, field, std::move(limit), limits);
}

// An item of `other`: {requests: 5, per: 2s, window: fixed}.
void read_other(Reading& reading, const Field& field, std::vector<Limit>& limits) {
  MapReader map(reading, field, "a map like {requests: 5, per: 2s}");
  Limit limit;
  std::size_t given = 0;
  bool good = true;
  for (const Choice<Dimension>& dimension : kDimensions) {
    const auto amount_field = map.take(dimension.word);
    if (!amount_field) continue;
    ++given;
    limit.dimension = dimension.value;
    const auto amount = read_count(reading, *amount_field);
    if (amount) limit.amount = *amount;
    good = good && amount;
  }
  good = WindowReader(map, limit).read(false) && good;
  if (field.node->kind == Node::Kind::map && given != 1) {
    report_error(reading, field,
                 "expected one of requests, tokens, input_tokens and output_tokens, got " +
                     (given == 0 ? std::string("none") : std::to_string(given)));
    good = false;
  }
  map.finish();
  if (good && field.node->kind == Node::Kind::map) add(reading, field, std::move(limit), limits);
}

}  // namespace

std::vector<Limit> read_limits(Reading& reading, const Field& field) {
  std::vector<Limit> limits;
  MapReader map(reading, field, "a map of limits");
  for (const quota::ShortName& name : quota::short_names())
    if (const auto value = map.take(name.name)) read_short(reading, *value, name, limits);
  if (const auto value = map.take("concurrency")) read_concurrency(reading, *value, limits);
  if (const auto value = map.take("other"))
    if (const auto items = read_items(reading, *value))
      for (const Field& item : *items) read_other(reading, item, limits);
  map.finish();
  return limits;
}

std::vector<Limit> read_client_limits(Reading& reading, const Field& field) {
  std::vector<Limit> limits = read_limits(reading, field);
  if (std::ranges::any_of(limits, [](const Limit& limit) { return !limit.models.empty(); }))
    report_error(reading, field, "a limit of a client's key counts all models; leave models out");
  return limits;
}

void read_charge(Reading& reading, const Field& field, ChargeRule& rule) {
  MapReader map(reading, field);
  map.word<ChargeRule::Tokens>("tokens", rule.tokens, kTokens);
  map.word<ChargeRule::Settle>("settle", rule.settle, kSettles);
  map.count("default_max_tokens", rule.default_max_tokens);
  map.flag("failures", rule.failures_count);
  map.word<bool>("cached", rule.cached_free, kCached);
  map.finish();
}

std::string_view word_of(ChargeRule::Tokens tokens) noexcept {
  return std::ranges::find(kTokens, tokens, &Choice<ChargeRule::Tokens>::value)->word;
}

std::string_view word_of(ChargeRule::Settle settle) noexcept {
  return std::ranges::find(kSettles, settle, &Choice<ChargeRule::Settle>::value)->word;
}

}  // namespace weir::config
