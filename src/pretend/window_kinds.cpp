#include <algorithm>
#include <chrono>
#include <deque>

#include "weir/pretend/windows.hpp"

// One class a kind, each the shortest code that does what its rule says.
namespace weir::pretend {
namespace {

std::uint64_t changed(std::uint64_t sum, std::uint64_t charged, std::uint64_t used) {
  return std::max(sum + used, charged) - charged;
}

class Sliding final : public Window {
 public:
  explicit Sliding(const WindowRule& rule) : limit_(rule.limit), period_(rule.period) {}

  std::uint64_t used(Instant now) override {
    while (!taken_.empty() && taken_.front().at + period_ <= now.boot) {
      sum_ -= taken_.front().cost;
      taken_.pop_front();
    }
    return sum_;
  }
  Duration wait(std::uint64_t cost, Instant now) override {
    if (cost > limit_) return kNever;
    std::uint64_t left = used(now);
    if (left + cost <= limit_) return Duration::zero();
    for (const Taken& one : taken_) {
      left -= one.cost;
      if (left + cost <= limit_) return one.at + period_ - now.boot;
    }
    return Duration::zero();
  }
  void take(std::uint64_t cost, Instant now) override {
    if (taken_.empty() || taken_.back().at != now.boot) taken_.push_back({now.boot, 0});
    taken_.back().cost += cost;
    sum_ += cost;
  }
  void settle(Instant taken, std::uint64_t charged, std::uint64_t used, Instant /*now*/) override {
    const auto found = std::ranges::lower_bound(taken_, taken.boot, {}, &Taken::at);
    if (found == taken_.end() || found->at != taken.boot) return;  // over
    sum_ -= found->cost;
    found->cost = changed(found->cost, charged, used);
    sum_ += found->cost;
  }

 private:
  struct Taken {
    BootTime at;
    std::uint64_t cost = 0;
  };
  std::uint64_t limit_;
  Duration period_;
  std::deque<Taken> taken_;  // oldest first
  std::uint64_t sum_ = 0;
};

// Windows that follow each other on the wall clock.
class Civil final : public Window {
 public:
  explicit Civil(const WindowRule& rule) : rule_(rule) {}

  std::uint64_t used(Instant now) override {
    if (!window_.contains(now.wall)) {
      window_ = window_at(now.wall);
      sum_ = 0;
    }
    return sum_;
  }
  Duration wait(std::uint64_t cost, Instant now) override {
    if (cost > rule_.limit) return kNever;
    return used(now) + cost <= rule_.limit ? Duration::zero() : window_.end - now.wall;
  }
  void take(std::uint64_t cost, Instant now) override { sum_ = used(now) + cost; }
  void settle(Instant taken, std::uint64_t charged, std::uint64_t used, Instant now) override {
    (void)this->used(now);
    if (window_.contains(taken.wall)) sum_ = changed(sum_, charged, used);
  }

 private:
  [[nodiscard]] CivilWindow window_at(WallTime time) const {
    if (rule_.kind == WindowRule::Kind::day) return rule_.zone.day_of(time);
    if (rule_.kind == WindowRule::Kind::month) return rule_.zone.month_of(time);
    const WallTime start(time.time_since_epoch() / rule_.period * rule_.period);
    return {.start = start, .end = start + rule_.period};
  }

  WindowRule rule_;
  CivilWindow window_{};
  std::uint64_t sum_ = 0;
};

class FirstUse final : public Window {
 public:
  explicit FirstUse(const WindowRule& rule) : limit_(rule.limit), period_(rule.period) {}

