#include "transport/pool.hpp"

#include <algorithm>
#include <utility>

namespace weir::transport {

Pool::Pool(net::Loop& loop, Duration idle_timeout, std::size_t idle_max)
    : loop_(loop),
      idle_timeout_(idle_timeout),
      idle_max_(idle_max),
      sweep_(loop.timers(), [this] { sweep(); }) {
  loop.add(*this);
}

Pool::Lane& Pool::lane(const Endpoint& endpoint) {
  const auto found =
      std::ranges::find_if(lanes_, [&](const auto& lane) { return lane->endpoint == endpoint; });
  if (found != lanes_.end()) return **found;
  return *lanes_.emplace_back(std::make_unique<Lane>(endpoint));
}

std::optional<Stream> Pool::take(Lane& lane) {
  const BootTime now = loop_.now().boot;
  while (!lane.idle.empty()) {
    Lane::Idle last = std::move(lane.idle.back());
    lane.idle.pop_back();
    if (now - last.since < idle_timeout_ && last.stream.is_quiet()) return std::move(last.stream);
    last.stream.close();
  }
  return std::nullopt;
}

void Pool::put(Lane& lane, Stream stream) {
  if (idle_max_ == 0) return stream.close();
  if (lane.idle.size() >= idle_max_) {
    lane.idle.front().stream.close();
    lane.idle.erase(lane.idle.begin());
  }
  const BootTime now = loop_.now().boot;
  lane.idle.push_back({std::move(stream), now});
  if (!std::exchange(sweep_armed_, true)) sweep_.arm(now + idle_timeout_);
}

bool Pool::close_idle() noexcept {
  bool has_closed = false;
  for (const auto& lane : lanes_) {
    has_closed = has_closed || !lane->idle.empty();
    for (Lane::Idle& idle : lane->idle) idle.stream.close();
    lane->idle.clear();
  }
  return has_closed;
}

// Closes what is too old and comes back when the oldest of the rest will be.
void Pool::sweep() {
  const BootTime now = loop_.now().boot;
  std::optional<BootTime> oldest;
  for (const auto& lane : lanes_) {
    auto& idle = lane->idle;
    const auto keep =
        std::ranges::find_if(idle, [&](const Lane::Idle& i) { return now - i.since < idle_timeout_; });
    for (auto old = idle.begin(); old != keep; ++old) old->stream.close();
    idle.erase(idle.begin(), keep);
    if (!idle.empty()) oldest = std::min(oldest.value_or(idle.front().since), idle.front().since);
  }
  sweep_armed_ = oldest.has_value();
  if (oldest) sweep_.arm(*oldest + idle_timeout_);
}

}  // namespace weir::transport
