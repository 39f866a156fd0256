#include "quota/breaker.hpp"

namespace weir::quota {

void RecentFailures::note(bool has_failed, BootTime now) {
  const std::int64_t second = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  const std::int64_t passed = std::min(second - newest_, kSeconds);
  for (std::int64_t i = 0; i < passed; ++i) seconds_[static_cast<std::size_t>((second - i) % kSeconds)] = {};
  newest_ = std::max(newest_, second);
  Second& counted = seconds_[static_cast<std::size_t>(newest_ % kSeconds)];
  ++counted.requests;
  if (has_failed) ++counted.failures;
}

bool RecentFailures::are_half(const BreakerRule& rule) const {
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
  for (const Second& second : seconds_) {
    requests += second.requests;
    failures += second.failures;
  }
  return requests >= std::max(kEnough, 2 * std::uint64_t{rule.failures}) && 2 * failures >= requests;
}

bool Breaker::failed(std::uint32_t id, const BreakerRule& rule, Instant now) {
  if (rule.failures == 0) return false;
  if (is_open_ && probe_ != id) return false;
  if (!is_open_) {
    recent_.note(true, now.boot);
    if (++failures_ < rule.failures && !recent_.are_half(rule)) return false;
  }
  const Duration open_for = pause_ > Duration::zero() ? pause_ : rule.open_for;
  is_open_ = true;
  until_ = now.boot + open_for;
  pause_ = std::min(2 * open_for, std::max(kLongest, rule.open_for));
  failures_ = 0;
  probe_.reset();
  recent_ = {};
  return true;
}

}  // namespace weir::quota
