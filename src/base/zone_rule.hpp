#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace weir {

// Seconds since 1970 in UTC, or as a clock shows them. Far from where these end, so that adding an offset
// never overflows.
using EpochSeconds = std::int64_t;
inline constexpr EpochSeconds kLongAgo = std::numeric_limits<EpochSeconds>::min() / 4;
inline constexpr EpochSeconds kFarAhead = std::numeric_limits<EpochSeconds>::max() / 4;

// No clock is this far from UTC, either way.
inline constexpr std::int32_t kOffsetMax = 26 * 3600;

// From start on and before end, clocks are that far ahead of UTC.
struct OffsetSpan {
  EpochSeconds start = kLongAgo;
  EpochSeconds end = kFarAhead;
  std::int32_t offset = 0;
};

// The rule of a POSIX TZ variable, with the extensions of RFC 8536: standard time, and summer time from one
// moment of each year to another. Either may be the later clock.
class ZoneRule {
 public:
  // Nothing where the text isn't one, or names a summer time but not when it is.
  [[nodiscard]] static std::optional<ZoneRule> parse(std::string_view text);

  // The span around a moment within the years of WallTime.
  [[nodiscard]] OffsetSpan span_at(EpochSeconds time) const;

 private:
  friend class RuleReader;

  // A moment of each year.
  struct Edge {
    enum class Form : std::uint8_t {
      week_of_month,  // Mm.w.d
      day_but_leap,   // Jn: 29 February is never counted
      day             // n, from 0
    } form = Form::day;
    std::uint8_t month = 1;
    std::uint8_t week = 1;     // 5: the last
    std::uint8_t weekday = 0;  // 0: Sunday
    std::int16_t day = 0;
    std::int32_t time =
        0;  // seconds after that day's midnight, by the clock that ends there; may be negative

    [[nodiscard]] EpochSeconds in(int year) const;  // as that clock shows it
  };

  std::int32_t standard_ = 0;
  std::int32_t summer_ = 0;
  bool has_summer_ = false;
  Edge summer_starts_;
  Edge summer_ends_;
};

}  // namespace weir
