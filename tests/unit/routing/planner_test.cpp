#include "weir/routing/planner.hpp"
#include "weir/routing/memory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "support/fake_clock.hpp"
#include "support/fake_random.hpp"
#include "support/providers.hpp"

namespace weir::routing {
namespace {

using test::FakeRandom;
using test::make_model;
using test::make_provider;
using test::requests_per_minute;
using test::tokens_per_minute;
using namespace std::chrono_literals;

constexpr std::uint64_t kPlenty = 1'000'000;

// Two providers with one model each, behind one route.
struct Fixture {
  Fixture(std::vector<quota::Limit> first, std::vector<quota::Limit> second,
          Strategy strategy = Strategy::headroom, std::uint32_t second_tier = 1, double second_weight = 1)
      : catalogue(parts(std::move(first), std::move(second), strategy, second_tier, second_weight), ledger,
                  &memory),
        route(*catalogue.find("r")) {}

  static Catalogue::Parts parts(std::vector<quota::Limit> first, std::vector<quota::Limit> second,
                                Strategy strategy, std::uint32_t second_tier, double second_weight) {
    Catalogue::Parts out;
    out.providers.push_back(make_provider("a", {make_model("m")}, std::move(first)));
    out.providers.push_back(make_provider("b", {make_model("m")}, std::move(second)));
    out.routes.push_back(
        {.name = "r",
         .strategy = strategy,
         .targets = {{.provider = "a", .model = "m"},
                     {.provider = "b", .model = "m", .weight = second_weight, .tier = second_tier}}});
    return out;
  }

  // The provider chosen, its quota sent and settled; "" where there is no room.
  std::string serve(double chance = 0.5, const Ask& ask = {}) {
    FakeRandom random({chance});
    auto chosen = choose(route, ask, {}, clock.now(), random);
    auto* const choice = std::get_if<Choice>(&chosen);
    if (choice == nullptr) return "";
    choice->reservation.send(clock.now());
    choice->reservation.settle(choice->fitted.cost, clock.now());
    return choice->target->provider->name;
  }

