#include "quota/breaker.hpp"

namespace weir::quota {

bool Breaker::failed(std::uint32_t id, const BreakerRule& rule, Instant now) {
  if (rule.failures == 0) return false;
  if (is_open_ && probe_ != id) return false;
  if (!is_open_ && ++failures_ < rule.failures) return false;
  const Duration open_for = pause_ > Duration::zero() ? pause_ : rule.open_for;
  is_open_ = true;
  until_ = now.boot + open_for;
  pause_ = std::min(2 * open_for, std::max(kLongest, rule.open_for));
  failures_ = 0;
  probe_.reset();
  return true;
}

}  // namespace weir::quota
