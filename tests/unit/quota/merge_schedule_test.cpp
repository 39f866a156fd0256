// Random traffic, late and lost answers included, against a provider that counts by its own code and tells
// its figures. Whatever it tells must never make us send what it would refuse.

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>

#include "quota_fixture.hpp"

namespace weir::quota {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

constexpr Duration kJourney = milliseconds(20);  // one way
constexpr Duration kPeriod = minutes(1);

enum class Charging : std::uint8_t { at_admission, at_end };

struct Manner {
  WindowKind window = WindowKind::sliding;
  Charging charging = Charging::at_admission;
  bool answers_get_lost = true;
  bool estimates_are_too_low = false;  // then refusals are no wonder
  std::uint64_t limit = 1000;
};

// Counts tokens as it sees them; refuses what would be too much.
class CountingProvider {
 public:
  explicit CountingProvider(const Manner& manner) : manner_(manner) {}

  [[nodiscard]] std::uint64_t counted(Instant now) const {
    std::uint64_t sum = 0;
    for (const auto& [id, entry] : entries_) {
      const bool counts = manner_.window == WindowKind::sliding ? entry.at.boot + kPeriod > now.boot
                                                                : window_of(entry.at) == window_of(now);
      if (counts && entry.is_visible) sum += entry.cost;
    }
    return sum;
  }
  // Whether it takes the request.
  [[nodiscard]] bool admit(std::uint64_t id, std::uint64_t cost, Instant now) {
    const bool at_admission = manner_.charging == Charging::at_admission;
    if (counted(now) + (at_admission ? cost : 0) > manner_.limit) return false;
    entries_[id] = {now, cost, at_admission};
    return true;
  }
  void finish(std::uint64_t id, std::uint64_t used) {
    entries_[id].cost = used;
    entries_[id].is_visible = true;
  }

 private:
  struct Entry {
    Instant at;
    std::uint64_t cost = 0;
    bool is_visible = false;
  };
  [[nodiscard]] static std::int64_t window_of(Instant at) {
    return at.wall.time_since_epoch() / Duration(kPeriod);
  }

  Manner manner_;
  std::map<std::uint64_t, Entry> entries_;
};

// Virtual time: what is to happen, in its order.
class Agenda {
 public:
  explicit Agenda(weir::test::FakeClock& clock) : clock_(clock) {}
  void in(Duration time, std::function<void()> action) {
    actions_.emplace(clock_.now().boot + time, std::move(action));
  }
  void run_until(BootTime end) {
    while (!actions_.empty() && actions_.begin()->first <= end) {
      auto next = actions_.extract(actions_.begin());
      clock_.advance(next.key() - clock_.now().boot);
      next.mapped()();
    }
  }

 private:
  weir::test::FakeClock& clock_;
  std::multimap<BootTime, std::function<void()>> actions_;
};

class Traffic {
 public:
  Traffic(std::uint64_t seed, const Manner& manner)
      : random_(seed), manner_(manner), provider_(manner), agenda_(clock_) {
    const Limits limits{tpm(manner.limit, manner.window)};
    pool_ = ledger_.bind("account", "model", {}, limits, {});
  }

  void run(Duration time) {
    agenda_.in({}, [this] { arrive(); });
    agenda_.run_until(clock_.now().boot + time);
  }
  [[nodiscard]] std::uint64_t drift() const { return pool_.view(clock_.now())[0].drift; }

 private:
  [[nodiscard]] std::uint64_t upto(std::uint64_t most) { return random_() % (most + 1); }
  [[nodiscard]] Duration time_upto(Duration most) {
    return Duration(static_cast<Duration::rep>(upto(static_cast<std::uint64_t>(most.count()))));
  }

  // A client comes; the next one is on its way.
  void arrive() {
    agenda_.in(time_upto(milliseconds(1500)), [this] { arrive(); });
    const std::uint64_t cost = 1 + upto(manner_.limit / 10);
    auto outcome = pool_.reserve(tokens(cost), clock_.now());
    auto* const reservation = std::get_if<Reservation>(&outcome);
    if (reservation == nullptr) return;
    reservation->send(clock_.now());
    const std::uint64_t id = next_id_++;
    under_way_[id] = std::move(*reservation);
    if (manner_.answers_get_lost && upto(9) == 0) {  // nothing arrived
      agenda_.in(time_upto(seconds(30)), [this, id] { give_up(id); });
      return;
    }
    agenda_.in(kJourney, [this, id, cost] { serve(id, cost); });
  }

