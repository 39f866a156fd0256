// Choosing among many targets, where not each of them is looked at.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "support/fake_clock.hpp"
#include "support/fake_random.hpp"
#include "support/providers.hpp"
#include "weir/routing/memory.hpp"
#include "weir/routing/planner.hpp"

namespace weir::routing {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMany = 200;

// So many providers with one model each, of a thousand tokens a minute, behind one route.
struct Crowd {
  using WeightOf = double (*)(std::size_t index);

  explicit Crowd(
      Strategy strategy, WeightOf weight_of = [](std::size_t) { return 1.0; })
      : catalogue(parts(strategy, weight_of), ledger, &memory), route(*catalogue.find("r")) {}

  static Catalogue::Parts parts(Strategy strategy, WeightOf weight_of) {
    Catalogue::Parts out;
    RouteSpec spec{.name = "r", .strategy = strategy, .targets = {}};
    for (std::size_t i = 0; i < kMany; ++i) {
      const std::string name = "p" + std::to_string(i);
      out.providers.push_back(
          test::make_provider(name, {test::make_model("m")}, {test::tokens_per_minute(1000)}));
      spec.targets.push_back({.provider = name, .model = "m", .weight = weight_of(i)});
    }
    out.routes.push_back(std::move(spec));
    return out;
  }

  [[nodiscard]] const Target& target(std::size_t index) const { return *route.candidates[index].target; }

  // Leaves it so much of its minute.
  void leave(std::size_t index, std::uint64_t tokens) {
    auto taken = target(index).pool.reserve({.tokens = 1000 - tokens}, clock.now());
    std::get<quota::Reservation>(taken).keep(clock.now());
  }

  // Nothing is taken for good. Null: no room.
  const Target* choose_once(const Ask& ask = kAsk, std::span<const Target* const> excluded = {}) {
    auto chosen = choose(route, ask, excluded, clock.now(), random);
    auto* const choice = std::get_if<Choice>(&chosen);
    if (choice == nullptr) return nullptr;
    choice->reservation.refund(clock.now());
    return choice->target;
  }

  static constexpr Ask kAsk{.prompt_tokens = 10, .output_tokens = 0, .max_tokens = 0};

  test::FakeClock clock;
  test::SeededRandom random{20261128};
  quota::Ledger ledger;
  Memory memory;
  Catalogue catalogue;
  const Route& route;
};

// How often each is chosen of so many times is as likely as its score says: within five standard deviations.
void expect_chosen_by_score(Crowd& crowd) {
  constexpr int kTimes = 100'000;
  std::map<const Target*, int> chosen;
  for (int i = 0; i < kTimes; ++i) ++chosen[crowd.choose_once()];
  EXPECT_FALSE(chosen.contains(nullptr));
  const auto candidacies = dry_run(crowd.route, Crowd::kAsk, crowd.clock.now());
  double total = 0;
  for (const Candidacy& one : candidacies) total += one.score.value_or(0);
  for (const Candidacy& one : candidacies) {
    const double share = one.score.value_or(0) / total;
    const double deviation = std::sqrt(kTimes * share * (1 - share));
    EXPECT_NEAR(chosen[one.target], kTimes * share, 5 * deviation) << one.target->name();
  }
}

TEST(DrawAmongMany, FollowsWeightAndHeadroom) {
  Crowd crowd(Strategy::headroom, [](std::size_t i) { return i % 7 == 0 ? 3.0 : 1.0; });
  for (std::size_t i = 0; i < kMany; ++i) crowd.leave(i, i % 5 * 200);  // every fifth has none left
  expect_chosen_by_score(crowd);
}

TEST(DrawAmongMany, FollowsWeightAndHeadroomWhereMostAreFull) {
  Crowd crowd(Strategy::headroom);
  for (std::size_t i = 0; i < kMany; ++i) crowd.leave(i, i % 40 == 0 ? 20 * i / 40 + 100 : 0);
  expect_chosen_by_score(crowd);
}

TEST(DrawAmongMany, FollowsWeightAloneWhereSaidSo) {
  Crowd crowd(Strategy::weighted, [](std::size_t i) { return i < 10 ? 10.0 : 0.5; });
  for (std::size_t i = 0; i < kMany; ++i) crowd.leave(i, i % 5 * 200);
  expect_chosen_by_score(crowd);
}

TEST(DrawAmongMany, FindsTheOneThatHasRoom) {
  for (const Strategy strategy :
       {Strategy::headroom, Strategy::weighted, Strategy::priority, Strategy::fastest}) {
    Crowd crowd(strategy);
    for (std::size_t i = 0; i < kMany; ++i) crowd.leave(i, i == 137 ? 1000 : 0);
    EXPECT_EQ(crowd.choose_once(), &crowd.target(137)) << name(strategy);
    crowd.leave(137, 0);
    EXPECT_EQ(crowd.choose_once(), nullptr) << name(strategy);
  }
}

TEST(DrawAmongMany, NeverChoosesWhatHadItsTurn) {
  for (const Strategy strategy :
       {Strategy::headroom, Strategy::weighted, Strategy::priority, Strategy::fastest}) {
    Crowd crowd(strategy);
    std::vector<const Target*> had_turn;
    for (std::size_t i = 0; i < kMany; ++i) {
      const Target* const chosen = crowd.choose_once(Crowd::kAsk, had_turn);
      ASSERT_NE(chosen, nullptr) << name(strategy);
      ASSERT_EQ(std::ranges::find(had_turn, chosen), had_turn.end()) << name(strategy);
      had_turn.push_back(chosen);
    }
    EXPECT_EQ(crowd.choose_once(Crowd::kAsk, had_turn), nullptr) << name(strategy);
  }
}

TEST(DrawAmongMany, TheFastestThatHasRoomIsTaken) {
  Crowd crowd(Strategy::fastest);
  for (std::size_t i = 0; i < kMany; ++i) crowd.target(i).speed->note_commit(1s + 1ms * ((i + 50) % kMany));
  for (std::size_t i = 150; i < 155; ++i) crowd.leave(i, 0);
  int taken = 0;
  for (int i = 0; i < 1000; ++i)
    if (crowd.choose_once() == &crowd.target(155)) ++taken;
  EXPECT_GT(taken, 900);  // the others were sent anywhere
}

TEST(DrawAmongMany, EachThatNobodyHasMeasuredIsTriedByOne) {
  Crowd crowd(Strategy::fastest);
  crowd.target(0).speed->note_commit(1ms);
  std::map<const Target*, int> tried;
  for (std::size_t i = 1; i < kMany; ++i) ++tried[crowd.choose_once()];
  EXPECT_EQ(tried.size(), kMany - 1);
  EXPECT_FALSE(tried.contains(&crowd.target(0)));
}

}  // namespace
}  // namespace weir::routing
