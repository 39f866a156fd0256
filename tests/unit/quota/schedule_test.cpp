// No sliding or aligned window is ever exceeded, as the provider counts.

#include "schedule.hpp"

namespace weir::quota {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

class SlidingSchedule final : public Schedule {
 public:
  explicit SlidingSchedule(const Setting& setting) : Schedule(setting, WindowKind::sliding) {}

 private:
  void check_provider() override {
    std::uint64_t sum = 0;
    for (auto entry = entries_.rbegin(); entry != entries_.rend() && entry->at > clock_.now().boot - period_;
         ++entry)
      sum += entry->cost;
    EXPECT_LE(sum, limit_);
  }

  // The wait that is named is the shortest possible one, or a cell longer where there was much traffic.
  void check_refusal(const Refusal& refusal, std::uint64_t cost) override {
    EXPECT_GT(refusal.available_at, clock_.now().boot);
    const Duration kept = period_ + std::min<Duration>(milliseconds(50), period_ / 100);
    auto first = std::ranges::find_if(
        entries_, [this, kept](const Entry& entry) { return entry.at + kept > clock_.now().boot; });
    std::uint64_t taken = held_cost() + cost;
    if (taken > limit_) return;
    for (auto entry = first; entry != entries_.end(); ++entry) taken += entry->cost;
    BootTime earliest = clock_.now().boot;
    for (; taken > limit_; ++first) {
      taken -= first->cost;
      earliest = first->at + kept;
    }
    EXPECT_GE(refusal.available_at, earliest);
    EXPECT_LE(refusal.available_at,
              earliest + (is_sparse() ? Duration::zero() : period_ / 256 + nanoseconds(1)));
  }
};

TEST(SlidingSchedules, NeverHoldMoreThanTheLimitInAnyIntervalOfThePeriod) {
  run_schedules<SlidingSchedule>(false);
}

TEST(SlidingSchedules, NeverHoldMoreThanTheLimitUnderMuchTraffic) {
  run_schedules<SlidingSchedule>(true);
}

// The provider's clock differs from ours by anything within the skew, and each request's journey adds to
// that.
class FixedSchedule : public Schedule {
 public:
  explicit FixedSchedule(const Setting& setting)
      : Schedule(setting, WindowKind::fixed),
        skew_(std::min<Duration>(milliseconds(250), setting.period / 40)),
        difference_(dice_.time_around_zero(skew_)) {}

 protected:
  [[nodiscard]] WallTime provider_time() override {
    const Duration rest = skew_ - (difference_ < Duration::zero() ? -difference_ : difference_);
    return clock_.now().wall + difference_ + dice_.time_around_zero(rest);
  }

  void check_provider() override {
    const auto window = entries_.back().provider_time.time_since_epoch() / period_;
    std::uint64_t sum = 0;
    for (const Entry& entry : entries_)
      if (entry.provider_time.time_since_epoch() / period_ == window) sum += entry.cost;
    EXPECT_LE(sum, limit_);
  }

  void check_refusal(const Refusal& refusal, std::uint64_t cost) override {
    if (held_cost() + cost > limit_) return;
    EXPECT_GT(refusal.available_at, clock_.now().boot);
    EXPECT_LE(refusal.available_at, clock_.now().boot + period_ + 2 * skew_);
  }

  Duration skew_;
  Duration difference_;
};

// Someone sets our clock, again and again, and each time it had been wrong all the time: the provider went by
// the new one from the start. What is held at that moment is lost; it was promised under another clock.
class SteppedSchedule final : public FixedSchedule {
 public:
  using FixedSchedule::FixedSchedule;

 private:
  [[nodiscard]] WallTime provider_time() override { return clock_.now().wall; }

  void disturb() override {
    if (!dice_.one_in(300)) return;
    const Duration by = skew_ + dice_.time_upto(3 * period_);
    step(dice_.one_in(2) ? by : -by);
  }

  void step(Duration by) {
    clock_.step_wall(by);
    held_.clear();
    for (Entry& entry : entries_) entry.provider_time += by;
  }
};

TEST(FixedSchedules, NeverHoldMoreThanTheLimitInAWindowWhateverTheSkew) {
  run_schedules<FixedSchedule>(false);
  run_schedules<FixedSchedule>(true);
}

TEST(FixedSchedules, NeverHoldMoreThanTheLimitInAWindowHoweverTheClockIsSet) {
  run_schedules<SteppedSchedule>(false);
  run_schedules<SteppedSchedule>(true);
}

}  // namespace
}  // namespace weir::quota