  test::FakeClock clock;
  quota::Ledger ledger;
  Memory memory;
  Catalogue catalogue;
  const Route& route;
};

TEST(Planner, WhenOneRunsDryTheOtherTakesOver) {
  Fixture f({requests_per_minute(2)}, {requests_per_minute(2)});
  std::map<std::string, int> served;
  for (int i = 0; i < 4; ++i) ++served[f.serve(0.1)];
  EXPECT_EQ(served["a"], 2);
  EXPECT_EQ(served["b"], 2);
  EXPECT_EQ(f.serve(), "");
}

TEST(Planner, NoRoomSaysWhichLimitAndTheEarliestReturn) {
  Fixture f({requests_per_minute(1)}, {requests_per_minute(1)});
  const std::string first = f.serve();
  f.clock.advance(10s);
  ASSERT_NE(f.serve(), "");
  FakeRandom random({0.5});
  const auto chosen = choose(f.route, {}, {}, f.clock.now(), random);
  const auto& none = std::get<NoRoom>(chosen);
  ASSERT_EQ(none.skips.size(), 2U);
  EXPECT_EQ(none.skips[0].reason, "rpm");
  const Skip* const back = none.first_back();
  ASSERT_NE(back, nullptr);
  EXPECT_EQ(back->target->provider->name, first);
  const Duration wait = back->available_at - f.clock.now().boot;
  EXPECT_GE(wait, 50s);
  EXPECT_LE(wait, 50s + 600ms);  // and the guard, at most a hundredth of the period
}

TEST(Planner, AtTheMomentItNamedARequestIsServed) {
  Fixture f({requests_per_minute(1)}, {requests_per_minute(1)});
  f.serve();
  f.serve();
  FakeRandom random({0.5});
  const auto chosen = choose(f.route, {}, {}, f.clock.now(), random);
  const Skip* const back = std::get<NoRoom>(chosen).first_back();
  ASSERT_NE(back, nullptr);
  f.clock.advance(back->available_at - f.clock.now().boot);
  EXPECT_NE(f.serve(), "");
}

TEST(Planner, MoreHeadroomIsDrawnMoreOften) {
  Fixture f({tokens_per_minute(1000)}, {tokens_per_minute(1000)});
  ASSERT_EQ(f.serve(0.0, {.prompt_tokens = 800}), "a");  // leaves a with a fifth, b with all
  const Ask small{.prompt_tokens = 10};
  FakeRandom random({0.3});
  const auto chosen = choose(f.route, small, {}, f.clock.now(), random);
  EXPECT_EQ(std::get<Choice>(chosen).target->provider->name, "b");
}

TEST(Planner, WeightedIgnoresHeadroom) {
  Fixture f({tokens_per_minute(1000)}, {tokens_per_minute(kPlenty)}, Strategy::weighted, 1, 1);
  ASSERT_EQ(f.serve(0.0, {.prompt_tokens = 800}), "a");
  EXPECT_EQ(f.serve(0.4, {.prompt_tokens = 10}), "a");
  EXPECT_EQ(f.serve(0.6, {.prompt_tokens = 10}), "b");
}

TEST(Planner, PriorityTakesTheFirstThatFits) {
  Fixture f({requests_per_minute(2)}, {requests_per_minute(100)}, Strategy::priority);
  EXPECT_EQ(f.serve(0.99), "a");
  EXPECT_EQ(f.serve(0.99), "a");
  EXPECT_EQ(f.serve(0.99), "b");
}

TEST(Planner, TierTwoServesOnlyWhenTierOneHasNoRoom) {
  Fixture f({requests_per_minute(1)}, {}, Strategy::headroom, 2, 1000);
  EXPECT_EQ(f.serve(0.99), "a");
  EXPECT_EQ(f.serve(0.0), "b");
}

TEST(Planner, WhatHadItsTurnIsNotChosenAgain) {
  Fixture f({}, {});
  FakeRandom random({0.0});
  const Target* const first = f.route.candidates[0].target;
  const auto chosen = choose(f.route, {}, std::span(&first, 1), f.clock.now(), random);
  EXPECT_EQ(std::get<Choice>(chosen).target->provider->name, "b");
}

TEST(Planner, ARefusedKeyIsPassedOverAndSaysWhatWouldHelp) {
  Fixture f({}, {});
  f.route.candidates[0].target->pool.cool_down_key({quota::CooldownCause::auth, BootTime::max()},
                                                   f.clock.now());
  EXPECT_EQ(f.serve(0.0), "b");
  const NoRoom all = survey(f.route, {}, f.clock.now());
  EXPECT_EQ(all.skips[0].reason, "auth");
  EXPECT_EQ(all.skips[0].available_at, BootTime::max());
  EXPECT_EQ(all.skips[0].remedy, quota::remedy(quota::CooldownCause::auth));
}

TEST(Planner, AnAskThatNoWindowCanHoldIsCalledTooLarge) {
  Fixture f({tokens_per_minute(100)}, {tokens_per_minute(100)});
  FakeRandom random({0.5});
  const auto chosen = choose(f.route, {.prompt_tokens = 500}, {}, f.clock.now(), random);
  const auto& none = std::get<NoRoom>(chosen);
  EXPECT_TRUE(none.skips[0].too_large);
  EXPECT_EQ(none.first_back(), nullptr);
}

// One target for each model, and the words with which each is passed over.
struct Offer {
  explicit Offer(std::vector<providers::Model> models) : catalogue(parts(std::move(models)), ledger) {}

  static Catalogue::Parts parts(std::vector<providers::Model> models) {
    Catalogue::Parts out;
    RouteSpec route{.name = "r", .targets = {}};
    for (const providers::Model& model : models)
      route.targets.push_back({.provider = "p", .model = model.name});
    out.providers.push_back(make_provider("p", std::move(models)));
    out.routes.push_back(std::move(route));
    return out;
  }

  [[nodiscard]] std::vector<std::string> reasons(const Ask& ask) const {
    std::vector<std::string> out;
    for (const Skip& skip : survey(*catalogue.find("r"), ask, clock.now()).skips) out.push_back(skip.reason);
    return out;
  }
  // The model chosen, "" for none.
  [[nodiscard]] std::string chosen(const Ask& ask) const {
    FakeRandom random({0.5});
    auto choice = choose(*catalogue.find("r"), ask, {}, clock.now(), random);
    const auto* const taken = std::get_if<Choice>(&choice);
    return taken == nullptr ? "" : taken->target->model->name;
  }

