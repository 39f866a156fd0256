#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "weir/base/clock.hpp"
#include "weir/providers/signal_tables.hpp"

// The forms of numbers and times in providers' answers, beyond those that signals.hpp offers. All of it is
// locale-free and refuses what it doesn't read to the end.
namespace weir::providers {

// The longest wait that is believed.
inline constexpr Duration kLongestWait = 3650 * std::chrono::hours(24);

// "8000". Nothing for a sign, a fraction, or a count over 10^15: Azure's -1 means that nothing is known.
[[nodiscard]] std::optional<std::uint64_t> parse_count_value(std::string_view text);

// A wait or moment in any of the forms, told apart by its shape: a date by its dashes, an epoch by its size.
[[nodiscard]] std::optional<Duration> parse_wait_of_any_form(std::string_view text, WallTime now);

// The moment that an absolute form tells, past ones too; nothing for a relative one. Without a format the
// form is told by its shape.
[[nodiscard]] std::optional<WallTime> parse_moment(std::string_view text, std::optional<ValueFormat> format);

// A wait as people write it at the begin of a text: "5631 seconds", "1 hour and 3 minutes", "4.77s.", "2m".
[[nodiscard]] std::optional<Duration> read_worded_duration(std::string_view text);

// The Go duration that text begins with, and how many bytes it takes; "9m38.016s. Need more" has 9.
struct DurationPrefix {
  Duration duration{};
  std::size_t size = 0;
};
[[nodiscard]] std::optional<DurationPrefix> read_go_duration(std::string_view text);

}  // namespace weir::providers
