#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/quota/ledger.hpp"

// What is about to be spent, written down before it is: a ring of small records in memory that outlives the
// process (a shared mapping of a file). No record is ever waited for, and none costs a system call.
namespace weir::quota {

// One event of an account. Which fields mean something depends on the kind.
struct IntentRecord {
  enum class Kind : std::uint8_t {
    held,               // id, model, detail: the key, cost
    sent,               // id
    ended,              // id, cost (what was used), detail: the outcome
    observed,           // id, dimension, period, amounts: limit, remaining; reset; detail: by the calendar
    model_cooled,       // model, detail: the cause, until
    key_cooled,         // id: the key, detail: the cause, until
    account_cooled,     // detail: the cause, until
    refused_for_quota,  // id, dimension, period, wait; detail: which of them were said, and the cause
    corrected,          // id: the meter's index, dimension, first: used
    forgotten,          // model, detail: the key
    warmed,             // model, detail: the key: their cooldowns have been ended
    model_opened,       // model: its breaker, until
    account_opened,     // its breaker, until
    pressed,            // id: the meter's index, dimension
  };
  Kind kind = Kind::held;
  std::uint8_t detail = 0;
  Dimension dimension = Dimension::requests;
  Period::Unit unit = Period::Unit::span;
  std::uint32_t account = 0;  // its number
  std::uint32_t id = 0;       // of the reservation; of a key or a meter where there is none
  std::uint32_t model = 0;    // index in the account; period in ms where there is a reservation
  std::uint64_t first = 0;    // an amount; or requests and tokens, 32 bits each
  std::uint64_t second = 0;   // an amount; a time of the boot clock; a wait; or input and output tokens
  Instant at{};
};

// Threads: append from any, each account's records in their order if its lock is held; the rest from one.
class IntentLog {
 public:
  static constexpr std::size_t kSlotBytes = 64;

  // Writes to `memory`, aligned to 8, a whole number of slots; what stands there stays until it is
  // overwritten. `epoch` tells this run's records from those of runs before. The first record has the number
  // `first`.
  IntentLog(std::span<std::byte> memory, std::uint32_t epoch, std::uint64_t first = 1);

  void append(const IntentRecord& record) noexcept;
  // The number that the next record gets.
  [[nodiscard]] std::uint64_t position() const noexcept { return next_.load(std::memory_order_acquire); }
  [[nodiscard]] std::size_t capacity() const noexcept { return memory_.size() / kSlotBytes; }
  [[nodiscard]] std::uint32_t epoch() const noexcept { return epoch_; }

 private:
  std::span<std::byte> memory_;
  std::uint32_t epoch_;
  std::atomic<std::uint64_t> next_;
};

struct NumberedRecord {
  std::uint64_t number = 0;
  IntentRecord record;
};
// The whole records of that epoch, in the order of their numbers. One that was torn, or isn't a record, is
// left out.
[[nodiscard]] std::vector<NumberedRecord> read_intent_log(std::span<const std::byte> memory,
                                                          std::uint32_t epoch);

}  // namespace weir::quota
