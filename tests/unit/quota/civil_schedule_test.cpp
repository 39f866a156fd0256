// Random traffic over civil days and months, the two with changed clocks among them, against a provider whose
// windows stand in a table made by hand. Seeds are fixed: a failure names its seed and comes back.

#include <cstdint>
#include <random>
#include <string>

#include "quota_fixture.hpp"

namespace weir::quota {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

constexpr Duration kSkew = milliseconds(250);

struct Calendar {
  std::string_view zone;
  Period period;
  std::vector<WallTime> edges;  // the traffic goes from the first to the last
};

WallTime utc(int year, int month, int day, int hour) {
  return std::chrono::sys_days(std::chrono::year(year) / month / day) + hours(hour);
}

std::vector<Calendar> calendars() {
  return {
      // The second day has 25 hours.
      {"America/Los_Angeles",
       kDayPeriod,
       {utc(2026, 10, 31, 7), utc(2026, 11, 1, 7), utc(2026, 11, 2, 8), utc(2026, 11, 3, 8),
        utc(2026, 11, 4, 8)}},
      // The second day has 23.
      {"America/Los_Angeles",
       kDayPeriod,
       {utc(2027, 3, 13, 8), utc(2027, 3, 14, 8), utc(2027, 3, 15, 7), utc(2027, 3, 16, 7),
        utc(2027, 3, 17, 7)}},
      {"Europe/Paris",
       kMonthPeriod,
       {utc(2026, 9, 30, 22), utc(2026, 10, 31, 23), utc(2026, 11, 30, 23), utc(2026, 12, 31, 23),
        utc(2027, 1, 31, 23), utc(2027, 2, 28, 23), utc(2027, 3, 31, 22), utc(2027, 4, 30, 22)}},
  };
}

enum class WallClock : std::uint8_t { runs, is_set };

// Clients that reserve, send and end at random, mostly close together and at times just around an edge.
class CivilSchedule {
 public:
  CivilSchedule(const Calendar& calendar, WallClock wall_clock, std::uint64_t seed)
      : calendar_(calendar), wall_clock_(wall_clock), engine_(seed) {
    clock_.step_wall(calendar.edges.front() - clock_.now().wall);
    limit_ = 1 + upto(400);
    Limit limit = make_limit(Dimension::tokens, limit_, calendar.period, WindowKind::calendar);
    limit.zone = calendar.zone;
    pool_ = ledger_.bind("account", "model", {}, Limits{limit}, {});
    // While our clock is right but for the skew; where it is set, the provider's is the one it is set to.
    if (wall_clock == WallClock::runs) difference_ = around_zero(kSkew);
  }

  void run() {
    while (!::testing::Test::HasFailure()) {
      pass();
      if (clock_.now().wall > calendar_.edges.back() - hours(2)) return;  // the table ends there
      if (wall_clock_ == WallClock::is_set && upto(60) == 0) set_clock();
      if (upto(1) == 0) reserve();
      if (!held_.empty() && upto(1) == 0) send();
      if (!sent_.empty() && upto(2) == 0) end();
    }
  }

 private:
  struct Entry {
    WallTime ours;      // when it was sent
    WallTime provider;  // when it arrived
    std::uint64_t cost = 0;
  };
  struct Held {
    Reservation reservation;
    std::uint64_t cost = 0;
  };
  struct Sent {
    Reservation reservation;
    std::size_t entry = 0;
  };

  [[nodiscard]] std::uint64_t upto(std::uint64_t most) { return engine_() % (most + 1); }
  [[nodiscard]] Duration around_zero(Duration most) {
    return Duration(static_cast<Duration::rep>(upto(2 * static_cast<std::uint64_t>(most.count())))) - most;
  }
  [[nodiscard]] WallTime edge_after(WallTime time) const {
    return *std::ranges::upper_bound(calendar_.edges, time);
  }

