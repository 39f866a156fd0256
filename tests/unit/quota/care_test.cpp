// When the provider counts what we send is uncertain. How much care that takes is learnt from refusals.

#include <string>

#include "quota_fixture.hpp"

namespace weir::quota {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

class Care : public QuotaTest {
 protected:
  // A request that leaves as soon as it may after the limit was used up, and is refused.
  void come_too_early(const Pool& pool) {
    pass(minutes(2));
    fill(pool);
    send(pool).refuse_for_quota({}, now());
  }
  // Uses the limit up and waits until there is room again.
  void fill(const Pool& pool) {
    while (fits(pool)) serve(pool);
    pass(wait(pool));
  }
  // From the first request of a full window to the next that may be sent.
  [[nodiscard]] Duration turn(const Pool& pool) {
    pass(minutes(10) + seconds(1));
    const BootTime first = now().boot;
    while (fits(pool)) serve(pool);
    return refusal(pool).available_at - first;
  }
};

TEST_F(Care, DoublesWhereWhatHadJustComeBackWasRefused) {
  const Pool pool = bind({rpm(2)});
  come_too_early(pool);
  EXPECT_EQ(turn(pool), minutes(1) + milliseconds(100));
}

TEST_F(Care, IsTakenInPlaceOfALesson) {
  const Pool pool = bind({from(Source::preset, rpm(2))});
  come_too_early(pool);
  EXPECT_EQ(view(pool, "rpm").limit.amount, 2U);
}

TEST_F(Care, WaitsOnlyAMomentWhereTheRefusalNamesNone) {
  const Pool pool = bind({rpm(2)});
  come_too_early(pool);
  EXPECT_EQ(wait(pool), seconds(1));
}

TEST_F(Care, WaitsForTheWindowThatIsNamedAndNoOther) {
  const Pool pool = bind({rpm(2), rpd(100)});
  fill(pool);
  send(pool).refuse_for_quota({.dimension = Dimension::requests, .period = kMinutePeriod, .wait = seconds(2)},
                              now());
  EXPECT_EQ(refusal(pool).limit, "rpm");
  EXPECT_EQ(wait(pool), seconds(2));
  EXPECT_EQ(pool.cooldown(now()), std::nullopt);
}

TEST_F(Care, ExplainsNoLongWait) {
  const Pool pool = bind({from(Source::preset, rpm(4))});
  fill(pool);
  for (int i = 0; i < 2; ++i) serve(pool);
  send(pool).refuse_for_quota({.wait = seconds(50)}, now());
  EXPECT_EQ(view(pool, "rpm").limit.amount, 2U);
}

TEST_F(Care, ExplainsNoRefusalWhereThereWasRoomAllAlong) {
  const Pool pool = bind({from(Source::preset, rpm(8))});
  for (int i = 0; i < 3; ++i) serve(pool);
  pass(kMinuteHeld);
  for (int i = 0; i < 4; ++i) serve(pool);
  send(pool).refuse_for_quota({}, now());
  EXPECT_EQ(view(pool, "rpm").limit.amount, 4U);
}

TEST_F(Care, ExplainsNoSecondRefusalRunning) {
  const Pool pool = bind({from(Source::preset, rpm(4))});
  come_too_early(pool);
  pass(seconds(1));
  send(pool).refuse_for_quota({}, now());
  EXPECT_LT(view(pool, "rpm").limit.amount, 4U);
}

TEST_F(Care, ExplainsAllThatWereUnderWayTogether) {
  const Pool pool = bind({from(Source::preset, rpm(2))});
  fill(pool);
  Reservation one = send(pool);
  Reservation other = send(pool);
  one.refuse_for_quota({}, now());
  other.refuse_for_quota({}, now());
  EXPECT_EQ(view(pool, "rpm").limit.amount, 2U);
  EXPECT_EQ(turn(pool), minutes(1) + milliseconds(100));
}

TEST_F(Care, CostsAtMostAFortiethAndThenItIsTheLimit) {
  const Pool pool = bind({rpm(2)});
  for (int i = 0; i < 5; ++i) come_too_early(pool);
  EXPECT_EQ(turn(pool), minutes(1) + milliseconds(1500));
  come_too_early(pool);
  EXPECT_EQ(view(pool, "rpm").limit.amount, 1U);
}

TEST_F(Care, IsForgottenByHalfADay) {
  const Pool pool = bind({rpm(2)});
  for (int i = 0; i < 2; ++i) come_too_early(pool);
  EXPECT_EQ(turn(pool), minutes(1) + milliseconds(200));
  pass(hours(24));
  EXPECT_EQ(turn(pool), minutes(1) + milliseconds(100));
  pass(hours(48));
  EXPECT_EQ(turn(pool), minutes(1) + milliseconds(50));
}

// An edge of the provider's clock may be late by more than the quarter of a second that is assumed.
TEST_F(Care, OfAFixedWindowMovesItsEdge) {
  const Pool pool = bind({rpm(2, WindowKind::fixed)});
  come_too_early(pool);  // at 0:03:00.25
  pass(minutes(1) + milliseconds(250));
  for (int i = 0; i < 2; ++i) serve(pool);
  EXPECT_EQ(wait(pool), minutes(1));
}

TEST_F(Care, OfAFirstUseWindowMakesItLonger) {
  const Pool pool = bind({rpm(2, WindowKind::first_use)});
  come_too_early(pool);
  EXPECT_EQ(turn(pool), minutes(1) + milliseconds(100));
}

TEST_F(Care, OfABucketKeepsItBackForLonger) {
  const Pool pool = bind({rpm(2, WindowKind::refill)});
  come_too_early(pool);
  EXPECT_NEAR(static_cast<double>(turn(pool).count()), 30.1e9, 1e6);
}

TEST_F(Care, OfAnIntervalMakesTheGapLonger) {
  const Pool pool = bind({rpm(60, WindowKind::interval)});
  come_too_early(pool);
  EXPECT_EQ(turn(pool), seconds(1) + milliseconds(20));
}

class Margin : public QuotaTest {
 protected:
  // The provider has counted so much more than we have sent.
  void hear(Reservation& request, std::uint64_t remaining) const {
    const Observation head = heard(Dimension::requests, kMinutePeriod, 64, remaining);
    request.observe({&head, 1}, now());
  }
  // Somebody else took the last one between two answers.
  void be_beaten(const Pool& pool) {
    Reservation one = send(pool);
    hear(one, 0);
    one.refuse_for_quota({.dimension = Dimension::requests, .period = kMinutePeriod, .wait = seconds(1)},
                         now());
    pass(minutes(2));
  }
  [[nodiscard]] std::uint64_t left(const Pool& pool) const { return view(pool, "rpm").left; }
};

TEST_F(Margin, IsLeftToOthersWhoTakeWhatAnswersSaidWasThere) {
  const Pool pool = bind({rpm(64)});
  be_beaten(pool);
  EXPECT_EQ(left(pool), 63U);
  be_beaten(pool);
  EXPECT_EQ(left(pool), 62U);
}

TEST_F(Margin, GrowsOnceForWhatIsRefusedTogether) {
  const Pool pool = bind({rpm(64)});
  Reservation one = send(pool);
  Reservation other = send(pool);
  hear(other, 0);
  one.refuse_for_quota({.dimension = Dimension::requests, .period = kMinutePeriod}, now());
  other.refuse_for_quota({.dimension = Dimension::requests, .period = kMinutePeriod}, now());
  pass(minutes(2));
  EXPECT_EQ(left(pool), 63U);
}

TEST_F(Margin, ShrinksWhereNothingIsRefused) {
  const Pool pool = bind({rpm(64)});
  be_beaten(pool);
  be_beaten(pool);
  for (int i = 0; i < 4; ++i) {
    pass(minutes(2));
    serve(pool);
  }
  pass(minutes(2));
  EXPECT_EQ(left(pool), 64U);
}

TEST_F(Margin, NeverKeepsOutWhatTheLimitHolds) {
  const Pool pool = bind({tpm(6400)});
  Reservation one = send(pool, tokens(100));
  const Observation head = heard(Dimension::tokens, kMinutePeriod, 6400, 0);
  one.observe({&head, 1}, now());
  one.refuse_for_quota({.dimension = Dimension::tokens, .period = kMinutePeriod, .wait = seconds(1)}, now());
  pass(minutes(2));
  EXPECT_EQ(view(pool, "tpm").left, 6300U);
  EXPECT_TRUE(fits(pool, tokens(6400)));
  serve(pool, tokens(10));
  EXPECT_FALSE(fits(pool, tokens(6300)));
  EXPECT_EQ(wait(pool, tokens(6400)), minutes(1) + milliseconds(50));
}

TEST_F(Margin, IsNothingWhereAnswersSayNothing) {
  const Pool pool = bind({rpm(64)});
  send(pool).refuse_for_quota({.dimension = Dimension::requests, .period = kMinutePeriod, .wait = seconds(1)},
                              now());
  pass(minutes(2));
  EXPECT_EQ(left(pool), 64U);
}

}  // namespace
}  // namespace weir::quota
