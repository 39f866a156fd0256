// No bucket, first_use window or interval is ever exceeded, as the provider counts.

#include <cmath>
#include <list>

#include "schedule.hpp"

namespace weir::quota {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

// Requests take a while to arrive, one more than another, but never so that one overtakes one before it.
class Arrivals {
 public:
  [[nodiscard]] BootTime next(BootTime sent, Duration most, Dice& dice) {
    return last_ = std::max(last_, sent + dice.time_upto(most));
  }

 private:
  BootTime last_ = BootTime::min();
};

Duration guard_of(Duration period) {
  return std::min<Duration>(milliseconds(50), period / 100);
}

class RefillSchedule final : public Schedule {
 public:
  explicit RefillSchedule(const Setting& setting) : Schedule(setting, WindowKind::refill) {}

 private:
  void check_provider() override {
    drain(arrivals_.next(clock_.now().boot, guard_of(period_), dice_));
    if (level_ <= 0) filling_since_ = clock_.now().boot;
    level_ += static_cast<long double>(entries_.back().cost);
    EXPECT_LE(level_, static_cast<long double>(limit_) + 1e-4L);
  }
  void check_end(const Entry& entry, std::uint64_t charged) override {
    drain(clock_.now().boot);
    // What has run out since can't be given back.
    if (entry.at >= filling_since_)
      level_ = std::max(0.0L, level_ - static_cast<long double>(charged - entry.cost));
  }
  void drain(BootTime now) {
    if (now <= at_) return;
    level_ = std::max(0.0L, level_ - static_cast<long double>(limit_) *
                                         static_cast<long double>((now - at_).count()) /
                                         static_cast<long double>(period_.count()));
    at_ = now;
  }

  // Groq's rule: (used + requested - limit) / limit x period, and the guard.
  void check_refusal(const Refusal& refusal, std::uint64_t cost) override {
    if (held_cost() + cost > limit_) return;
    EXPECT_GT(refusal.available_at, clock_.now().boot);
    drain(clock_.now().boot);
    const long double over =
        level_ + static_cast<long double>(held_cost() + cost) - static_cast<long double>(limit_);
    const auto wait = Duration(static_cast<Duration::rep>(
        std::max(0.0L, over) / static_cast<long double>(limit_) * static_cast<long double>(period_.count())));
    EXPECT_LE(refusal.available_at, clock_.now().boot + wait + 2 * guard_of(period_));
  }

  Arrivals arrivals_;
  long double level_ = 0;
  BootTime at_ = clock_.now().boot;
  BootTime filling_since_{};
};

TEST(RefillSchedules, NeverHoldMoreThanTheBucket) {
  run_schedules<RefillSchedule>(false);
  run_schedules<RefillSchedule>(true);
}

class FirstUseSchedule final : public Schedule {
 public:
  explicit FirstUseSchedule(const Setting& setting) : Schedule(setting, WindowKind::first_use) {}

 private:
  struct Counted {
    BootTime sent;
    BootTime arrived;
    std::uint64_t cost = 0;
  };

  void check_provider() override {
    const BootTime now = arrivals_.next(clock_.now().boot, guard_of(period_), dice_);
    if (!window_.empty() && now >= window_.front().arrived + period_) window_.clear();
    window_.push_back({entries_.back().at, now, entries_.back().cost});
    std::uint64_t sum = 0;
    for (const Counted& one : window_) sum += one.cost;
    EXPECT_LE(sum, limit_);
  }
  // Nothing is reserved at a window's end, and what was reserved leaves at once: here, a little before.
  [[nodiscard]] bool may_send() const override {
    const BootTime now = clock_.now().boot;
    return window_.empty() || now < window_.front().sent + period_ - guard_of(period_) ||
           now >= window_.front().arrived + period_ + guard_of(period_);
  }
  // Whether the request that began it counted is known while the window lasts, but for the moments in which
  // nobody can tell whether it does.
  [[nodiscard]] bool may_come_to_nothing() const override {
    return window_.empty() || clock_.now().boot < window_.front().sent + period_ ||
           clock_.now().boot >= window_.front().arrived + period_ + guard_of(period_);
  }
  void check_end(const Entry& entry, std::uint64_t charged) override {
    if (window_.empty() || clock_.now().boot >= window_.front().arrived + period_) return;
    const auto found = std::ranges::find_if(
        window_, [&](const Counted& one) { return one.sent == entry.at && one.cost == charged; });
    if (found == window_.end()) return;
    found->cost = entry.cost;
    if (entry.cost == 0) window_.erase(found);  // a refused request begins no window
  }
  void check_refusal(const Refusal& refusal, std::uint64_t cost) override {
    if (held_cost() + cost > limit_) return;
    EXPECT_GT(refusal.available_at, clock_.now().boot);
    EXPECT_LE(refusal.available_at, clock_.now().boot + period_ + guard_of(period_));
  }

  Arrivals arrivals_;
  std::list<Counted> window_;
};

TEST(FirstUseSchedules, NeverHoldMoreThanTheLimitInAWindow) {
  run_schedules<FirstUseSchedule>(false);
}

TEST(IntervalSchedule, KeepsTheGapBetweenRequests) {
  weir::test::FakeClock clock;
  Ledger ledger;
  const Limits limits{make_limit(Dimension::requests, 40, kMinutePeriod, WindowKind::interval)};
  const Pool pool = ledger.bind("account", "model", {}, limits, {});
  Dice dice(3);
  std::optional<BootTime> last;
  int sent = 0;
  for (int step = 0; step < 20'000; ++step) {
    clock.advance(dice.time_upto(milliseconds(400)));
    auto outcome = pool.reserve({}, clock.now());
    auto* const taken = std::get_if<Reservation>(&outcome);
    if (taken == nullptr) continue;
    taken->send(clock.now());
    if (last) {
      EXPECT_GE(clock.now().boot - *last, milliseconds(1500));
    }
    last = clock.now().boot;
    ++sent;
  }
  EXPECT_GT(sent, 20'000 * 0.2 / 1.5 * 0.8);
}

}  // namespace
}  // namespace weir::quota