  test::FakeClock clock;
  quota::Ledger ledger;
  Catalogue catalogue;
};

providers::Model able(std::string name, providers::Capabilities capabilities) {
  providers::Model model = make_model(std::move(name));
  model.capabilities = capabilities;
  model.capabilities_known = true;
  return model;
}

constexpr providers::Capabilities kTools = 1;
constexpr providers::Capabilities kImages = 2;
constexpr providers::Capabilities kSchema = 4;

TEST(Filters, OnlyAModelWithWhatTheRequestUsesIsChosen) {
  const Offer offer({able("plain", 0), able("tools", kTools), able("all", kTools | kImages | kSchema)});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(offer.chosen({.needs = {.capabilities = kTools | kImages}}), "all");
  EXPECT_THAT(offer.reasons({.needs = {.capabilities = kTools}}), ::testing::ElementsAre("no tools", "", ""));
  EXPECT_THAT(offer.reasons({.needs = {.capabilities = kImages}}),
              ::testing::ElementsAre("no images", "no images", ""));
  EXPECT_THAT(offer.reasons({.needs = {.capabilities = kSchema}}),
              ::testing::ElementsAre("no json_schema", "no json_schema", ""));
}

TEST(Filters, CapabilitiesThatNobodyStatedAreNoReasonToPassAModelOver) {
  const Offer offer({make_model("mine")});
  EXPECT_EQ(offer.chosen({.needs = {.capabilities = kTools | kImages | kSchema}}), "mine");
}

TEST(Filters, PromptAndOutputMustFitTheContext) {
  providers::Model small = make_model("small");
  small.context = 8192;
  const Offer offer({small, make_model("unknown")});
  const Ask long_ask{.prompt_tokens = 8000, .output_tokens = 512, .max_tokens = 1000};
  EXPECT_THAT(offer.reasons(long_ask), ::testing::ElementsAre("context 8192 < 9000", ""));
  EXPECT_EQ(offer.chosen(long_ask), "unknown");
  EXPECT_THAT(offer.reasons({.prompt_tokens = 8000, .output_tokens = 192}), ::testing::ElementsAre("", ""));
}

TEST(Filters, ExpectedOutputIsNoMoreThanTheModelCanWrite) {
  providers::Model terse = make_model("terse");
  terse.context = 1000;
  terse.max_output = 100;
  const Offer offer({terse});
  EXPECT_EQ(offer.chosen({.prompt_tokens = 900, .output_tokens = 512}), "terse");
  EXPECT_THAT(offer.reasons({.prompt_tokens = 901, .output_tokens = 512}),
              ::testing::ElementsAre("context 1000 < 1001"));
}

TEST(Filters, SumsThatDontFitANumberAreTooLong) {
  providers::Model model = make_model("m");
  model.context = 1000;
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(Offer({model}).chosen({.prompt_tokens = 10, .max_tokens = kMost}), "");
}

TEST(Filters, NoTrainingPassesOverWhatSaysThatItTrains) {
  providers::Model trains = make_model("trains");
  trains.training = providers::Training::yes;
  providers::Model promises = make_model("promises");
  promises.training = providers::Training::no;
  const Offer offer({trains, promises, make_model("silent")});
  EXPECT_THAT(offer.reasons({.needs = {.no_training = true}}),
              ::testing::ElementsAre("trains on prompts", "", ""));
  EXPECT_THAT(offer.reasons({}), ::testing::ElementsAre("", "", ""));
}

TEST(Filters, APinLeavesOneProvider) {
  Fixture f({}, {});
  const Ask pinned{.needs = {.provider = f.route.candidates[1].target->provider}};
  EXPECT_EQ(f.serve(0.0, pinned), "b");
  const NoRoom all = survey(f.route, pinned, f.clock.now());
  EXPECT_EQ(all.skips[0].reason, "not b");
  EXPECT_EQ(all.skips[0].unfit, Unfit::other_provider);
  EXPECT_EQ(all.skips[0].available_at, BootTime::max());
  EXPECT_EQ(all.skips[1].unfit, Unfit::none);
}

TEST(Filters, WhatCannotServeTakesNoQuotaAndIsNoPlaceToWaitFor) {
  Fixture f({requests_per_minute(1)}, {requests_per_minute(1)});
  const Ask pinned{.needs = {.provider = f.route.candidates[1].target->provider}};
  ASSERT_EQ(f.serve(0.0), "a");
  f.clock.advance(10s);
  ASSERT_EQ(f.serve(0.0, pinned), "b");
  FakeRandom random({0.5});
  const auto chosen = choose(f.route, pinned, {}, f.clock.now(), random);
  const Skip* const back = std::get<NoRoom>(chosen).first_back();
  ASSERT_NE(back, nullptr);  // a is back first, and can't serve this
  EXPECT_EQ(back->target->provider->name, "b");
}

TEST(Filters, AFamilyTellsOfWhatItMayNotSpendMoneyOn) {
  Catalogue::Parts parts;
  providers::Model dear = make_model("dear", "f");
  dear.billing = providers::Billing::paid;
  providers::Model trial = make_model("trial", "f");
  trial.billing = providers::Billing::trial;
  parts.providers.push_back(make_provider("p", {dear, trial}));
  quota::Ledger ledger;
  const Catalogue catalogue(std::move(parts), ledger);
  test::FakeClock clock;
  FakeRandom random({0.5});
  for (const char* name : {"f", "auto"}) {
    const auto chosen = choose(*catalogue.find(name), {}, {}, clock.now(), random);
    const auto& none = std::get<NoRoom>(chosen);
    ASSERT_EQ(none.skips.size(), 2U);
    EXPECT_EQ(none.skips[0].reason, "paid");
    EXPECT_EQ(none.skips[1].reason, "trial");
    EXPECT_EQ(none.first_back(), nullptr);
  }
}

TEST(Fastest, PrefersTheOneThatWillHaveAnsweredFirst) {
  Fixture f({requests_per_minute(100)}, {requests_per_minute(3)}, Strategy::fastest);
  Speed& a = *f.route.candidates[0].target->speed;
  Speed& b = *f.route.candidates[1].target->speed;
  a.note_commit(100ms);
  a.note_stream(100, 2s);  // 50 tokens a second
  b.note_commit(1s);
  b.note_stream(1000, 2s);  // 500
  const Ask brief{.output_tokens = 10};
  const Ask lengthy{.output_tokens = 1000};
  EXPECT_EQ(f.serve(0.5, brief), "a");    // 0.3 s; 1.02 s
  EXPECT_EQ(f.serve(0.5, lengthy), "b");  // 20.1 s; 3 s
  EXPECT_EQ(f.serve(0.5, lengthy), "b");
  EXPECT_EQ(f.serve(0.5, lengthy), "b");
  EXPECT_EQ(f.serve(0.5, lengthy), "a");  // b has no room
}

TEST(Fastest, TriesWhatNobodyHasMeasuredFirstAndThenUsesWhatIsKnown) {
  Fixture f({}, {}, Strategy::fastest);
  f.route.candidates[0].target->speed->note_commit(100ms);
  EXPECT_EQ(f.serve(0.5), "b");
  EXPECT_EQ(f.serve(0.5), "a");  // b has not answered yet
  f.route.candidates[1].target->speed->note_commit(50ms);
  EXPECT_EQ(f.serve(0.5), "b");
}

TEST(Fastest, SendsOneRequestInTwentyAnywhere) {
  Fixture f({}, {}, Strategy::fastest);
  f.route.candidates[0].target->speed->note_commit(100ms);
  f.route.candidates[1].target->speed->note_commit(1s);
  FakeRandom exploring({0.04, 0.9});
  const auto chosen = choose(f.route, {}, {}, f.clock.now(), exploring);
  EXPECT_EQ(std::get<Choice>(chosen).target->provider->name, "b");
  EXPECT_EQ(f.serve(0.05), "a");
}

TEST(Preferred, IsTakenWhileItHasRoomAndElseAnotherIs) {
  Fixture f({requests_per_minute(100)}, {requests_per_minute(2)});
  const Ask ask{.preferred = f.route.candidates[1].target};
  EXPECT_EQ(f.serve(0.0, ask), "b");
  EXPECT_EQ(f.serve(0.0, ask), "b");
  EXPECT_EQ(f.serve(0.0, ask), "a");
}

TEST(Preferred, IsNotTakenWhereItHadItsTurnOrCannotServe) {
  Fixture f({}, {});
  const Target* const b = f.route.candidates[1].target;
  FakeRandom random({0.0});
  const auto chosen = choose(f.route, {.preferred = b}, std::span(&b, 1), f.clock.now(), random);
  EXPECT_EQ(std::get<Choice>(chosen).target->provider->name, "a");
  const Ask pinned{.needs = {.provider = f.route.candidates[0].target->provider}, .preferred = b};
  EXPECT_EQ(f.serve(0.99, pinned), "a");
}

TEST(Preferred, DoesNotStandAboveTheTierNorAboveAGivenOrder) {
  Fixture tiers({requests_per_minute(1)}, {}, Strategy::headroom, 2);
  EXPECT_EQ(tiers.serve(0.0, {.preferred = tiers.route.candidates[1].target}), "a");
  EXPECT_EQ(tiers.serve(0.0, {.preferred = tiers.route.candidates[1].target}), "b");
  Fixture order({}, {}, Strategy::priority);
  EXPECT_EQ(order.serve(0.0, {.preferred = order.route.candidates[1].target}), "a");
}

TEST(Planner, SurveyTakesNothing) {
  Fixture f({requests_per_minute(1)}, {requests_per_minute(1)});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(survey(f.route, {}, f.clock.now()).skips.size(), 2U);
  EXPECT_NE(f.serve(), "");
  EXPECT_NE(f.serve(), "");
}

}  // namespace
}  // namespace weir::routing
