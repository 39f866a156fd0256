// What answers say of their windows, and what the meters make of it.

#include <span>

#include "quota_fixture.hpp"

namespace weir::quota {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

class ObservationTest : public QuotaTest {
 protected:
  void hear(Reservation& reservation, const Observation& observation) const {
    reservation.observe(std::span(&observation, 1), now());
  }
  [[nodiscard]] static Observation rpm_heard(std::uint64_t limit, std::uint64_t remaining) {
    return heard(Dimension::requests, kMinutePeriod, limit, remaining);
  }
  [[nodiscard]] static Observation rpd_heard(std::uint64_t limit, std::uint64_t remaining) {
    return heard(Dimension::requests, kDayPeriod, limit, remaining);
  }
  [[nodiscard]] static Observation tpm_heard(std::uint64_t limit, std::uint64_t remaining) {
    return heard(Dimension::tokens, kMinutePeriod, limit, remaining);
  }
};

TEST_F(ObservationTest, ChangesNothingWhereBothSidesAgree) {
  const Pool pool = bind({rpm(30)});
  serve(pool);
  Reservation one = send(pool);
  hear(one, rpm_heard(30, 28));
  EXPECT_EQ(view(pool, "rpm").used, 2U);
  EXPECT_EQ(view(pool, "rpm").drift, 0U);
}

TEST_F(ObservationTest, FollowsAnotherUserOfTheKeyAndReportsIt) {
  const Pool pool = bind({rpm(30)});
  Reservation first = send(pool);
  hear(first, rpm_heard(30, 29));
  pass(seconds(20));
  Reservation second = send(pool);
  hear(second, rpm_heard(30, 10));  // 20 used, two of them ours
  EXPECT_EQ(view(pool, "rpm").used, 20U);
  EXPECT_EQ(view(pool, "rpm").left, 10U);
  EXPECT_EQ(view(pool, "rpm").drift, 18U);
  // When they were used is unknown: the latest moment is the safe one.
  pass(kMinuteHeld - nanoseconds(1));
  EXPECT_EQ(view(pool, "rpm").used, 19U);
  pass(nanoseconds(1));
  EXPECT_EQ(view(pool, "rpm").used, 0U);
}

TEST_F(ObservationTest, TakesWhatWasUsedBeforeOurTimeForNoDrift) {
  const Pool pool = bind({rpd(1000)});
  Reservation first = send(pool);
  hear(first, rpd_heard(1000, 400));
  EXPECT_EQ(view(pool, "rpd").used, 600U);
  EXPECT_EQ(view(pool, "rpd").drift, 0U);
}

TEST_F(ObservationTest, CorrectsDownWhatTheProviderNeverCounted) {
  const Pool pool = bind({rpm(30)});
  for (int i = 0; i < 10; ++i) send(pool).keep(now());  // none of them arrived
  Reservation one = send(pool);
  hear(one, rpm_heard(30, 29));
  // The request itself may or may not be counted yet.
  EXPECT_EQ(view(pool, "rpm").used, 2U);
}

TEST_F(ObservationTest, LeavesOnTopWhatIsStillUnderWay) {
  const Pool pool = bind({rpm(30)});
  for (int i = 0; i < 10; ++i) send(pool).keep(now());
  const Reservation slow = send(pool);
  Reservation one = send(pool);
  const Reservation later = send(pool);
  const Reservation held = reserve(pool);
  hear(one, rpm_heard(30, 29));
  EXPECT_EQ(view(pool, "rpm").used, 4U);  // counted: 1; slow, one and later may not be
  EXPECT_EQ(view(pool, "rpm").reserved, 1U);
  EXPECT_EQ(view(pool, "rpm").left, 25U);
}

TEST_F(ObservationTest, TakesTheOldestAwaySoThatTheRestCountsTheLongest) {
  const Pool pool = bind({rpm(30)});
  send(pool).keep(now());
  pass(seconds(30));
  send(pool).keep(now());
  Reservation one = send(pool);
  hear(one, rpm_heard(30, 29));
  EXPECT_EQ(view(pool, "rpm").used, 2U);
  pass(seconds(40));  // the first would be gone by now
  EXPECT_EQ(view(pool, "rpm").used, 2U);
}

TEST_F(ObservationTest, TakesAwayOnceWhatIsGivenBackLater) {
  const Pool pool = bind({tpm(100'000)});
  Reservation slow = send(pool, tokens(50));
  pass(seconds(1));
  send(pool, tokens(200)).keep(now());
  pass(seconds(1));
  Reservation one = send(pool, tokens(1));
  hear(one, tpm_heard(100'000, 100'000));
  EXPECT_EQ(view(pool, "tpm").used, 51U);  // one and slow, which may come yet; the oldest are taken away
  for (int i = 0; i < 300; ++i) {
    serve(pool, tokens(10));
    pass(milliseconds(10));
  }
  slow.settle(tokens(0), now());
  EXPECT_EQ(view(pool, "tpm").used, 3051U);
}

TEST_F(ObservationTest, IsIgnoredWhenALaterRequestsAnswerCameFirst) {
  const Pool pool = bind({rpm(30)});
  Reservation early = send(pool);
  Reservation late = send(pool);
  hear(late, rpm_heard(30, 20));
  EXPECT_EQ(view(pool, "rpm").used, 10U);
  hear(early, rpm_heard(30, 29));
  EXPECT_EQ(view(pool, "rpm").used, 10U);
  hear(early, rpm_heard(30, 2));
  EXPECT_EQ(view(pool, "rpm").used, 10U);
}

TEST_F(ObservationTest, DoesNotTakeForForeignWhatHasRunOutSince) {
  const Pool pool = bind({rpm(30)});
  for (int i = 0; i < 20; ++i) serve(pool);
  pass(seconds(55));
  Reservation slow = send(pool);
  pass(seconds(20));  // the provider wrote 21 used; its answer took that long
  hear(slow, rpm_heard(30, 9));
  EXPECT_EQ(view(pool, "rpm").used, 1U);
  EXPECT_EQ(view(pool, "rpm").drift, 0U);
}

TEST_F(ObservationTest, DoesNotTakeForForeignWhatWasGivenBackSince) {
  const Pool pool = bind({tpm(8000)});
  Reservation big = send(pool, tokens(4000));
  Reservation one = send(pool, tokens(100));
  big.settle(tokens(500), now());
  hear(one, tpm_heard(8000, 3900));
  EXPECT_EQ(view(pool, "tpm").used, 600U);
}

TEST_F(ObservationTest, OfAnotherWindowThanTheOneThatCountsNowIsIgnored) {
  const Pool pool = bind({rpm(30, WindowKind::fixed)});
  pass(seconds(30));
  Reservation slow = send(pool);
  pass(seconds(40));
  serve(pool);
  hear(slow, rpm_heard(30, 3));
  EXPECT_EQ(view(pool, "rpm").used, 1U);
}

TEST_F(ObservationTest, FollowsAFixedWindowToo) {
  const Pool pool = bind({rpm(30, WindowKind::fixed)});
  pass(seconds(30));
  Reservation one = send(pool);
  hear(one, rpm_heard(30, 5));
  EXPECT_EQ(view(pool, "rpm").left, 5U);
  pass(seconds(30) + milliseconds(250));
  EXPECT_EQ(view(pool, "rpm").left, 30U);
}

TEST_F(ObservationTest, WithoutLimitChangesNothing) {
  const Pool pool = bind({rpm(30)});
  Reservation one = send(pool);
  Observation no_limit = rpm_heard(30, 0);
  no_limit.limit.reset();
  hear(one, no_limit);
  EXPECT_EQ(view(pool, "rpm").left, 29U);
}

// "Limit 6000, Requested 9000": what is left stands nowhere.
TEST_F(ObservationTest, WithoutRemainingTellsOfTheAmountAlone) {
  const Pool pool = bind({from(Source::preset, tpm(30'000)), rpm(30)});
  Reservation one = send(pool, tokens(9000));
  Observation stated = tpm_heard(6000, 0);
  stated.remaining.reset();
  hear(one, stated);
  one.refuse(now());
  EXPECT_EQ(view(pool, "tpm").limit.amount, 6000U);
  EXPECT_EQ(view(pool, "tpm").left, 6000U);
  EXPECT_TRUE(refusal(pool, tokens(9000)).too_large);
}

TEST_F(ObservationTest, WithoutRemainingOfAWindowThatNobodyToldOfMakesOne) {
  const Pool pool = bind({rpm(30)});
  Reservation one = send(pool, tokens(9000));
  Observation stated = tpm_heard(6000, 0);
  stated.remaining.reset();
  hear(one, stated);
  one.refuse(now());
  EXPECT_EQ(view(pool, "tpm").left, 6000U);
}

TEST_F(ObservationTest, OfOthersUseCountsNoLongerThanItsReset) {
  const Pool pool = bind({rpd(100)});
  Reservation one = send(pool);
  Observation head = rpd_heard(100, 0);
  head.reset = seconds(5);
  hear(one, head);
  one.settle({}, now());
  EXPECT_EQ(wait(pool), seconds(5) + milliseconds(50));
  pass(seconds(5) + milliseconds(50));
  EXPECT_EQ(view(pool, "rpd").used, 1U);  // our own
}

TEST_F(ObservationTest, OfAWindowThatItMakesCountsNoLongerThanItsReset) {
  const Pool pool = bind({});
  Reservation one = send(pool);
  Observation head = rpd_heard(100, 0);
  head.reset = seconds(5);
  hear(one, head);
  one.settle({}, now());
  pass(seconds(5));
  EXPECT_FALSE(fits(pool));
  pass(milliseconds(50));
  EXPECT_EQ(view(pool, "rpd").used, 1U);
}

TEST_F(ObservationTest, WithAResetBeyondThePeriodCountsForThePeriod) {
  const Pool pool = bind({rpm(100)});
  Reservation one = send(pool);
  Observation head = rpm_heard(100, 50);
  head.reset = hours(1);
  hear(one, head);
  pass(kMinuteHeld);
  EXPECT_EQ(view(pool, "rpm").used, 0U);
}

// It stands where a provider knows no moment. Taken at its word it would let go what others have used.
TEST_F(ObservationTest, WithAResetOfZeroCountsForThePeriod) {
  const Pool pool = bind({rpm(100)});
  Reservation one = send(pool);
  Observation head = rpm_heard(100, 50);
  head.reset = Duration::zero();
  hear(one, head);
  pass(minutes(1));
  EXPECT_EQ(view(pool, "rpm").used, 50U);
  pass(kMinuteHeld - minutes(1));
  EXPECT_EQ(view(pool, "rpm").used, 0U);
}

// Others' use belongs between ours, and each of ours keeps its own time.
TEST_F(ObservationTest, OfOthersUseKeepsTheOrderOfManyCosts) {
  const Pool pool = bind({rpm(10'000)});
  for (std::uint64_t i = 1; i <= 500; ++i) {
    Reservation one = send(pool);
    Observation head = rpm_heard(10'000, 10'000 - 2 * i);  // and as many of others
    head.reset = seconds(30);
    hear(one, head);
    one.settle({}, now());
    EXPECT_EQ(view(pool, "rpm").used, 2 * i);
    pass(milliseconds(20));
  }
  pass(seconds(20) + milliseconds(500));  // half a second and the guard too, and a cell
  EXPECT_LE(view(pool, "rpm").used, 500U + 500U);
  EXPECT_GE(view(pool, "rpm").used, 500U + 470U);
  pass(seconds(10));
  EXPECT_EQ(view(pool, "rpm").used, 500U);
  pass(seconds(31));
  EXPECT_EQ(view(pool, "rpm").used, 0U);
}

TEST_F(ObservationTest, OfTheCalendarsWindowMakesOneThatEndsWithIt) {
  const Pool pool = bind({});
  Reservation one = send(pool, tokens(100));
  Observation head = heard(Dimension::tokens, kMonthPeriod, 4'000'000, 10);
  head.by_calendar = true;
  hear(one, head);
  one.settle(tokens(100), now());
  EXPECT_EQ(view(pool, "tpmo").limit.window, WindowKind::calendar);
  EXPECT_EQ(wait(pool, tokens(100)), hours(24 * 7) + milliseconds(250));  // it is the 24th of November
}

// A clock that is behind ours refuses with the count of the window before.
TEST_F(ObservationTest, ThatLeavesNothingCloseBehindAnEdgeIsOfTheWindowBefore) {
  const Pool pool = bind({rpd(20, WindowKind::calendar)});
  for (int i = 0; i < 20; ++i) serve(pool);
  pass(wait(pool));
  Reservation early = send(pool);
  hear(early, rpd_heard(20, 0));
  early.refuse_for_quota({.dimension = Dimension::requests,
                          .period = kDayPeriod,
                          .wait = hours(24),
                          .wait_is_guessed = true,
                          .cause = CooldownCause::quota_exhausted},
                         now());
  EXPECT_EQ(view(pool, "rpd").used, 0U);
  EXPECT_EQ(wait(pool), seconds(1));
}

TEST_F(ObservationTest, ThatMakesNoSenseChangesNothing) {
  const Pool pool = bind({rpm(30)});
  Reservation one = send(pool);
  hear(one, rpm_heard(30, 31));
  hear(one, rpm_heard(UINT64_MAX, 1));
  EXPECT_EQ(view(pool, "rpm").left, 29U);
}

TEST_F(ObservationTest, OfADayNeverTouchesAMinute) {
  const Pool pool = bind({rpm(30), rpd(14400)});
  Reservation one = send(pool);
  hear(one, rpd_heard(14400, 14370));
  EXPECT_EQ(view(pool, "rpm").used, 1U);
  EXPECT_EQ(view(pool, "rpm").limit.amount, 30U);
  EXPECT_EQ(view(pool, "rpd").used, 30U);
}

TEST_F(ObservationTest, OfTokensNeverTouchesRequests) {
  const Pool pool = bind({rpm(30), tpm(8000)});
  Reservation one = send(pool, tokens(100));
  hear(one, tpm_heard(8000, 0));
  EXPECT_EQ(view(pool, "rpm").left, 29U);
  EXPECT_EQ(view(pool, "tpm").left, 0U);
}

TEST_F(ObservationTest, LowersWhatTheConfigurationSaysButNeverRaisesIt) {
  const Pool pool = bind({rpm(30)});
  Reservation one = send(pool);
  hear(one, rpm_heard(20, 19));
  EXPECT_EQ(view(pool, "rpm").limit.amount, 20U);
  EXPECT_EQ(view(pool, "rpm").limit.source, Source::header);
  hear(one, rpm_heard(100, 99));
  EXPECT_EQ(view(pool, "rpm").limit.amount, 30U);
  EXPECT_EQ(view(pool, "rpm").limit.source, Source::config);
}

TEST_F(ObservationTest, BeatsAPresetBothWays) {
  const Pool pool = bind({from(Source::preset, rpm(30))});
  Reservation one = send(pool);
  hear(one, rpm_heard(100, 99));
  EXPECT_EQ(view(pool, "rpm").limit.amount, 100U);
  hear(one, rpm_heard(5, 4));
  EXPECT_EQ(view(pool, "rpm").limit.amount, 5U);
}

TEST_F(ObservationTest, IsOverWhenAnotherAmountIsConfigured) {
  const Pool before = bind({from(Source::preset, rpd(1000))});
  Reservation one = send(before);
  hear(one, rpd_heard(20, 0));
  EXPECT_EQ(view(before, "rpd").limit.amount, 20U);
  EXPECT_EQ(view(bind({from(Source::preset, rpd(1000))}), "rpd").limit.amount, 20U);
  const MeterView after = view(bind({rpd(500)}), "rpd");
  EXPECT_EQ(after.limit.amount, 500U);
  EXPECT_EQ(after.limit.source, Source::config);
  EXPECT_EQ(after.used, 20U);
}

TEST_F(ObservationTest, OfAWindowWithoutAMeterMakesOne) {
  const Pool pool = bind({rpm(30)});
  Reservation one = send(pool, tokens(200));
  hear(one, tpm_heard(8000, 7000));
  const MeterView made = view(pool, "tpm");
  EXPECT_EQ(made.limit.source, Source::header);
  EXPECT_EQ(made.scope, "model");
  EXPECT_EQ(made.used, 1200U);  // this request may not be counted yet
  one.settle(tokens(50), now());
  EXPECT_EQ(view(pool, "tpm").used, 1050U);
  serve(pool, tokens(100));
  EXPECT_EQ(view(pool, "tpm").used, 1150U);
}

TEST_F(ObservationTest, CountsWhatIsUnderWayOnTheMeterItMakes) {
  const Pool pool = bind({rpm(30)});
  Reservation sent = send(pool, tokens(10));
  const Reservation held = reserve(pool, tokens(20));
  Reservation one = send(pool, tokens(40));
  hear(one, tpm_heard(1000, 900));
  EXPECT_EQ(view(pool, "tpm").used, 150U);
  EXPECT_EQ(view(pool, "tpm").reserved, 20U);
  hear(sent, tpm_heard(1000, 300));  // older than the meter
  EXPECT_EQ(view(pool, "tpm").used, 150U);
}

TEST_F(ObservationTest, MakesABoundedNumberOfMeters) {
  const Pool pool = bind({});
  Reservation one = send(pool);
  for (int i = 1; i <= 100; ++i)
    hear(one, heard(Dimension::requests, {Period::Unit::span, seconds(i)}, 10, 9));
  EXPECT_EQ(pool.view(now()).size(), 9U);  // eight, and the minute that is always counted
}

TEST_F(ObservationTest, MeansTheModelsOwnMeterBeforeTheAccounts) {
  const Limits account{rpm(100)};
  const Limits model{rpm(30)};
  const Pool pool = ledger_.bind("a", "m", account, model, {});
  Reservation one = send(pool);
  hear(one, rpm_heard(40, 20));
  EXPECT_EQ(pool.view(now())[0].used, 1U);
  EXPECT_EQ(pool.view(now())[1].used, 20U);
}

TEST_F(ObservationTest, MeansTheMeterOfTheSameAmount) {
  const Limits account{rpm(100)};
  const Limits model{rpm(30)};
  const Pool pool = ledger_.bind("a", "m", account, model, {});
  Reservation one = send(pool);
  hear(one, rpm_heard(100, 50));
  EXPECT_EQ(pool.view(now())[0].used, 50U);
  EXPECT_EQ(pool.view(now())[1].used, 1U);
}

TEST_F(ObservationTest, OfOneModelNeverOpensAPoolThatTheUserMadeOverSeveral) {
  const Limits account{rpd(1500)};
  const Pool first = ledger_.bind("a", "first", account, {}, {});
  const Pool second = ledger_.bind("a", "second", account, {}, {});
  for (int i = 0; i < 1000; ++i) serve(first);
  Reservation one = send(second);
  hear(one, rpd_heard(1000, 999));
  EXPECT_EQ(second.view(now())[0].used, 1001U);
  EXPECT_EQ(second.view(now())[0].limit.amount, 1500U);
  EXPECT_EQ(second.view(now()).back().limit.amount, 1000U);  // the model's own, made by the answer
}

TEST_F(ObservationTest, OfARefusalLeavesNoRoomWhenTheRefusedRequestIsGivenBack) {
  const Pool pool = bind({rpm(30)});
  Reservation first = send(pool);
  hear(first, rpm_heard(30, 29));
  Reservation refused = send(pool);
  hear(refused, rpm_heard(30, 0));
  refused.refuse(now());
  EXPECT_EQ(view(pool, "rpm").left, 0U);
}

// It is a state of the model: a block, which a probe ends. An amount of zero would keep the probe out.
TEST_F(ObservationTest, OfZeroLeavesItToTheBlockWhichIsProbed) {
  const Pool pool = bind({from(Source::preset, rpm(30))});
  Reservation refused = send(pool);
  hear(refused, rpm_heard(0, 0));
  refused.refuse(now());
  pool.cool_down_model({CooldownCause::not_on_plan, BootTime::max()}, now());
  EXPECT_EQ(refusal(pool).limit, "not_on_plan");
  pass(minutes(10));
  serve(pool);
  EXPECT_TRUE(fits(pool));
  EXPECT_EQ(view(pool, "rpm").limit.amount, 30U);
}

TEST_F(ObservationTest, LeavesConcurrencyAndIntervalsAlone) {
  const Pool pool =
      bind({concurrency(4), make_limit(Dimension::requests, 60, kMinutePeriod, WindowKind::interval)});
  Reservation one = send(pool);
  hear(one, heard(Dimension::in_flight, {}, 1, 0));
  pass(seconds(2));
  EXPECT_TRUE(fits(pool));
}

// In the log it would be a line a request otherwise.
TEST_F(ObservationTest, OthersAreToldOfAtFirstAndWheneverTheirUseHasDoubled) {
  const Pool pool = bind({rpm(100)});
  std::uint64_t theirs = 0;
  std::uint64_t ours = 0;
  const auto answered_with = [&](std::uint64_t more) {
    theirs += more;
    Reservation one = send(pool);
    ++ours;
    const Observation head = heard(Dimension::requests, kMinutePeriod, 100, 100 - ours - theirs);
    const auto news = one.observe(std::span(&head, 1), now());
    one.settle({}, now());
    return news ? news->used_by_others : 0;
  };
  EXPECT_EQ(answered_with(0), 0U);
  EXPECT_EQ(answered_with(3), 3U);
  EXPECT_EQ(answered_with(0), 0U);
  EXPECT_EQ(answered_with(2), 0U);
  EXPECT_EQ(answered_with(1), 6U);
  EXPECT_EQ(answered_with(5), 0U);
  EXPECT_EQ(answered_with(1), 12U);
}

TEST_F(ObservationTest, WhatWasForgottenOfOursIsNotTakenForOthers) {
  const Pool pool = bind({rpm(100)});
  for (int i = 0; i < 50; ++i) serve(pool);
  Reservation before = send(pool);
  hear(before, rpm_heard(100, 49));
  before.settle({}, now());
  pool.forget(now());
  Reservation after = send(pool);
  hear(after, rpm_heard(100, 48));
  EXPECT_EQ(view(pool, "rpm").used, 52U);
  EXPECT_EQ(view(pool, "rpm").drift, 0U);
}

}  // namespace
}  // namespace weir::quota