  // About 300 steps a window; those around an edge close together.
  void pass() {
    const WallTime now = clock_.now().wall;
    const Duration to_edge = edge_after(now) - now;
    if (close_steps_ > 0) {
      --close_steps_;
      clock_.advance(milliseconds(upto(100)));
    } else if (upto(99) == 0 && to_edge > 3 * kSkew) {
      clock_.advance(to_edge + around_zero(2 * kSkew));
      close_steps_ = 10;
    } else {
      clock_.advance(calendar_.period.length / 150'000 * static_cast<int>(upto(1000)));
    }
  }

  // It had been wrong all the time: the provider went by the new one from the start. What is held is lost.
  void set_clock() {
    const WallTime now = clock_.now().wall;
    const Duration by = around_zero(hours(5));
    if (now + by < calendar_.edges.front() + hours(6) || now + by > calendar_.edges.back() - hours(6)) return;
    clock_.step_wall(by);
    held_.clear();
    for (Entry& entry : entries_) entry.provider += by;
  }

  void reserve() {
    const std::uint64_t cost = 1 + upto(std::max<std::uint64_t>(limit_ / 5, 1) - 1);
    auto outcome = pool_.reserve(tokens(cost), clock_.now());
    if (auto* const reservation = std::get_if<Reservation>(&outcome)) {
      held_.push_back({std::move(*reservation), cost});
    } else if (wall_clock_ == WallClock::runs) {
      check_wait(std::get<Refusal>(outcome), cost);
    }
  }

  void send() {
    const Instant now = clock_.now();
    Held held = std::move(held_.back());
    held_.pop_back();
    held.reservation.send(now);
    const Duration journey =
        around_zero(kSkew - (difference_ < Duration::zero() ? -difference_ : difference_));
    const bool runs = wall_clock_ == WallClock::runs;
    entries_.push_back({now.wall, runs ? now.wall + difference_ + journey : now.wall, held.cost});
    sent_.push_back({std::move(held.reservation), entries_.size() - 1});
    check_provider();
  }

  void end() {
    const std::size_t index = upto(sent_.size() - 1);
    Sent sent = std::move(sent_[index]);
    sent_.erase(sent_.begin() + static_cast<std::ptrdiff_t>(index));
    Entry& entry = entries_[sent.entry];
    const std::uint64_t used = upto(entry.cost);
    sent.reservation.settle(tokens(used), clock_.now());
    entry.cost = used;
  }

  void check_provider() const {
    const WallTime end = edge_after(entries_.back().provider);
    std::uint64_t sum = 0;
    for (const Entry& entry : entries_)
      if (edge_after(entry.provider) == end) sum += entry.cost;
    EXPECT_LE(sum, limit_);
  }

  // By the table: a cost counts until the first edge that comes more than the skew after it, and the skew.
  void check_wait(const Refusal& refusal, std::uint64_t cost) const {
    const Instant now = clock_.now();
    std::uint64_t taken = cost;
    for (const Held& held : held_) taken += held.cost;
    if (taken > limit_) return;
    std::vector<std::pair<WallTime, std::uint64_t>> returns;
    for (const Entry& entry : entries_) {
      const WallTime until = edge_after(entry.ours + kSkew) + kSkew;
      if (until > now.wall) returns.emplace_back(until, entry.cost);
    }
    std::ranges::sort(returns);
    for (const auto& [until, back] : returns) taken += back;
    WallTime expected = now.wall;
    for (std::size_t i = 0; i < returns.size() && taken > limit_; ++i) {
      expected = returns[i].first;
      taken -= returns[i].second;
    }
    EXPECT_EQ(now.wall_at(refusal.available_at), expected);
  }

  Calendar calendar_;
  WallClock wall_clock_;
  std::mt19937_64 engine_;
  weir::test::FakeClock clock_;
  Ledger ledger_;
  Pool pool_;
  std::uint64_t limit_ = 0;
  int close_steps_ = 0;
  Duration difference_{};  // the provider's clock minus ours
  std::vector<Entry> entries_;
  std::vector<Held> held_;
  std::vector<Sent> sent_;
};

void run_schedules(WallClock wall_clock) {
  for (const Calendar& calendar : calendars()) {
    for (std::uint64_t seed = 1; seed <= 200 && !::testing::Test::HasFailure(); ++seed) {
      SCOPED_TRACE(std::string(calendar.zone) + ", seed " + std::to_string(seed));
      CivilSchedule(calendar, wall_clock, seed).run();
    }
  }
}

TEST(CivilSchedules, NeverHoldMoreThanTheLimitInADayOrMonthAndWaitNoLongerThanTheSkew) {
  run_schedules(WallClock::runs);
}

TEST(CivilSchedules, NeverHoldMoreThanTheLimitHoweverTheClockIsSet) {
  run_schedules(WallClock::is_set);
}

}  // namespace
}  // namespace weir::quota
