#include "weir/telemetry/request_ring.hpp"

#include <algorithm>
#include <utility>

namespace weir::telemetry {
namespace {

constexpr std::size_t kLongestName = 200;
constexpr std::size_t kMostAttempts = 16;

void cut(std::string& text) {
  if (text.size() <= kLongestName) return;
  text.resize(kLongestName);
  text.shrink_to_fit();
}

}  // namespace

RequestRing::RequestRing(std::size_t capacity)
    : capacity_(capacity), slots_(std::make_unique<Slot[]>(capacity)) {}

void RequestRing::put(RequestRecord&& record) {
  for (std::string* const text : {&record.request_id, &record.model, &record.path, &record.client})
    cut(*text);
  if (record.attempts.size() > kMostAttempts) record.attempts.resize(kMostAttempts);
  const std::uint64_t number = written_.fetch_add(1, std::memory_order_acq_rel) + 1;
  Slot& slot = slots_[(number - 1) % capacity_];
  const std::lock_guard lock(slot.mutex);
  if (slot.number > number) return;  // so slow that a whole turn has gone by
  if (!slot.record) slot.record = std::make_unique<RequestRecord>();
  slot.number = number;
  *slot.record = std::move(record);
}

std::vector<RequestRecord> RequestRing::last(std::size_t most, std::uint64_t after,
                                             const std::function<bool(const RequestRecord&)>& wanted) const {
  std::vector<RequestRecord> found;
  const std::uint64_t newest = written();
  const std::uint64_t oldest = std::max(after, newest > capacity_ ? newest - capacity_ : 0);
  for (std::uint64_t number = newest; number > oldest && found.size() < most; --number) {
    Slot& slot = slots_[(number - 1) % capacity_];
    const std::lock_guard lock(slot.mutex);
    if (slot.number != number) continue;  // being written, or written over
    if (!wanted || wanted(*slot.record)) found.push_back(*slot.record);
  }
  return found;
}

}  // namespace weir::telemetry
