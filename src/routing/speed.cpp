#include "weir/routing/speed.hpp"

#include <algorithm>
#include <chrono>

namespace weir::routing {
namespace {

// Below, the time is that of a packet or two.
constexpr std::uint64_t kTelling = 32;  // tokens
constexpr Duration kExploring = std::chrono::seconds(10);

double seconds(Duration duration) noexcept {
  return std::chrono::duration<double>(duration).count();
}

void blend(std::atomic<double>& average, double sample) noexcept {
  constexpr double kNewest = 0.2;
  const double before = average.load(std::memory_order_relaxed);
  average.store(before < 0 ? sample : before + (sample - before) * kNewest, std::memory_order_relaxed);
}

std::optional<double> known(const std::atomic<double>& average) noexcept {
  const double value = average.load(std::memory_order_relaxed);
  return value < 0 ? std::nullopt : std::optional(value);
}

}  // namespace

void Speed::note_commit(Duration took) noexcept {
  blend(to_commit_, seconds(std::max(took, Duration::zero())));
}

void Speed::note_stream(std::uint64_t tokens, Duration took) noexcept {
  if (tokens < kTelling || took <= Duration::zero()) return;
  blend(rate_, static_cast<double>(tokens) / seconds(took));
}

void Speed::note_plain(std::uint64_t tokens, Duration took) noexcept {
  if (took <= Duration::zero()) return;
  if (tokens < kTelling) return note_commit(took);
  // At least a tenth of the time is writing, whatever the average says of the beginning.
  const double all = seconds(took);
  const double writing = std::max(all - known(to_commit_).value_or(0), all / 10);
  blend(rate_, static_cast<double>(tokens) / writing);
}

std::optional<Duration> Speed::to_commit() const noexcept {
  const auto value = known(to_commit_);
  if (!value) return std::nullopt;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*value));
}

std::optional<double> Speed::tokens_per_second() const noexcept {
  return known(rate_);
}

std::optional<Duration> Speed::expected(std::uint64_t output_tokens) const noexcept {
  constexpr double kLongest = 1e9;  // seconds: what a Duration can hold
  const auto begin = known(to_commit_);
  const auto rate = known(rate_);
  if (!begin && !rate) return std::nullopt;
  double sum = begin.value_or(0);
  if (rate && *rate > 0) sum += static_cast<double>(output_tokens) / *rate;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::min(sum, kLongest)));
}

bool Speed::is_due(std::int64_t explored_at, BootTime now) const noexcept {
  if (known(to_commit_) || known(rate_)) return false;
  return explored_at == kNever || now.time_since_epoch().count() - explored_at >= kExploring.count();
}

bool Speed::is_unexplored(BootTime now) const noexcept {
  return is_due(explored_at_.load(std::memory_order_relaxed), now);
}

bool Speed::explore(BootTime now) noexcept {
  std::int64_t before = explored_at_.load(std::memory_order_relaxed);
  return is_due(before, now) && explored_at_.compare_exchange_strong(before, now.time_since_epoch().count(),
                                                                     std::memory_order_relaxed);
}

Speed& SpeedTable::of(std::string_view target) {
  const std::lock_guard lock(mutex_);
  const auto known = speeds_.find(target);
  return known != speeds_.end() ? known->second : speeds_.try_emplace(std::string(target)).first->second;
}

}  // namespace weir::routing