  void serve(std::uint64_t id, std::uint64_t cost) {
    const bool is_taken = provider_.admit(id, cost, clock_.now());
    if (!is_taken && manner_.estimates_are_too_low) return refuse(id);
    ASSERT_TRUE(is_taken) << "refused request " << id;
    if (manner_.answers_get_lost && upto(9) == 0) {
      agenda_.in(time_upto(seconds(30)), [this, id] { give_up(id); });
      return;
    }
    const Duration thinks = time_upto(upto(4) == 0 ? seconds(40) : seconds(2));
    agenda_.in(thinks, [this, id, cost] { answer(id, cost); });
  }

  [[nodiscard]] Observation head() const {
    const std::uint64_t counted = std::min(provider_.counted(clock_.now()), manner_.limit);
    return heard(Dimension::tokens, kMinutePeriod, manner_.limit, manner_.limit - counted);
  }
  void observe(std::uint64_t id, const Observation& head) {
    EXPECT_FALSE(under_way_[id].observe({&head, 1}, clock_.now()));  // nobody else uses the key
  }

  void refuse(std::uint64_t id) {
    agenda_.in(kJourney, [this, id, head = head()] {
      observe(id, head);
      under_way_[id].refuse(clock_.now());
      under_way_.erase(id);
    });
  }

  void answer(std::uint64_t id, std::uint64_t cost) {
    const std::uint64_t used = manner_.estimates_are_too_low ? cost + upto(3 * cost) : upto(cost);
    // A plain answer is written when its usage is known, a stream's head is not.
    const bool is_plain = manner_.estimates_are_too_low && upto(1) == 0;
    if (is_plain) provider_.finish(id, used);
    agenda_.in(kJourney, [this, id, head = head()] { observe(id, head); });
    agenda_.in(is_plain ? Duration::zero() : time_upto(seconds(20)), [this, id, used] {
      provider_.finish(id, used);
      agenda_.in(kJourney, [this, id, used] {
        under_way_[id].settle(tokens(used), clock_.now());
        under_way_.erase(id);
      });
    });
  }

  void give_up(std::uint64_t id) {
    under_way_[id].keep(clock_.now());
    under_way_.erase(id);
  }

  std::mt19937_64 random_;
  Manner manner_;
  weir::test::FakeClock clock_;
  Ledger ledger_;
  Pool pool_;
  CountingProvider provider_;
  Agenda agenda_;
  std::map<std::uint64_t, Reservation> under_way_;
  std::uint64_t next_id_ = 1;
};

void expect_no_refusals(const Manner& manner) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Traffic traffic(seed, manner);
    traffic.run(minutes(30));
    EXPECT_EQ(traffic.drift(), 0U);  // nobody else uses the key
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(MergeSchedules, NeverMakeRoomThatASlidingProviderHasNot) {
  expect_no_refusals({});
}

TEST(MergeSchedules, NeverMakeRoomThatAFixedProviderHasNot) {
  expect_no_refusals({.window = WindowKind::fixed});
}

TEST(MergeSchedules, NeverMakeRoomWhereUsageIsCountedOnlyAtTheEnd) {
  expect_no_refusals({.charging = Charging::at_end, .answers_get_lost = false});
  expect_no_refusals({.window = WindowKind::fixed, .charging = Charging::at_end, .answers_get_lost = false});
}

// What the provider counts of ours before we know of it looks like somebody else's use.
TEST(MergeSchedules, NeverTakeForOthersWhatOurOwnUsedBeyondTheirEstimates) {
  for (const WindowKind window : {WindowKind::sliding, WindowKind::fixed})
    for (const Charging charging : {Charging::at_admission, Charging::at_end})
      expect_no_refusals(
          {.window = window, .charging = charging, .answers_get_lost = false, .estimates_are_too_low = true});
}

}  // namespace
}  // namespace weir::quota