  std::uint64_t used(Instant now) override {
    if (start_ && *start_ + period_ <= now.boot) {
      start_.reset();
      sum_ = 0;
    }
    return sum_;
  }
  Duration wait(std::uint64_t cost, Instant now) override {
    if (cost > limit_) return kNever;
    return used(now) + cost <= limit_ ? Duration::zero() : *start_ + period_ - now.boot;
  }
  void take(std::uint64_t cost, Instant now) override {
    sum_ = used(now) + cost;
    if (!start_) start_ = now.boot;
  }
  void settle(Instant taken, std::uint64_t charged, std::uint64_t used, Instant now) override {
    (void)this->used(now);
    if (start_ && taken.boot >= *start_) sum_ = changed(sum_, charged, used);
  }

 private:
  std::uint64_t limit_;
  Duration period_;
  std::optional<BootTime> start_;
  std::uint64_t sum_ = 0;
};

class Refill final : public Window {
 public:
  explicit Refill(const WindowRule& rule) : limit_(rule.limit), bucket_(rule.limit, rule.period) {}

  std::uint64_t used(Instant now) override { return bucket_.used(now.boot); }
  Duration wait(std::uint64_t cost, Instant now) override {
    return cost > limit_ ? kNever : bucket_.wait(cost, now.boot);
  }
  void take(std::uint64_t cost, Instant now) override { bucket_.take(cost, now.boot); }
  void settle(Instant /*taken*/, std::uint64_t charged, std::uint64_t used, Instant now) override {
    if (used > charged) bucket_.take(used - charged, now.boot);
    if (used < charged) bucket_.give_back(charged - used, now.boot);
  }

 private:
  std::uint64_t limit_;
  RefillBucket bucket_;
};

class Interval final : public Window {
 public:
  explicit Interval(const WindowRule& rule)
      : gap_(rule.limit > 0 ? rule.period / static_cast<Duration::rep>(rule.limit) : kNever) {}

  std::uint64_t used(Instant now) override { return now.boot < next_ ? 1 : 0; }
  Duration wait(std::uint64_t cost, Instant now) override {
    if (cost > 1 || gap_ == kNever) return kNever;
    return std::max(Duration::zero(), next_ - now.boot);
  }
  void take(std::uint64_t /*cost*/, Instant now) override { next_ = now.boot + gap_; }
  void settle(Instant /*taken*/, std::uint64_t /*charged*/, std::uint64_t /*used*/,
              Instant /*now*/) override {}

 private:
  Duration gap_;
  BootTime next_{};
};

// What only grows, and what is given back when it ends.
class Sum final : public Window {
 public:
  explicit Sum(const WindowRule& rule) : limit_(rule.limit), ends_(rule.ends) {}

  std::uint64_t used(Instant /*now*/) override { return sum_; }
  Duration wait(std::uint64_t cost, Instant now) override {
    const bool is_over = ends_ && *ends_ <= now.wall;
    return !is_over && sum_ + cost <= limit_ ? Duration::zero() : kNever;
  }
  void take(std::uint64_t cost, Instant /*now*/) override { sum_ += cost; }
  void settle(Instant /*taken*/, std::uint64_t charged, std::uint64_t used, Instant /*now*/) override {
    sum_ = changed(sum_, charged, used);
  }

 private:
  std::uint64_t limit_;
  std::optional<WallTime> ends_;
  std::uint64_t sum_ = 0;
};

}  // namespace

std::unique_ptr<Window> make_window(const WindowRule& rule) {
  switch (rule.kind) {
    case WindowRule::Kind::sliding:
      break;
    case WindowRule::Kind::aligned:
    case WindowRule::Kind::day:
    case WindowRule::Kind::month:
      return std::make_unique<Civil>(rule);
    case WindowRule::Kind::first_use:
      return std::make_unique<FirstUse>(rule);
    case WindowRule::Kind::refill:
      return std::make_unique<Refill>(rule);
    case WindowRule::Kind::interval:
      return std::make_unique<Interval>(rule);
    case WindowRule::Kind::credit:
    case WindowRule::Kind::in_flight:
      return std::make_unique<Sum>(rule);
  }
  return std::make_unique<Sliding>(rule);
}

}  // namespace weir::pretend
