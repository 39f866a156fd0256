#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weir/base/clock.hpp"

// Reading and writing quantities the way people write them. All of it is locale-free.
namespace weir {

// "45s", "2m30s", "1.5h", "250ms", "7d"; a bare number is seconds. Nothing for anything else or over 100
// years.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);
// "32MiB", "64kB", "1GB"; a bare number is bytes.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);
// "60", "12k", "2M", "1.5M", "1B" (thousands, not 1024).
[[nodiscard]] std::optional<std::uint64_t> parse_count(std::string_view text);
// "80%" to 0.8; within 0 and 100 %.
[[nodiscard]] std::optional<double> parse_percent(std::string_view text);

// OpenAI's form, exact to the millisecond, rounded up: "12ms", "1s", "6m0s", "1h0m0s". Never negative.
[[nodiscard]] std::string format_openai_duration(Duration duration);
// For a sentence: "350ms", "12s", "4m 5s", "5h 21m", "3d 4h".
[[nodiscard]] std::string format_for_people(Duration duration);
// "2026-11-24T08:00:00Z", rounded up to the second: a reset time must not be early.
[[nodiscard]] std::string format_utc(WallTime time);
// The shortest exact form that parse_duration reads: "45s", "10m", "1h30m".
[[nodiscard]] std::string format_duration(Duration duration);

}  // namespace weir
