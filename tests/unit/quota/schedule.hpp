#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "quota_fixture.hpp"
#include "weir/quota/limit.hpp"

// Random schedules against providers that count by their own, straightforward code. Seeds are fixed: a
// failure names its seed and comes back.
namespace weir::quota::test {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  [[nodiscard]] std::uint64_t upto(std::uint64_t most) { return engine_() % (most + 1); }
  [[nodiscard]] bool one_in(std::uint64_t n) { return upto(n - 1) == 0; }
  [[nodiscard]] Duration time_upto(Duration most) {
    return Duration(static_cast<Duration::rep>(upto(static_cast<std::uint64_t>(most.count()))));
  }
  [[nodiscard]] Duration time_around_zero(Duration most) { return time_upto(2 * most) - most; }
  template <class T, std::size_t N>
  [[nodiscard]] T one_of(const T (&list)[N]) {
    return list[upto(N - 1)];
  }

 private:
  std::mt19937_64 engine_;
};

// A charge as the provider has it.
struct Entry {
  BootTime at;
  WallTime provider_time;
  std::uint64_t cost = 0;
};

struct Sent {
  Reservation reservation;
  std::size_t entry = 0;  // index in the provider's list
};

struct Held {
  Reservation reservation;
  std::uint64_t cost = 0;
};

struct Setting {
  std::uint64_t seed = 0;
  std::uint64_t limit = 1;
  Duration period = minutes(1);
  int steps_a_period = 400;
  std::uint64_t most_cost = 1;  // that one request takes
};

// Clients that reserve, send, end and drop at random, on one tokens meter.
class Schedule {
 public:
  Schedule(const Setting& setting, WindowKind window)
      : dice_(setting.seed), limit_(setting.limit), period_(setting.period), setting_(setting) {
    const Limits limits{make_limit(Dimension::tokens, limit_, {Period::Unit::span, period_}, window)};
    pool_ = ledger_.bind("account", "model", {}, limits, {});
  }
  virtual ~Schedule() = default;
  Schedule(const Schedule&) = delete;
  Schedule& operator=(const Schedule&) = delete;

  void run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) step();
  }

 protected:
  // What the provider would have to say of everything it has counted.
  virtual void check_provider() = 0;
  virtual void check_refusal(const Refusal& refusal, std::uint64_t cost) = 0;
  virtual void disturb() {}  // before each step
  [[nodiscard]] virtual WallTime provider_time() { return clock_.now().wall; }
  [[nodiscard]] virtual bool may_send() const { return true; }                  // what is held, just now
  [[nodiscard]] virtual bool may_come_to_nothing() const { return true; }       // what was sent, just now
  virtual void check_end(const Entry& /*entry*/, std::uint64_t /*charged*/) {}  // entry.cost is what stays

  // Never more than 256 costs in a period.
  [[nodiscard]] bool is_sparse() const { return setting_.steps_a_period <= 400; }
  [[nodiscard]] std::uint64_t held_cost() const {
    std::uint64_t sum = 0;
    for (const Held& held : held_) sum += held.cost;
    return sum;
  }

  Dice dice_;
  std::uint64_t limit_;
  Duration period_;
  weir::test::FakeClock clock_;
  Ledger ledger_;
  Pool pool_;
  std::vector<Entry> entries_;
  std::vector<Held> held_;

 private:
  void step() {
    // Mostly close together, at times a long pause, so that windows fill and run empty.
    const Duration pause = dice_.one_in(1000) ? 2 * period_ : 2 * period_ / setting_.steps_a_period;
    clock_.advance(dice_.time_upto(pause));
    disturb();
    switch (dice_.upto(5)) {
      case 0:
      case 1:
        reserve();
        break;
      case 2:
      case 3:
        send();
        break;
      case 4:
        end();
        break;
      case 5:
        if (!held_.empty() && dice_.one_in(3)) held_.pop_back();
        break;
    }
  }

  void reserve() {
    const std::uint64_t cost = 1 + dice_.upto(setting_.most_cost - 1);
    auto outcome = pool_.reserve(tokens(cost), clock_.now());
    if (auto* const reservation = std::get_if<Reservation>(&outcome)) {
      held_.push_back({std::move(*reservation), cost});
    } else {
      check_refusal(std::get<Refusal>(outcome), cost);
    }
  }

  void send() {
    if (held_.empty() || !may_send()) return;
    const std::size_t index = dice_.upto(held_.size() - 1);
    Held held = std::move(held_[index]);
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(index));
    held.reservation.send(clock_.now());
    entries_.push_back({clock_.now().boot, provider_time(), held.cost});
    sent_.push_back({std::move(held.reservation), entries_.size() - 1});
    check_provider();
  }

  void end() {
    if (sent_.empty()) return;
    const std::size_t index = dice_.upto(sent_.size() - 1);
    Sent sent = std::move(sent_[index]);
    sent_.erase(sent_.begin() + static_cast<std::ptrdiff_t>(index));
    Entry& entry = entries_[sent.entry];
    const std::uint64_t charged = entry.cost;
    switch (dice_.upto(3)) {
      case 0: {
        const std::uint64_t used = may_come_to_nothing() ? dice_.upto(entry.cost) : entry.cost;
        sent.reservation.settle(tokens(used), clock_.now());
        entry.cost = used;
        break;
      }
      case 1:
        if (!may_come_to_nothing()) break;
        sent.reservation.refuse(clock_.now());
        entry.cost = 0;
        break;
      case 2:
        sent.reservation.keep(clock_.now());
        break;
      default:
        break;  // dropped: it keeps its estimate
    }
    check_end(entry, charged);
  }

  Setting setting_;
  std::vector<Sent> sent_;
};

// Few large costs, which are followed exactly, or many small ones.
inline Setting draw(std::uint64_t seed, bool many) {
  constexpr std::uint64_t kLimits[] = {1, 2, 7, 50, 400, 20'000};
  constexpr Duration kPeriods[] = {seconds(1), seconds(60), hours(24)};
  Dice dice(seed * 977);
  Setting setting{.seed = seed, .limit = dice.one_of(kLimits), .period = dice.one_of(kPeriods)};
  if (many) {
    setting.limit = 500 + dice.upto(1500);
    setting.steps_a_period = 6000;
    setting.most_cost = 3;
  } else {
    setting.most_cost = std::max<std::uint64_t>(setting.limit / (1 + dice.upto(30)), 1);
  }
  return setting;
}

template <class Kind>
inline void run_schedules(bool many) {
#ifdef WEIR_SANITIZED
  const std::uint64_t seeds = many ? 2 : 12;  // ten times slower, and looked at for memory, not for counts
#else
  const std::uint64_t seeds = many ? 10 : 60;
#endif
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Setting setting = draw(seed, many);
    Kind schedule(setting);
    schedule.run(6 * setting.steps_a_period);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace weir::quota::test
