// What a target draws on: scopes, cooldowns, headroom, reload.

#include "quota_fixture.hpp"

namespace weir::quota {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

class PoolTest : public QuotaTest {
 protected:
  [[nodiscard]] Cooldown until_in(Duration time, CooldownCause cause = CooldownCause::rate_limited) const {
    return {.cause = cause, .until = now().boot + time};
  }
  // A request of that pool was refused for want of quota.
  void refuse(const Pool& pool, Dimension dimension, Period period, Duration wait,
              CooldownCause cause = CooldownCause::rate_limited) const {
    QuotaRefusal said;
    said.dimension = dimension;
    said.period = period;
    said.wait = wait;
    said.cause = cause;
    send(pool).refuse_for_quota(said, now());
  }
  [[nodiscard]] Pool model(std::string_view name, const Limits& account, const Limits& own = {}) {
    return ledger_.bind("account", name, account, own, {});
  }
};

using Scope = PoolTest;
using Cool = PoolTest;
using Refused = PoolTest;
using Headroom = PoolTest;
using Reload = PoolTest;

TEST_F(Scope, OfAnAccountLimitIsSharedByItsModels) {
  const Pool first = model("first", {rpm(2)});
  const Pool second = model("second", {rpm(2)});
  serve(first);
  serve(second);
  EXPECT_FALSE(fits(first));
  EXPECT_FALSE(fits(second));
  EXPECT_EQ(view(first, "rpm").scope, "account");
}

TEST_F(Scope, OfAModelLimitIsItsOwn) {
  const Pool first = model("first", {}, {rpm(1)});
  const Pool second = model("second", {}, {rpm(1)});
  serve(first);
  EXPECT_FALSE(fits(first));
  EXPECT_TRUE(fits(second));
  EXPECT_EQ(view(first, "rpm").scope, "first");
}

TEST_F(Scope, OfAnotherAccountIsApart) {
  const Limits limits{rpm(1)};
  const Pool first = ledger_.bind("one", "m", limits, {}, {});
  const Pool second = ledger_.bind("two", "m", limits, {}, {});
  serve(first);
  EXPECT_TRUE(fits(second));
}

TEST_F(Scope, OfAPoolOverSomeModelsIsThose) {
  Limit free = rpd(1);
  free.models = {"*:free"};
  const Pool first = model("a:free", {free});
  const Pool second = model("b:free", {free});
  const Pool paid = model("a", {free});
  serve(first);
  EXPECT_FALSE(fits(second));
  EXPECT_TRUE(fits(paid));
  EXPECT_EQ(view(paid, "rpm").limit.amount, kUnknownAmount);
}

TEST_F(Cool, BlocksTheModelUntilTheMomentItEnds) {
  const Pool first = model("first", {});
  const Pool second = model("second", {});
  first.cool_down_model(until_in(seconds(7)), now());
  EXPECT_EQ(refusal(first).limit, "rate_limited");
  EXPECT_EQ(wait(first), seconds(7));
  EXPECT_EQ(first.headroom({}, now()), std::nullopt);
  EXPECT_TRUE(fits(second));
  pass(seconds(7) - nanoseconds(1));
  EXPECT_FALSE(fits(first));
  pass(nanoseconds(1));
  EXPECT_TRUE(fits(first));
  EXPECT_FALSE(first.cooldown(now()).has_value());
}

TEST_F(Cool, BlocksTheWholeAccount) {
  const Pool first = model("first", {});
  const Pool second = model("second", {});
  first.cool_down_account(until_in(seconds(7), CooldownCause::capacity), now());
  EXPECT_EQ(refusal(second).limit, "capacity");
  EXPECT_EQ(wait(second), seconds(7));
}

TEST_F(Cool, EndsAtTheLaterEndAndKeepsItsCause) {
  const Pool pool = bind({});
  pool.cool_down_model(until_in(seconds(60), CooldownCause::quota_exhausted), now());
  pool.cool_down_model(until_in(seconds(5), CooldownCause::failing), now());
  EXPECT_EQ(pool.cooldown(now())->cause, CooldownCause::quota_exhausted);
  EXPECT_EQ(wait(pool), seconds(60));
  pool.cool_down_account(until_in(seconds(90), CooldownCause::capacity), now());
  EXPECT_EQ(pool.cooldown(now())->cause, CooldownCause::capacity);
  EXPECT_EQ(wait(pool), seconds(90));
  pass(seconds(90));
  pool.cool_down_model(until_in(seconds(1), CooldownCause::failing), now());
  EXPECT_EQ(pool.cooldown(now())->cause, CooldownCause::failing);
}

TEST_F(Cool, WithoutEndIsAStateAndNotAWait) {
  const Pool pool = bind({});
  pool.cool_down_account({.cause = CooldownCause::payment_required, .until = BootTime::max()}, now());
  pass(minutes(9));
  EXPECT_EQ(refusal(pool).available_at, BootTime::max());
  EXPECT_EQ(refusal(pool).limit, "payment_required");
  EXPECT_EQ(refusal(pool).remedy, remedy(CooldownCause::payment_required));
}

// Nobody tells us that the credit was topped up: one request finds out, and the others don't pay for it.
TEST_F(Cool, AStateIsProbedByOneRequestAtATimeEverMoreSeldom) {
  const Pool pool = bind({});
  const Cooldown state{.cause = CooldownCause::auth, .until = BootTime::max()};
  pool.cool_down_model(state, now());
  for (const Duration pause : {minutes(10), minutes(20), minutes(40), minutes(80), minutes(160), minutes(320),
                               minutes(360), minutes(360)}) {
    pass(pause - seconds(1));
    EXPECT_FALSE(fits(pool)) << pause.count();
    pass(seconds(1));
    Reservation probe = send(pool);
    EXPECT_FALSE(fits(pool));
    probe.refuse(now());
    pool.cool_down_model(state, now());
    EXPECT_FALSE(fits(pool));
  }
  EXPECT_EQ(pool.cooldown(now())->cause, CooldownCause::auth);
}

TEST_F(Cool, AProbeThatIsServedEndsTheState) {
  const Pool pool = bind({});
  pool.cool_down_model({.cause = CooldownCause::payment_required, .until = BootTime::max()}, now());
  pass(minutes(10));
  serve(pool);
  EXPECT_TRUE(fits(pool));
  EXPECT_EQ(pool.cooldown(now()), std::nullopt);
}

// What was sent before the debt arose says nothing of it.
TEST_F(Cool, WhatWasUnderWayBeforeAStateDoesNotEndIt) {
  const Pool pool = bind({});
  Reservation long_stream = send(pool);
  pass(seconds(2));
  pool.cool_down_account({.cause = CooldownCause::payment_required, .until = BootTime::max()}, now());
  pass(seconds(58));
  long_stream.settle({}, now());
  EXPECT_FALSE(fits(pool));
}

TEST_F(Cool, AProbeThatNeverLeftHasItsTurnAgain) {
  const Pool pool = bind({});
  pool.cool_down_model({.cause = CooldownCause::auth, .until = BootTime::max()}, now());
  pass(minutes(10));
  for (int i = 0; i < 5; ++i) reserve(pool).refund(now());
  EXPECT_TRUE(fits(pool));
  send(pool).refuse(now());
  EXPECT_FALSE(fits(pool));
}

TEST_F(Cool, WhatIsServedEndsNoWait) {
  const Pool pool = bind({});
  Reservation before = send(pool);
  pool.cool_down_model(until_in(seconds(7)), now());
  before.settle({}, now());
  EXPECT_EQ(wait(pool), seconds(7));
}

TEST_F(Cool, OfAKeyTouchesNoOtherKeyOfItsAccount) {
  const Pool first = bind({}).with_key("main:01");
  const Pool second = bind({}).with_key("second:02");
  first.cool_down_key({.cause = CooldownCause::auth, .until = BootTime::max()}, now());
  EXPECT_FALSE(fits(first));
  EXPECT_TRUE(fits(second));
  EXPECT_TRUE(fits(bind({})));
  EXPECT_TRUE(fits(bind({}).with_key("main:03")));
  EXPECT_FALSE(fits(first));
  first.end_cooldowns(now());
  EXPECT_TRUE(fits(first));
}

TEST_F(Cool, AReloadIsAReasonToProbe) {
  const Cooldown state{.cause = CooldownCause::payment_required, .until = BootTime::max()};
  const Pool pool = bind({});
  pool.cool_down_account(state, now());
  EXPECT_FALSE(fits(pool));
  const Pool again = bind({});
  send(again).refuse(now());
  EXPECT_FALSE(fits(again));
}

TEST_F(Cool, ALimitOfZeroIsAStateWithARemedy) {
  const Pool pool = bind({rpm(0)});
  EXPECT_EQ(refusal(pool).limit, "not_on_plan");
  EXPECT_EQ(refusal(pool).available_at, BootTime::max());
  EXPECT_FALSE(refusal(pool).remedy.empty());
}

TEST_F(Cool, GivesWayToALimitThatEndsLater) {
  const Pool pool = bind({rpm(1)});
  serve(pool);
  pool.cool_down_model(until_in(seconds(7)), now());
  EXPECT_EQ(refusal(pool).limit, "rpm");
  EXPECT_EQ(wait(pool), kMinuteHeld);
}

TEST_F(Cool, DoesNotHideThatTheCostNeverFits) {
  const Pool pool = bind({tpm(100)});
  pool.cool_down_model({.cause = CooldownCause::auth, .until = BootTime::max()}, now());
  EXPECT_TRUE(refusal(pool, tokens(101)).too_large);
}

TEST_F(Refused, LeavesNoRoomUntilThatMomentAndNoLater) {
  const Pool pool = bind({rpm(30), tpm(8000)});
  refuse(pool, Dimension::tokens, kMinutePeriod, seconds(4));
  EXPECT_EQ(refusal(pool, tokens(1)).limit, "tpm");
  EXPECT_EQ(wait(pool, tokens(1)), seconds(4));
  EXPECT_EQ(view(pool, "tpm").left, 0U);
  EXPECT_EQ(view(pool, "tpm").reset, now().boot + seconds(4));
  EXPECT_EQ(view(pool, "rpm").left, 30U);
  pass(seconds(4) - nanoseconds(1));
  EXPECT_FALSE(fits(pool, tokens(1)));
  pass(nanoseconds(1));
  EXPECT_TRUE(fits(pool, tokens(8000)));
}

TEST_F(Refused, OfAMinuteLeavesTheDayAlone) {
  const Pool pool = bind({rpm(30), rpd(1000)});
  refuse(pool, Dimension::requests, kMinutePeriod, seconds(4));
  EXPECT_EQ(view(pool, "rpd").left, 1000U);
}

TEST_F(Refused, BlamesTheScopeThatIsNearestToFull) {
  const Pool first = model("first", {rpm(100)}, {rpm(30)});
  const Pool second = model("second", {rpm(100)}, {rpm(30)});
  for (int i = 0; i < 25; ++i) serve(first);
  refuse(first, Dimension::requests, kMinutePeriod, seconds(4));
  EXPECT_FALSE(fits(first));
  EXPECT_TRUE(fits(second));
}

TEST_F(Refused, CoolsTheModelDownWhereNoMeterMatches) {
  const Pool pool = bind({rpm(30)});
  refuse(pool, Dimension::tokens, kDayPeriod, hours(4), CooldownCause::quota_exhausted);
  EXPECT_EQ(pool.cooldown(now())->cause, CooldownCause::quota_exhausted);
  EXPECT_EQ(wait(pool), hours(4));
  EXPECT_EQ(view(pool, "rpm").left, 30U);
}

TEST_F(Refused, CanMeanConcurrency) {
  const Pool pool = bind({concurrency(4)});
  refuse(pool, Dimension::in_flight, {}, seconds(1));
  EXPECT_EQ(refusal(pool).limit, "concurrency");
  EXPECT_EQ(wait(pool), seconds(1));
}

TEST_F(Headroom, IsTheLeastShareLeftOverTheMeters) {
  const Pool pool = bind({rpm(10), tpm(1000)});
  serve(pool, tokens(600));
  EXPECT_DOUBLE_EQ(pool.headroom(tokens(100), now()).value(), 0.3);
  EXPECT_DOUBLE_EQ(pool.headroom(tokens(0), now()).value(), 0.4);
}

TEST_F(Headroom, CountsWhatIsHeld) {
  const Pool pool = bind({rpm(10)});
  const Reservation held = reserve(pool);
  EXPECT_DOUBLE_EQ(pool.headroom({}, now()).value(), 0.8);
}

TEST_F(Headroom, GrowsTowardsTheResetOfAWindowThatLosesTheRest) {
  const Pool pool = bind({rpm(10, WindowKind::fixed)});
  for (int i = 0; i < 7; ++i) serve(pool);
  EXPECT_DOUBLE_EQ(pool.headroom({}, now()).value(), 0.2);
  pass(seconds(30));
  EXPECT_DOUBLE_EQ(pool.headroom({}, now()).value(), 0.4);
  pass(seconds(15));
  EXPECT_DOUBLE_EQ(pool.headroom({}, now()).value(), 0.8);
  pass(seconds(14));
  EXPECT_DOUBLE_EQ(pool.headroom({}, now()).value(), 1.0);
}

TEST_F(Headroom, IsNeverQuiteZeroWhereTheCostFits) {
  const Pool pool = bind({rpm(1)});
  EXPECT_DOUBLE_EQ(pool.headroom({}, now()).value(), 0.01);
}

TEST_F(Headroom, IsAHalfWhereNothingIsKnown) {
  EXPECT_EQ(bind({}).headroom({}, now()), 0.5);
}

TEST_F(Headroom, IsNothingWhereTheCostDoesNotFit) {
  const Pool pool = bind({tpm(100)});
  EXPECT_EQ(pool.headroom(tokens(101), now()), std::nullopt);
}

TEST_F(Reload, KeepsTheCountsOfAWindowAndTakesItsNewAmount) {
  const Pool before = model("m", {rpm(10)}, {tpm(1000)});
  serve(before, tokens(400));
  const Pool after = model("m", {rpm(5)}, {tpm(600)});
  EXPECT_EQ(view(after, "rpm").left, 4U);
  EXPECT_EQ(view(after, "tpm").left, 200U);
}

TEST_F(Reload, SettlesWhatWasReservedBefore) {
  const Pool before = model("m", {}, {tpm(1000)});
  Reservation slow = send(before, tokens(400));
  const Pool after = model("m", {}, {tpm(1000), rpm(3)});
  slow.settle(tokens(100), now());
  EXPECT_EQ(view(after, "tpm").used, 100U);
  EXPECT_EQ(view(after, "rpm").used, 1U);  // counted before anybody asked for it
}

TEST_F(Reload, DropsALimitThatIsGoneAndRemembersItsCounts) {
  const Pool first = model("m", {}, {tpm(1000), rpm(3)});
  serve(first, tokens(400));
  EXPECT_EQ(model("m", {}, {rpm(3)}).view(now()).size(), 1U);
  EXPECT_EQ(view(model("m", {}, {tpm(1000), rpm(3)}), "tpm").used, 400U);
}

TEST_F(Reload, KeepsCooldownsAndWhatAnswersMade) {
  const Pool before = model("m", {});
  Reservation one = send(before);
  const Observation said = heard(Dimension::requests, kDayPeriod, 1000, 500);
  one.observe({&said, 1}, now());
  before.cool_down_model(until_in(seconds(7)), now());
  const Pool after = model("m", {});
  EXPECT_EQ(view(after, "rpd").limit.amount, 1000U);
  EXPECT_EQ(wait(after), seconds(7));
  // Configured now: the same meter, and the smaller limit.
  EXPECT_EQ(view(model("m", {}, {rpd(800)}), "rpd").used, 501U);
  EXPECT_EQ(view(model("m", {}, {rpd(800)}), "rpd").limit.amount, 800U);
}

TEST_F(Reload, OfTheSameWindowTwiceTakesTheSmaller) {
  for (const Limits& limits : {Limits{rpm(30), rpm(10)}, Limits{rpm(10), rpm(30)}}) {
    const Pool pool = bind(limits);
    ASSERT_EQ(pool.view(now()).size(), 1U);
    EXPECT_EQ(view(pool, "rpm").limit.amount, 10U);
  }
}

TEST_F(Reload, OfTheSameWindowTwiceForgetsNothing) {
  const Limits limits{from(Source::preset, rpm(30)), from(Source::preset, rpm(10)), rpm(60)};
  const Pool before = bind(limits);
  Reservation one = send(before);
  const Observation said = heard(Dimension::requests, kMinutePeriod, 7, 5);
  one.observe({&said, 1}, now());
  EXPECT_EQ(view(before, "rpm").limit.amount, 7U);
  const Pool after = bind(limits);
  EXPECT_EQ(view(after, "rpm").limit.amount, 7U);
  EXPECT_EQ(view(after, "rpm").limit.source, Source::header);
  // Another amount of the one that counts is another limit, the others don't matter.
  EXPECT_EQ(view(bind({from(Source::preset, rpm(20)), rpm(60)}), "rpm").limit.amount, 7U);
  EXPECT_EQ(view(bind({rpm(60), rpm(9)}), "rpm").limit.amount, 9U);
}

// A preset's is where to begin from: an answer may tell of more, but not of more than is configured.
TEST_F(Reload, OfTheSameWindowTwiceTakesWhatIsConfigured) {
  const Pool pool = bind({from(Source::preset, rpm(10)), rpm(20)});
  EXPECT_EQ(view(pool, "rpm").limit.amount, 20U);
  Reservation one = send(pool);
  const Observation said = heard(Dimension::requests, kMinutePeriod, 60, 59);
  one.observe({&said, 1}, now());
  EXPECT_EQ(view(pool, "rpm").limit.amount, 20U);
}

TEST_F(Scope, NeverMistakesADayForAMinute) {
  // What other gateways do: requests a day read as requests a minute, and a refusal of one axis applied to
  // another.
  const Pool pool = bind({rpm(30), rpd(1000), tpm(8000)});
  Reservation one = send(pool, tokens(100));
  const Observation day = heard(Dimension::requests, kDayPeriod, 1000, 3);
  one.observe({&day, 1}, now());
  EXPECT_EQ(view(pool, "rpm").left, 29U);
  EXPECT_EQ(view(pool, "rpd").left, 3U);
  EXPECT_EQ(view(pool, "tpm").left, 7900U);
}

TEST_F(QuotaTest, APersonCanSayWhatHasBeenUsed) {
  const Pool pool = bind({rpm(10), rpd(100)});
  serve(pool);
  EXPECT_TRUE(pool.correct("rpd", 100, now()));
  EXPECT_FALSE(fits(pool));
  EXPECT_EQ(view(pool, "rpm").used, 1U);
  EXPECT_TRUE(pool.correct("rpd", 40, now()));
  EXPECT_EQ(view(pool, "rpd").left, 60U);
}

TEST_F(QuotaTest, WhatIsForgottenCountsNoMoreOfAnyKind) {
  for (const WindowKind kind : {WindowKind::sliding, WindowKind::fixed, WindowKind::first_use,
                                WindowKind::refill, WindowKind::calendar}) {
    Ledger ledger;
    const Limits limits{rpd(3, kind)};
    const Pool pool = ledger.bind("account", "model", {}, limits, {});
    for (int i = 0; i < 3; ++i) serve(pool);
    EXPECT_FALSE(fits(pool)) << name(kind);
    pool.forget(now());
    EXPECT_EQ(view(pool, "rpd").used, 0U) << name(kind);
  }
}

// Its end may give back what it took, and must not give back more.
TEST_F(QuotaTest, WhatIsUnderWayCountsOnTopOfWhatAPersonSays) {
  const Pool pool =
      bind({make_limit(Dimension::tokens, 100'000, kDayPeriod, WindowKind::fixed), concurrency(2)});
  Reservation first = send(pool, tokens(20'000));
  EXPECT_TRUE(pool.correct("tpd", 30'000, now()));
  serve(pool, tokens(1'000));
  first.refuse(now());
  EXPECT_EQ(view(pool, "tpd").used, 31'000U);
  Reservation second = send(pool);
  Reservation third = send(pool);
  pool.forget(now());
  EXPECT_FALSE(fits(pool));
  EXPECT_EQ(view(pool, "concurrency").used, 2U);
}

TEST_F(QuotaTest, WhatIsNoWindowHereOrCannotBeSaidIsNotCorrected) {
  const Pool pool = bind({rpm(10), concurrency(2)});
  EXPECT_FALSE(pool.correct("rpd", 1, now()));
  EXPECT_FALSE(pool.correct("concurrency", 1, now()));
  EXPECT_FALSE(pool.correct("", 1, now()));
}

TEST_F(PoolTest, CountsOnWhereTheWindowBecomesOneOfAnotherKind) {
  const Pool before = bind({rpd(12)});
  for (int i = 0; i < 9; ++i) serve(before);
  Reservation open = send(before);
  const Pool calendar = bind({rpd(12, WindowKind::calendar)});
  EXPECT_EQ(view(calendar, "rpd").used, 10U);
  open.settle({}, now());
  serve(calendar);
  Limit of_zone = rpd(12, WindowKind::calendar);
  of_zone.zone = "America/Los_Angeles";
  EXPECT_EQ(view(bind({of_zone}), "rpd").used, 11U);
  Limit of_glob = of_zone;
  of_glob.models = {"mod*"};
  const Pool globbed = bind({of_glob});
  EXPECT_EQ(view(globbed, "rpd").used, 11U);
  serve(globbed);
  EXPECT_EQ(view(bind({rpd(12)}), "rpd").used, 12U);  // back to the first
}

TEST_F(PoolTest, CountsOnFromTheWindowOfTheSameGlobs) {
  const auto pools = [this](WindowKind window) {
    Limit some = rpd(5, window);
    some.models = {"other", "model"};
    const Limits limits{rpd(100, window), some};
    (void)ledger_.bind("account", "third", limits, {}, {});
    return std::pair(ledger_.bind("account", "model", limits, {}, {}),
                     ledger_.bind("account", "third", limits, {}, {}));
  };
  const auto [model, third] = pools(WindowKind::sliding);
  serve(model);
  for (int i = 0; i < 9; ++i) serve(third);
  const Pool after = pools(WindowKind::calendar).first;
  EXPECT_EQ(after.view(now())[0].used, 10U);
  EXPECT_EQ(after.view(now())[1].used, 1U);
}

TEST_F(PoolTest, StartsAtNothingWhereAWindowIsAddedAndNoneReplaced) {
  serve(bind({rpd(12)}));
  const Pool both = bind({rpd(12), rpd(20, WindowKind::calendar)});
  ASSERT_EQ(both.view(now()).size(), 3U);  // with the requests a minute, which nobody told
  EXPECT_EQ(both.view(now())[0].used, 1U);
  EXPECT_EQ(both.view(now())[1].used, 0U);
}

}  // namespace
}  // namespace weir::quota
