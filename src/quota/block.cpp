#include "quota/block.hpp"

#include <algorithm>

namespace weir::quota {

void Block::set(Cooldown cooldown, Instant now) {
  if (cooldown_ && cooldown_->until >= cooldown.until) return;
  cooldown_ = cooldown;
  set_at_ = now.boot;
  probe_at_ = now.boot + kFirstPause;
  pause_ = kFirstPause;
}

void Block::passed(Instant now) {
  if (!cooldown(now)) return;
  pause_ = std::min(2 * pause_, kLongestPause);
  probe_at_ = now.boot + pause_;
}

}  // namespace weir::quota
