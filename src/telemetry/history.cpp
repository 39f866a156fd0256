#include "weir/telemetry/history.hpp"

#include <algorithm>

namespace weir::telemetry {
namespace {

using Buckets = std::array<std::uint64_t, kFineBuckets>;

// Below 0 where nothing was counted.
double quantile(const Buckets& buckets, double share) {
  std::uint64_t total = 0;
  for (const std::uint64_t count : buckets) total += count;
  if (total == 0) return -1;
  double wanted = share * static_cast<double>(total);
  std::size_t i = 0;
  while (i + 1 < kFineBuckets && wanted > static_cast<double>(buckets[i])) {
    wanted -= static_cast<double>(buckets[i]);
    ++i;
  }
  return fine_middle_ms(i);
}

void push(std::deque<Point>& points, const Point& point, std::size_t most) {
  points.push_back(point);
  if (points.size() > most) points.pop_front();
}

}  // namespace

History::History(const Telemetry& telemetry, Instant now)
    : telemetry_(telemetry),
      step_ended_at_(now.boot),
      ended_at_(now.wall),
      coarse_ended_at_(now.wall),
      at_step_(read(telemetry)),
      at_coarse_step_(at_step_) {}

History::Sums History::read(const Telemetry& telemetry) {
  const auto sums = std::make_unique<GeneralCounters>();  // too large for a stack
  telemetry.add_up(*sums);
  Sums out;
  out.counts.requests = sums->chats.value();
  out.counts.errors = sums->failed.value();
  out.counts.prompt_tokens = sums->prompt_tokens.value();
  out.counts.completion_tokens = sums->completion_tokens.value();
  for (std::size_t i = 0; i < kFineBuckets; ++i) {
    out.first_byte[i] = sums->first_byte[i].value();
    out.plain[i] = sums->plain[i].value();
  }
  return out;
}

Point History::point_between(const Sums& before, const Sums& after) {
  Buckets first_byte{};
  Buckets plain{};
  for (std::size_t i = 0; i < kFineBuckets; ++i) {
    first_byte[i] = after.first_byte[i] - before.first_byte[i];
    plain[i] = after.plain[i] - before.plain[i];
  }
  return {.requests = after.counts.requests - before.counts.requests,
          .errors = after.counts.errors - before.counts.errors,
          .prompt_tokens = after.counts.prompt_tokens - before.counts.prompt_tokens,
          .completion_tokens = after.counts.completion_tokens - before.counts.completion_tokens,
          .ttfb_p50_ms = quantile(first_byte, 0.5),
          .ttfb_p95_ms = quantile(first_byte, 0.95),
          .plain_p50_ms = quantile(plain, 0.5),
          .plain_p95_ms = quantile(plain, 0.95)};
}

void History::sample(Instant now) {
  const std::lock_guard lock(mutex_);
  if (now.boot < step_ended_at_ + kStep) return;
  const Sums sums = read(telemetry_);
  const auto over = (now.boot - step_ended_at_) / kStep;
  step_ended_at_ += over * kStep;
  ended_at_ = now.wall_at(step_ended_at_);
  // A machine that slept for longer than all that is kept has nothing else to show.
  const auto most = static_cast<std::int64_t>(kCoarsePoints * kFineInCoarse);
  for (std::int64_t i = 0; i < std::min<std::int64_t>(over, most); ++i)
    close_step(point_between(at_step_, sums), sums);
}

void History::close_step(const Point& point, const Sums& sums) {
  push(fine_, point, kFinePoints);
  at_step_ = sums;
  if (++steps_ % kFineInCoarse != 0) return;
  push(coarse_, point_between(at_coarse_step_, sums), kCoarsePoints);
  at_coarse_step_ = sums;
  coarse_ended_at_ = ended_at_;
}

BootTime History::next_at() const {
  const std::lock_guard lock(mutex_);
  return step_ended_at_ + kStep;
}

Series History::recent() const {
  const std::lock_guard lock(mutex_);
  return {.step = kStep, .end = ended_at_, .points = {fine_.begin(), fine_.end()}};
}

Series History::day() const {
  const std::lock_guard lock(mutex_);
  return {.step = kStep * kFineInCoarse, .end = coarse_ended_at_, .points = {coarse_.begin(), coarse_.end()}};
}

std::uint64_t History::steps() const {
  const std::lock_guard lock(mutex_);
  return steps_;
}

}  // namespace weir::telemetry
