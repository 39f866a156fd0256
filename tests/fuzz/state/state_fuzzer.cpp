// Whatever stands in the intent log's file and in the words that a database kept: a ledger begins with it
// without a crash, and then counts on. The first byte says how much of the rest is log; what is behind it are
// words, the first of which picks the kind of window.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <variant>
#include <vector>

#include "weir/quota/intent_log.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/quota/state.hpp"

namespace {

using namespace weir;         // NOLINT(google-build-using-namespace)
using namespace weir::quota;  // NOLINT(google-build-using-namespace)

constexpr std::uint32_t kEpoch = 7;
constexpr int kRequests = 3;

void require(bool holds) {
  if (!holds) std::abort();
}

const Instant kNow{.boot = BootTime(std::chrono::hours(30)), .wall = WallTime(std::chrono::hours(500'000))};

// Zeros where the bytes end.
class Numbers {
 public:
  explicit Numbers(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  std::uint64_t next() {
    std::uint64_t word = 0;
    const std::size_t size = std::min(bytes_.size(), sizeof word);
    std::memcpy(&word, bytes_.data(), size);
    bytes_ = bytes_.subspan(size);
    return word;
  }
  Words words() {
    Words all(next() % 20);
    for (std::uint64_t& word : all) word = next();
    return all;
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

AccountState state_of(Numbers& numbers, const Limit& limit) {
  AccountState state{.name = "account", .number = 0, .position = numbers.next(), .at = kNow};
  MeterState& meter = state.meters.emplace_back();
  meter.limit = limit;
  meter.scope = "model";
  meter.learning = numbers.words();
  meter.tally = numbers.words();
  meter.window = numbers.words();
  meter.full_until = BootTime(Duration(static_cast<std::int64_t>(numbers.next() >> 4U)));
  meter.drift = numbers.next();
  state.models.push_back({.id = "model", .meters = {0}});
  OpenState& open = state.open.emplace_back();
  open.id = static_cast<std::uint32_t>(numbers.next() % 8);
  open.is_sent = numbers.next() % 2 == 1;
  open.cost = {.requests = numbers.next(), .tokens = numbers.next(), .input_tokens = 0, .output_tokens = 0};
  open.charges = numbers.words();
  return state;
}

// A log that begins with records of its own form, so that the checksum isn't all that is ever tried.
std::vector<NumberedRecord> records_of(std::span<const std::uint8_t> bytes) {
  const std::size_t slots = std::max<std::size_t>(bytes.size() / IntentLog::kSlotBytes, 1) + 4;
  std::vector<std::byte> memory(slots * IntentLog::kSlotBytes);
  std::memcpy(memory.data(), bytes.data(), bytes.size());
  IntentLog log(memory, kEpoch, slots - 4);
  Numbers numbers(bytes);
  for (int i = 0; i < 4; ++i) {
    const auto picked = [&](auto last) { return static_cast<decltype(last)>(numbers.next() % 16); };
    IntentRecord record{.kind = picked(IntentRecord::Kind{}),
                        .detail = static_cast<std::uint8_t>(numbers.next())};
    if (record.kind > IntentRecord::Kind::pressed) continue;
    record.dimension = static_cast<Dimension>(numbers.next() % 5);
    record.id = static_cast<std::uint32_t>(numbers.next());
    record.model = static_cast<std::uint32_t>(numbers.next() % 4);
    record.first = numbers.next();
    record.second = numbers.next();
    record.at = kNow;
    log.append(record);
  }
  auto records = read_intent_log(memory, kEpoch);
  require(records.size() <= slots);
  require(std::ranges::is_sorted(records, {}, &NumberedRecord::number));
  return records;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::span<const std::uint8_t> bytes(data, size);
  const std::size_t log_size = std::min<std::size_t>(bytes[0] * 8U, size - 1);
  const auto records = records_of(bytes.subspan(1, log_size));
  Numbers numbers(bytes.subspan(1 + log_size));
  Limit limit;
  limit.amount = 1000;
  limit.window = static_cast<WindowKind>(numbers.next() % 7);
  limit.period = limit.window == WindowKind::calendar ? kDayPeriod : kMinutePeriod;
  const std::vector<AccountState> states{state_of(numbers, limit)};
  Ledger ledger;
  ledger.restore(states, records, numbers.next() % 2 == 0, kNow);
  const std::vector<Limit> limits{limit};
  const Pool pool = ledger.bind("account", "model", {}, limits, {});
  for (int i = 0; i < kRequests; ++i) {
    auto outcome = pool.reserve({.requests = 1, .tokens = 5, .input_tokens = 3, .output_tokens = 2}, kNow);
    if (auto* const taken = std::get_if<Reservation>(&outcome)) {
      taken->send(kNow);
      taken->settle({}, kNow);
    }
  }
  AccountState saved;
  for (std::size_t i = 0; i < ledger.accounts(); ++i) (void)ledger.save(i, true, saved);
  return 0;
}
