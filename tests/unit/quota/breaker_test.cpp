// What fails again and again is left alone, and one request at a time finds out how it stands.

#include "quota_fixture.hpp"

namespace weir::quota {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

class Breaking : public QuotaTest {
 protected:
  [[nodiscard]] Pool model(std::string_view name) { return ledger_.bind("account", name, {}, {}, {}); }
  // One request that comes to that.
  void run(const Pool& pool, Health health) const { finish(send(pool), health); }
  void finish(Reservation one, Health health) const {
    one.report(health, now());
    if (health == Health::served || health == Health::serving)
      one.settle({}, now());
    else if (health == Health::unreachable)
      one.refund(now());
    else
      one.keep(now());
  }
  void fail(const Pool& pool, int times, Health health = Health::failing) const {
    for (int i = 0; i < times; ++i) run(pool, health);
  }
};

TEST_F(Breaking, AfterFiveFailuresInARowNothingPassesForHalfAMinute) {
  const Pool pool = model("m");
  fail(pool, 4);
  EXPECT_TRUE(fits(pool));
  fail(pool, 1);
  EXPECT_EQ(refusal(pool).limit, "failing");
  EXPECT_EQ(wait(pool), seconds(30));
  EXPECT_EQ(pool.headroom({}, now()), std::nullopt);
  EXPECT_EQ(pool.cooldown(now())->cause, CooldownCause::failing);
  pass(seconds(30) - nanoseconds(1));
  EXPECT_FALSE(fits(pool));
  pass(nanoseconds(1));
  EXPECT_TRUE(fits(pool));
}

TEST_F(Breaking, WhatIsServedBetweenBeginsTheCountAnew) {
  const Pool pool = model("m");
  for (int i = 0; i < 5; ++i) {
    fail(pool, 4);
    run(pool, Health::served);
    EXPECT_TRUE(fits(pool));
    pass(seconds(30));  // or the share that failed would be the reason
  }
}

TEST_F(Breaking, OpensWhereHalfOfTenRequestsFailedWithinHalfAMinute) {
  const Pool pool = model("m");
  for (int i = 0; i < 4; ++i) {
    fail(pool, 1);
    run(pool, Health::served);
    pass(seconds(3));
  }
  run(pool, Health::served);
  EXPECT_TRUE(fits(pool));  // 4 of 9
  fail(pool, 1);
  EXPECT_EQ(refusal(pool).limit, "failing");  // 5 of 10
  EXPECT_EQ(wait(pool), seconds(30));
  pass(seconds(30));
  run(pool, Health::served);
  fail(pool, 4);
  EXPECT_TRUE(fits(pool));  // what had failed before it opened is forgiven
}

TEST_F(Breaking, OfFewerThanTenOrLessThanHalfIsNoReason) {
  const Pool few = model("few");
  const Pool less = model("less");
  for (int i = 0; i < 4; ++i) {
    run(few, Health::served);
    fail(few, 1);
  }
  fail(few, 1);  // 5 of 9
  EXPECT_TRUE(fits(few));
  for (int i = 0; i < 50; ++i) {
    run(less, Health::served);
    fail(less, 1);
    run(less, Health::served);
  }
  run(less, Health::untold);
  EXPECT_TRUE(fits(less));
}

TEST_F(Breaking, WhatFailedHalfAMinuteAgoCountsNoMore) {
  const Pool soon = model("soon");
  const Pool late = model("late");
  for (const Pool* const pool : {&soon, &late}) {
    for (int i = 0; i < 4; ++i) {
      fail(*pool, 1);
      run(*pool, Health::served);
    }
    run(*pool, Health::served);
  }
  pass(seconds(29));
  fail(soon, 1);
  EXPECT_FALSE(fits(soon));
  pass(seconds(1));
  fail(late, 1);
  EXPECT_TRUE(fits(late));
  pass(minutes(10));
  for (int i = 0; i < 4; ++i) {
    fail(late, 1);
    run(late, Health::served);
  }
  EXPECT_TRUE(fits(late));
}

TEST_F(Breaking, AStreamIsOneRequestHoweverOftenItIsHeardOf) {
  const Pool pool = model("m");
  for (int i = 0; i < 4; ++i) {
    Reservation stream = send(pool);
    stream.report(Health::serving, now());
    finish(std::move(stream), Health::served);
    fail(pool, 1);
  }
  fail(pool, 1);  // 5 of 9
  EXPECT_TRUE(fits(pool));
}

TEST_F(Breaking, OfAnAddressThatIsReachedEverySecondTimeToo) {
  const Pool first = model("first");
  const Pool second = model("second");
  for (int i = 0; i < 5; ++i) {
    run(second, Health::refusing);
    fail(first, 1, Health::unreachable);
  }
  EXPECT_EQ(refusal(first).limit, "failing");
  EXPECT_EQ(refusal(second).limit, "failing");
}

TEST_F(Breaking, ARuleThatAllowsMoreInARowWantsMoreRequests) {
  ledger_.break_by({.failures = 20, .open_for = seconds(30)});
  const Pool pool = model("m");
  for (int i = 0; i < 19; ++i) {
    run(pool, Health::served);
    fail(pool, 1);
  }
  EXPECT_TRUE(fits(pool));
  run(pool, Health::served);
  fail(pool, 1);
  EXPECT_FALSE(fits(pool));
}

TEST_F(Breaking, ARuleThatAllowsLessInARowWantsTenRequestsAllTheSame) {
  ledger_.break_by({.failures = 2, .open_for = seconds(1)});
  const Pool pool = model("m");
  fail(pool, 1);
  for (int i = 0; i < 4; ++i) {
    run(pool, Health::served);
    fail(pool, 1);
  }
  EXPECT_TRUE(fits(pool));  // 5 of 9
  run(pool, Health::served);
  fail(pool, 1);
  EXPECT_EQ(wait(pool), seconds(1));
  pass(seconds(1));
  run(pool, Health::served);
  fail(pool, 1);
  EXPECT_TRUE(fits(pool));  // and then counts from the beginning
}

TEST_F(Breaking, WhatIsNoFailureNeitherCountsNorBeginsAnew) {
  const Pool pool = model("m");
  for (int i = 0; i < 20; ++i) {
    run(pool, Health::refusing);
    run(pool, Health::untold);
    run(pool, Health::serving);
    reserve(pool).refund(now());
  }
  EXPECT_TRUE(fits(pool));
  fail(pool, 4);
  run(pool, Health::refusing);
  run(pool, Health::untold);
  fail(pool, 1);
  EXPECT_FALSE(fits(pool));
}

TEST_F(Breaking, IsOfTheModelThatFails) {
  const Pool pool = model("m");
  fail(pool, 5);
  EXPECT_TRUE(fits(model("other")));
}

TEST_F(Breaking, OfAnAddressThatCannotBeReachedIsOfAllItsModels) {
  const Pool first = model("first");
  const Pool second = model("second");
  fail(first, 3, Health::unreachable);
  fail(second, 2, Health::unreachable);
  EXPECT_EQ(refusal(first).limit, "failing");
  EXPECT_EQ(refusal(second).limit, "failing");
  pass(seconds(30));
  run(first, Health::refusing);  // whatever it answers, it is there
  EXPECT_TRUE(fits(second));
  fail(first, 4, Health::unreachable);
  run(second, Health::failing);
  pass(seconds(30));
  fail(first, 4, Health::unreachable);
  EXPECT_TRUE(fits(first));
}

TEST_F(Breaking, ThenExactlyOneProbePasses) {
  const Pool pool = model("m");
  fail(pool, 5);
  pass(seconds(30));
  Reservation probe = send(pool);
  EXPECT_FALSE(fits(pool));
  EXPECT_EQ(refusal(pool).limit, "failing");
  EXPECT_EQ(wait(pool), seconds(1));  // nobody knows how long it takes
  pass(minutes(5));
  EXPECT_FALSE(fits(pool));
  finish(std::move(probe), Health::served);
  EXPECT_TRUE(fits(pool));
  EXPECT_EQ(pool.cooldown(now()), std::nullopt);
  fail(pool, 4);
  EXPECT_TRUE(fits(pool));
  fail(pool, 1);
  EXPECT_EQ(wait(pool), seconds(30));  // what it had failed before is forgiven
}

TEST_F(Breaking, AProbeThatFailsOpensItAgainForTwiceAsLongUpToTenMinutes) {
  const Pool pool = model("m");
  fail(pool, 5);
  for (const Duration pause :
       {seconds(30), seconds(60), seconds(120), seconds(240), seconds(480), seconds(600), seconds(600)}) {
    EXPECT_EQ(wait(pool), pause);
    pass(pause);
    fail(pool, 1);
  }
}

TEST_F(Breaking, AProbeThatShowsNothingGivesItsTurnToTheNext) {
  const Pool pool = model("m");
  fail(pool, 5);
  pass(seconds(30));
  reserve(pool).refund(now());  // never sent
  EXPECT_TRUE(fits(pool));
  run(pool, Health::untold);  // its client has gone
  EXPECT_TRUE(fits(pool));
  { const Reservation dropped = send(pool); }
  EXPECT_TRUE(fits(pool));
  run(pool, Health::refusing);  // of quota: that is another matter
  EXPECT_TRUE(fits(pool));
  fail(pool, 1);
  EXPECT_EQ(wait(pool), seconds(60));
}

TEST_F(Breaking, AProbeThatBeginsToBeServedLetsOthersPass) {
  const Pool pool = model("m");
  fail(pool, 5);
  pass(seconds(30));
  Reservation stream = send(pool);
  stream.report(Health::serving, now());
  EXPECT_TRUE(fits(pool));
  finish(std::move(stream), Health::failing);  // broken after all
  EXPECT_EQ(wait(pool), seconds(60));
}

TEST_F(Breaking, WhatWasUnderWayBeforeItOpenedSaysNothingNew) {
  const Pool pool = model("m");
  Reservation slow = send(pool);
  Reservation slower = send(pool);
  fail(pool, 5);
  pass(seconds(10));
  finish(std::move(slow), Health::failing);
  EXPECT_EQ(wait(pool), seconds(20));
  finish(std::move(slower), Health::served);
  EXPECT_EQ(wait(pool), seconds(20));
  pass(seconds(20));
  fail(pool, 1);
  EXPECT_EQ(wait(pool), seconds(60));
}

TEST_F(Breaking, GoesByTheRuleThatIsInForce) {
  ledger_.break_by({.failures = 2, .open_for = minutes(3)});
  const Pool pool = model("m");
  fail(pool, 2);
  EXPECT_EQ(wait(pool), minutes(3));
  ledger_.break_by({.failures = 0, .open_for = minutes(3)});
  EXPECT_TRUE(fits(pool));
  fail(pool, 50);
  fail(pool, 50, Health::unreachable);
  EXPECT_TRUE(fits(pool));
}

TEST_F(Breaking, IsClosedByWhoeverEndsCooldowns) {
  const Pool pool = model("m");
  fail(pool, 5);
  pool.end_cooldowns(now());
  EXPECT_TRUE(fits(pool));
  fail(pool, 4);
  EXPECT_TRUE(fits(pool));
}

TEST_F(Breaking, AReloadIsAReasonToProbe) {
  fail(model("m"), 5);
  const Pool again = model("m");
  Reservation probe = send(again);
  EXPECT_FALSE(fits(again));
  finish(std::move(probe), Health::failing);
  EXPECT_EQ(wait(again), seconds(60));
}

TEST_F(Breaking, DoesNotShortenAnyOtherCooldown) {
  ledger_.break_by({.failures = 1, .open_for = seconds(30)});
  const Pool pool = model("m");
  Reservation one = send(pool);
  pool.cool_down_model({.cause = CooldownCause::rate_limited, .until = now().boot + minutes(2)}, now());
  finish(std::move(one), Health::failing);
  EXPECT_EQ(wait(pool), minutes(2));
  EXPECT_EQ(refusal(pool).limit, "rate_limited");
}

}  // namespace
}  // namespace weir::quota
