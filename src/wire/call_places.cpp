#include "wire/call_places.hpp"

#include <algorithm>

namespace weir::wire {

std::optional<CallPlaces::Place> CallPlaces::place(const Delta& delta) {
  if (const Call* call = begun(delta)) return Place{call->ours, false};
  const bool begins = !delta.index || delta.id || delta.has_name;
  if (!begins || calls_.size() == kMostCalls) return std::nullopt;
  const bool keeps = delta.index && !is_taken(delta.choice, *delta.index);
  const std::uint64_t ours = keeps ? *delta.index : next_index(delta.choice);
  calls_.push_back({delta.choice, delta.index.value_or(ours), ours, delta.id});
  has_moved_ = has_moved_ || (delta.index && !keeps);
  return Place{ours, true};
}

// The call that the delta goes on with. The last one begun counts: an index may have been used twice.
const CallPlaces::Call* CallPlaces::begun(const Delta& delta) const {
  const Call* last = nullptr;
  for (auto it = calls_.rbegin(); it != calls_.rend(); ++it) {
    const Call& call = *it;
    if (call.choice != delta.choice) continue;
    if (last == nullptr) last = &call;
    if (delta.index) {
      if (call.theirs != *delta.index) continue;
      // Some providers give each delta of a call an id of its own; only a name tells that another call
      // begins.
      const bool another = delta.id && delta.has_name && call.id != delta.id;
      if (!another) return &call;
    } else if (delta.id) {
      if (call.id == delta.id) return &call;
    } else if (!delta.has_name && !delta.is_alone && call.theirs == delta.position) {
      return &call;
    }
  }
  const bool goes_on = !delta.index && !delta.id && !delta.has_name && delta.is_alone;
  return goes_on ? last : nullptr;
}

bool CallPlaces::is_taken(std::uint64_t choice, std::uint64_t index) const {
  return std::ranges::any_of(calls_,
                             [&](const Call& call) { return call.choice == choice && call.ours == index; });
}

std::uint64_t CallPlaces::next_index(std::uint64_t choice) const {
  std::uint64_t next = 0;
  for (const Call& call : calls_)
    if (call.choice == choice) next = std::max(next, call.ours + 1);
  return next;
}

}  // namespace weir::wire
