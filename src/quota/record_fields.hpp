#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>

#include "weir/quota/intent_log.hpp"

// How values are fitted into a record's few fields, and come out again.
namespace weir::quota {

[[nodiscard]] inline std::uint64_t put_pair(std::uint64_t high, std::uint64_t low) noexcept {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  return std::min(high, kMost) << 32U | std::min(low, kMost);
}

inline void put_cost(IntentRecord& record, const Cost& cost) noexcept {
  record.first = put_pair(cost.requests, cost.tokens);
  record.second = put_pair(cost.input_tokens, cost.output_tokens);
}
[[nodiscard]] inline Cost cost_of(const IntentRecord& record) noexcept {
  constexpr std::uint64_t kLow = std::numeric_limits<std::uint32_t>::max();
  return {.requests = record.first >> 32U,
          .tokens = record.first & kLow,
          .input_tokens = record.second >> 32U,
          .output_tokens = record.second & kLow};
}

// In whole milliseconds, up to 49 days; the record's unit says whether it is a civil one.
[[nodiscard]] inline std::uint32_t milliseconds_of(const Period& period) noexcept {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(period.length).count();
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(ms, 0, std::numeric_limits<std::uint32_t>::max()));
}
[[nodiscard]] inline Period period_of(Period::Unit unit, std::uint32_t ms) noexcept {
  return {unit, std::chrono::milliseconds(ms)};
}

inline void put_time(IntentRecord& record, BootTime time) noexcept {
  record.second = static_cast<std::uint64_t>(time.time_since_epoch().count());
}
// Moved by a restart's shift; a state that needs a person stays one.
[[nodiscard]] inline BootTime time_of(const IntentRecord& record, Duration shift) noexcept {
  const BootTime time(Duration(static_cast<Duration::rep>(record.second)));
  return time == BootTime::max() ? time : time + shift;
}

// What an answer said of a window: the amounts in 48 bits each, in the rest the seconds to the reset, rounded
// up, and one more, 0 where none is said; `detail` says whether it is the calendar's. Figures beyond these
// bits are nonsense.
struct ObservedBits {
  static constexpr unsigned kAmount = 48;
  static constexpr std::uint64_t kUntold = (std::uint64_t{1} << kAmount) - 1;
};

inline void put_observation(IntentRecord& record, const Observation& said) noexcept {
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max() - 1;
  std::uint64_t reset = 0;
  if (said.reset && *said.reset > Duration::zero())
    reset = 1 + static_cast<std::uint64_t>(
                    std::min(std::chrono::ceil<std::chrono::seconds>(*said.reset).count(), kMost));
  record.dimension = said.dimension;
  record.unit = said.period.unit;
  record.model = milliseconds_of(said.period);
  record.detail = said.by_calendar ? 1 : 0;
  record.first = said.limit.value_or(ObservedBits::kUntold) | reset >> 16U << ObservedBits::kAmount;
  record.second = said.remaining.value_or(ObservedBits::kUntold) | reset << ObservedBits::kAmount;
}
[[nodiscard]] inline Observation observation_of(const IntentRecord& record) noexcept {
  const auto amount = [](std::uint64_t field) -> std::optional<std::uint64_t> {
    const std::uint64_t value = field & ObservedBits::kUntold;
    return value == ObservedBits::kUntold ? std::nullopt : std::optional(value);
  };
  Observation said;
  said.dimension = record.dimension;
  said.period = period_of(record.unit, record.model);
  said.limit = amount(record.first);
  said.remaining = amount(record.second);
  const std::uint64_t reset =
      record.first >> ObservedBits::kAmount << 16U | record.second >> ObservedBits::kAmount;
  if (reset > 0) said.reset = std::chrono::seconds(reset - 1);
  said.by_calendar = record.detail != 0;
  return said;
}

// What a refusal for quota said, in `detail`, `dimension`, `unit` and `model`; until in `second`.
struct RefusalBits {
  static constexpr std::uint8_t kDimension = 1;
  static constexpr std::uint8_t kPeriod = 2;
  static constexpr std::uint8_t kWait = 4;
  static constexpr std::uint8_t kAccount = 8;
  static constexpr unsigned kCauseShift = 4;
  static constexpr unsigned kCauseMask = 7;
  static constexpr std::uint8_t kGuessed = 128;
};

inline void put_refusal(IntentRecord& record, const QuotaRefusal& said) noexcept {
  unsigned bits = static_cast<unsigned>(said.cause) << RefusalBits::kCauseShift;
  if (said.dimension) bits |= RefusalBits::kDimension;
  if (said.period) bits |= RefusalBits::kPeriod;
  if (said.wait) bits |= RefusalBits::kWait;
  if (said.whole_account) bits |= RefusalBits::kAccount;
  if (said.wait_is_guessed) bits |= RefusalBits::kGuessed;
  record.detail = static_cast<std::uint8_t>(bits);
  record.dimension = said.dimension.value_or(Dimension::requests);
  record.unit = said.period ? said.period->unit : Period::Unit::span;
  record.model = said.period ? milliseconds_of(*said.period) : 0;
  record.second = static_cast<std::uint64_t>(said.wait.value_or(Duration::zero()).count());
}
[[nodiscard]] inline QuotaRefusal refusal_of(const IntentRecord& record) noexcept {
  QuotaRefusal said;
  if ((record.detail & RefusalBits::kDimension) != 0) said.dimension = record.dimension;
  if ((record.detail & RefusalBits::kPeriod) != 0) said.period = period_of(record.unit, record.model);
  if ((record.detail & RefusalBits::kWait) != 0)
    said.wait = Duration(static_cast<Duration::rep>(record.second));
  said.whole_account = (record.detail & RefusalBits::kAccount) != 0;
  said.wait_is_guessed = (record.detail & RefusalBits::kGuessed) != 0;
  said.cause =
      static_cast<CooldownCause>((record.detail >> RefusalBits::kCauseShift) & RefusalBits::kCauseMask);
  return said;
}

}  // namespace weir::quota
