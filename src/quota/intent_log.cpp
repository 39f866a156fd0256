#include "weir/quota/intent_log.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

namespace weir::quota {
namespace {

// As it stands in memory. The checksum covers all else, the number and the epoch too, so that neither half of
// a record nor one from another lap of the ring passes for a whole one.
struct Slot {
  std::uint64_t number = 0;
  std::uint32_t checksum = 0;
  std::uint32_t epoch = 0;
  std::uint32_t account = 0;
  std::uint32_t id = 0;
  std::uint32_t model = 0;
  std::uint8_t kind = 0;
  std::uint8_t detail = 0;
  std::uint8_t dimension = 0;
  std::uint8_t unit = 0;
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  std::int64_t boot = 0;
  std::int64_t wall = 0;
};
static_assert(sizeof(Slot) == IntentLog::kSlotBytes);

// Multiply and fold, 8 bytes at a time: catches what tearing and stray bytes do; nobody forges these.
std::uint32_t checksum_of(Slot slot) noexcept {
  slot.checksum = 0;
  std::array<std::uint64_t, sizeof(Slot) / 8> words{};
  std::memcpy(words.data(), &slot, sizeof slot);
  std::uint64_t sum = 0x9E3779B97F4A7C15U;
  for (const std::uint64_t word : words) {
    sum = (sum ^ word) * 0xD6E8FEB86659FD93U;
    sum ^= sum >> 32U;
  }
  return static_cast<std::uint32_t>(sum * 0xD6E8FEB86659FD93U >> 32U) | 1U;  // never 0, as fresh memory is
}

Slot slot_of(const IntentRecord& record, std::uint64_t number, std::uint32_t epoch) noexcept {
  Slot slot{.number = number,
            .epoch = epoch,
            .account = record.account,
            .id = record.id,
            .model = record.model,
            .kind = static_cast<std::uint8_t>(record.kind),
            .detail = record.detail,
            .dimension = static_cast<std::uint8_t>(record.dimension),
            .unit = static_cast<std::uint8_t>(record.unit),
            .first = record.first,
            .second = record.second,
            .boot = record.at.boot.time_since_epoch().count(),
            .wall = record.at.wall.time_since_epoch().count()};
  slot.checksum = checksum_of(slot);
  return slot;
}

bool is_whole(const Slot& slot) noexcept {
  return slot.checksum == checksum_of(slot) &&
         slot.kind <= static_cast<std::uint8_t>(IntentRecord::Kind::pressed) &&
         slot.dimension <= static_cast<std::uint8_t>(Dimension::in_flight) &&
         slot.unit <= static_cast<std::uint8_t>(Period::Unit::month);
}

IntentRecord record_of(const Slot& slot) noexcept {
  return {.kind = static_cast<IntentRecord::Kind>(slot.kind),
          .detail = slot.detail,
          .dimension = static_cast<Dimension>(slot.dimension),
          .unit = static_cast<Period::Unit>(slot.unit),
          .account = slot.account,
          .id = slot.id,
          .model = slot.model,
          .first = slot.first,
          .second = slot.second,
          .at = {.boot = BootTime(Duration(slot.boot)), .wall = WallTime(Duration(slot.wall))}};
}

}  // namespace

IntentLog::IntentLog(std::span<std::byte> memory, std::uint32_t epoch, std::uint64_t first)
    : memory_(memory), epoch_(epoch), next_(first) {
  assert(capacity() > 0 && memory.size() % kSlotBytes == 0);
}

void IntentLog::append(const IntentRecord& record) noexcept {
  const std::uint64_t number = next_.fetch_add(1, std::memory_order_acq_rel);
  const Slot slot = slot_of(record, number, epoch_);
  std::memcpy(memory_.data() + number % capacity() * kSlotBytes, &slot, sizeof slot);
}

std::vector<NumberedRecord> read_intent_log(std::span<const std::byte> memory, std::uint32_t epoch) {
  std::vector<NumberedRecord> records;
  for (std::size_t at = 0; at + sizeof(Slot) <= memory.size(); at += sizeof(Slot)) {
    Slot slot;
    std::memcpy(&slot, memory.data() + at, sizeof slot);
    if (slot.epoch == epoch && is_whole(slot)) records.push_back({slot.number, record_of(slot)});
  }
  std::ranges::sort(records, {}, &NumberedRecord::number);
  return records;
}

}  // namespace weir::quota
