#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/base/time_zone.hpp"

// A limit as data: what a preset, the configuration or an answer says. No state: the ledger keeps that.
namespace weir::quota {

enum class Dimension : std::uint8_t { requests, tokens, input_tokens, output_tokens, in_flight };
enum class WindowKind : std::uint8_t {
  sliding,
  fixed,
  first_use,
  calendar,
  refill,
  interval,
  credit,
  concurrency
};
enum class Source : std::uint8_t { preset, config, header, body, inferred };

// A length of time, or a civil unit whose length a calendar knows. length is exact for second to day; for a
// month it is 31 days, the longest, which is the safe one for every window kind but calendar.
struct Period {
  enum class Unit : std::uint8_t { span, day, month } unit = Unit::span;
  Duration length{};

  friend bool operator==(const Period&, const Period&) = default;
};

inline constexpr Duration kDay = std::chrono::hours(24);
inline constexpr Period kSecondPeriod{Period::Unit::span, std::chrono::seconds(1)};
inline constexpr Period kMinutePeriod{Period::Unit::span, std::chrono::minutes(1)};
inline constexpr Period kHourPeriod{Period::Unit::span, std::chrono::hours(1)};
inline constexpr Period kDayPeriod{Period::Unit::day, kDay};
inline constexpr Period kMonthPeriod{Period::Unit::month, 31 * kDay};

// The amount of a limit that may exist, but nobody has said how large it is.
inline constexpr std::uint64_t kUnknownAmount = std::numeric_limits<std::uint64_t>::max();

struct Limit {
  Dimension dimension = Dimension::requests;
  std::uint64_t amount = 0;       // 0: not on this plan; kUnknownAmount
  Period period = kMinutePeriod;  // unused for credit and concurrency
  WindowKind window = WindowKind::sliding;
  std::string zone = "UTC";                      // calendar only, an IANA name
  std::optional<std::chrono::sys_days> expires;  // credit only
  std::vector<std::string> models;               // globs over upstream ids; empty: all of its scope
  Source source = Source::config;
  std::string as_of;  // since when the amount is known to hold, "2026-09-12"; empty: nobody said

  friend bool operator==(const Limit&, const Limit&) = default;
};

// How a provider counts.
struct ChargeRule {
  enum class Tokens : std::uint8_t { usage, prompt_plus_max_tokens, input } tokens = Tokens::usage;
  enum class Settle : std::uint8_t { usage, admission } settle = Settle::usage;  // which charge stays
  std::uint64_t default_max_tokens = 0;  // charged at admission where the request names none; 0: unknown
  bool failures_count = false;           // refused requests count
  bool cached_free = false;              // cached prompt tokens don't count

  friend bool operator==(const ChargeRule&, const ChargeRule&) = default;
};

[[nodiscard]] std::string_view name(Dimension dimension) noexcept;  // "requests"
[[nodiscard]] std::string_view name(WindowKind window) noexcept;    // "sliding"
[[nodiscard]] std::string_view name(Source source) noexcept;        // "preset"

// A window that people have a short name for: "rpm", "tpd".
struct ShortName {
  std::string_view name;
  Dimension dimension;
  Period period;
};
[[nodiscard]] std::span<const ShortName> short_names() noexcept;
// "rpm", "tpd", "concurrency"; "requests per 2s" where no short name exists.
[[nodiscard]] std::string short_name(const Limit& limit);

// How the ledger meters a limit. Where it can't count a kind of window as the provider does, it takes a kind
// that never allows more than the provider, and says what that costs. Reads the data of a calendar's zone.
struct EngineWindow {
  WindowKind kind = WindowKind::sliding;
  Duration length{};  // of the window that is metered; zero for concurrency and credit
  bool exact = true;
  std::string_view reason;         // for people, where it isn't exact; static text
  std::optional<TimeZone> zone{};  // of a calendar day or month, and of no other kind
};
[[nodiscard]] EngineWindow engine_window(const Limit& limit);

}  // namespace weir::quota
