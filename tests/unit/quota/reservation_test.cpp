// What a reservation takes and what each of its ends gives back.

#include "quota_fixture.hpp"

namespace weir::quota {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

constexpr Cost kEstimate{.requests = 1, .tokens = 100, .input_tokens = 60, .output_tokens = 40};

class ReservationTest : public QuotaTest {
 protected:
  struct Used {
    std::uint64_t requests;
    std::uint64_t tokens;
    friend bool operator==(const Used&, const Used&) = default;
  };
  [[nodiscard]] Used used(const Pool& pool) const { return {view(pool, "rpm").used, view(pool, "tpm").used}; }
  [[nodiscard]] Used reserved(const Pool& pool) const {
    return {view(pool, "rpm").reserved, view(pool, "tpm").reserved};
  }
  [[nodiscard]] Pool bind_both(bool failures_count = false) {
    ChargeRule charge;
    charge.failures_count = failures_count;
    return bind({rpm(10), tpm(1000)}, charge);
  }
};

TEST_F(ReservationTest, TakesRoomFromTheMomentItIsHeld) {
  const Pool pool = bind_both();
  const Reservation held = reserve(pool, kEstimate);
  EXPECT_EQ(reserved(pool), (Used{1, 100}));
  EXPECT_EQ(used(pool), (Used{0, 0}));
  EXPECT_EQ(view(pool, "tpm").left, 900U);
}

TEST_F(ReservationTest, MovesFromHeldToSent) {
  const Pool pool = bind_both();
  const Reservation sent = send(pool, kEstimate);
  EXPECT_EQ(reserved(pool), (Used{0, 0}));
  EXPECT_EQ(used(pool), (Used{1, 100}));
}

TEST_F(ReservationTest, IsUndoneByARefund) {
  const Pool pool = bind_both();
  reserve(pool, kEstimate).refund(now());
  EXPECT_EQ(used(pool), (Used{0, 0}));
  EXPECT_EQ(reserved(pool), (Used{0, 0}));
  send(pool, kEstimate).refund(now());  // the connection turned out to be dead
  EXPECT_EQ(used(pool), (Used{0, 0}));
}

TEST_F(ReservationTest, GivesARefusedRequestBack) {
  const Pool pool = bind_both();
  send(pool, kEstimate).refuse(now());
  EXPECT_EQ(used(pool), (Used{0, 0}));
}

TEST_F(ReservationTest, KeepsARefusedRequestWhereFailuresCountButNotItsTokens) {
  const Pool pool = bind_both(true);
  send(pool, kEstimate).refuse(now());
  EXPECT_EQ(used(pool), (Used{1, 0}));
}

TEST_F(ReservationTest, SettlesToWhatWasUsed) {
  const Pool pool = bind_both();
  send(pool, kEstimate).settle(tokens(30), now());
  EXPECT_EQ(used(pool), (Used{1, 30}));
  send(pool, kEstimate).settle(tokens(250), now());  // more than estimated
  EXPECT_EQ(used(pool), (Used{2, 280}));
  send(pool, kEstimate).settle(tokens(0), now());  // an explicit zero is zero
  EXPECT_EQ(used(pool), (Used{3, 280}));
}

TEST_F(ReservationTest, SettlesEachDimensionByItself) {
  const Pool pool = bind({make_limit(Dimension::input_tokens, 500, kMinutePeriod),
                          make_limit(Dimension::output_tokens, 500, kMinutePeriod)});
  send(pool, kEstimate).settle({.requests = 1, .tokens = 77, .input_tokens = 70, .output_tokens = 7}, now());
  EXPECT_EQ(view(pool, "itpm").used, 70U);
  EXPECT_EQ(view(pool, "otpm").used, 7U);
}

TEST_F(ReservationTest, KeepsItsEstimateWhereTheOutcomeIsUnknown) {
  const Pool pool = bind_both();
  send(pool, kEstimate).keep(now());
  EXPECT_EQ(used(pool), (Used{1, 100}));
}

TEST_F(ReservationTest, KeepsItsEstimateWhenDroppedAfterSending) {
  const Pool pool = bind_both();
  { const Reservation dropped = send(pool, kEstimate); }
  EXPECT_EQ(used(pool), (Used{1, 100}));
}

TEST_F(ReservationTest, GivesEverythingBackWhenDroppedBeforeSending) {
  const Pool pool = bind_both();
  { const Reservation dropped = reserve(pool, kEstimate); }
  EXPECT_EQ(used(pool), (Used{0, 0}));
  EXPECT_EQ(reserved(pool), (Used{0, 0}));
}

TEST_F(ReservationTest, TakesAnAnswerAsProofThatItWasSent) {
  const Pool pool = bind_both(true);
  reserve(pool, kEstimate).refuse(now());
  EXPECT_EQ(used(pool), (Used{1, 0}));
  reserve(pool, kEstimate).settle(tokens(5), now());
  EXPECT_EQ(used(pool), (Used{2, 5}));
  reserve(pool, kEstimate).keep(now());
  EXPECT_EQ(used(pool), (Used{3, 105}));
  EXPECT_EQ(reserved(pool), (Used{0, 0}));
}

TEST_F(ReservationTest, EndsOnlyOnce) {
  const Pool pool = bind_both();
  Reservation one = send(pool, kEstimate);
  EXPECT_TRUE(one);
  one.settle(tokens(40), now());
  EXPECT_FALSE(one);
  one.refund(now());
  one.settle(tokens(999), now());
  one.keep(now());
  one.send(now());
  EXPECT_EQ(used(pool), (Used{1, 40}));
}

TEST_F(ReservationTest, IsHandedOnByAMove) {
  const Pool pool = bind_both();
  Reservation first = reserve(pool, kEstimate);
  Reservation second = std::move(first);
  EXPECT_TRUE(second);
  EXPECT_EQ(reserved(pool), (Used{1, 100}));
  second = send(pool, kEstimate);  // what it held before is dropped unsent
  EXPECT_EQ(reserved(pool), (Used{0, 0}));
  EXPECT_EQ(used(pool), (Used{1, 100}));
  second.settle(tokens(1), now());
  EXPECT_EQ(used(pool), (Used{1, 1}));
}

TEST_F(ReservationTest, OutlivesItsLedgerAndPool) {
  Reservation survivor;
  {
    Ledger short_lived;
    const Limits limits{rpm(1)};
    survivor = send(short_lived.bind("a", "m", {}, limits, {}));
  }
  survivor.settle({}, now());
}

TEST_F(ReservationTest, TakesAllMetersOrNone) {
  const Pool pool = bind_both();
  serve(pool, tokens(950));
  EXPECT_EQ(refusal(pool, kEstimate).limit, "tpm");
  EXPECT_EQ(reserved(pool), (Used{0, 0}));
  EXPECT_EQ(used(pool), (Used{1, 950}));
}

TEST_F(ReservationTest, RefundsNothingIntoALaterSlidingWindow) {
  const Pool pool = bind({tpm(100)});
  Reservation slow = send(pool, tokens(100));
  pass(kMinuteHeld);
  serve(pool, tokens(60));
  slow.settle(tokens(1), now());
  EXPECT_EQ(view(pool, "tpm").used, 60U);
}

TEST_F(ReservationTest, RefundsNothingIntoALaterFixedWindow) {
  const Pool pool = bind({tpm(100, WindowKind::fixed)});
  pass(seconds(30));
  Reservation slow = send(pool, tokens(100));
  pass(seconds(31));
  serve(pool, tokens(60));
  slow.settle(tokens(1), now());
  EXPECT_EQ(view(pool, "tpm").used, 60U);
}

TEST_F(ReservationTest, ChargesNothingToALaterWindowEither) {
  const Pool pool =
      bind({tpm(100), make_limit(Dimension::input_tokens, 100, kMinutePeriod, WindowKind::fixed)});
  Reservation slow = send(pool, tokens(50));
  pass(minutes(2));
  serve(pool, tokens(1));
  slow.settle(tokens(90), now());
  EXPECT_EQ(view(pool, "tpm").used, 1U);
  EXPECT_EQ(view(pool, "itpm").used, 1U);
}

TEST_F(ReservationTest, RefundsIntoItsOwnPlaceSoThatTheRestComesBackInTime) {
  const Pool pool = bind({tpm(100)});
  Reservation early = send(pool, tokens(50));
  pass(seconds(10));
  serve(pool, tokens(50));
  pass(seconds(10));
  early.settle(tokens(20), now());
  EXPECT_EQ(wait(pool, tokens(30)), Duration::zero());
  EXPECT_EQ(wait(pool, tokens(50)), kMinuteHeld - seconds(20));
  EXPECT_EQ(wait(pool, tokens(51)), kMinuteHeld - seconds(10));
}

TEST_F(ReservationTest, RefundsIntoItsOwnPlaceAmongThousands) {
  const Pool pool = bind({tpm(100'000)});
  std::vector<Reservation> sent;
  for (int i = 0; i < 1000; ++i) {
    sent.push_back(send(pool, tokens(10)));
    pass(milliseconds(20));
  }
  for (Reservation& one : sent) one.settle(tokens(3), now());
  EXPECT_EQ(view(pool, "tpm").used, 3000U);
}

TEST_F(ReservationTest, CountsWhatIsHeldAsSentNowWhenItNamesAMoment) {
  const Pool pool = bind({rpm(1)});
  const Reservation held = reserve(pool);
  EXPECT_EQ(wait(pool), kMinuteHeld);
}

TEST_F(ReservationTest, IsRefusedForGoodWhereNoWindowCouldEverHoldIt) {
  const Pool pool = bind({rpm(10), tpm(1000)});
  const Refusal refused = refusal(pool, tokens(1001));
  EXPECT_TRUE(refused.too_large);
  EXPECT_EQ(refused.available_at, BootTime::max());
  EXPECT_EQ(refused.limit, "tpm");
  EXPECT_TRUE(fits(pool, tokens(1000)));
}

TEST_F(ReservationTest, IsRefusedForGoodWhereThePlanHasNone) {
  const Pool pool = bind({rpm(10), tpm(0)});
  const Refusal refused = refusal(pool, tokens(5));
  EXPECT_EQ(refused.available_at, BootTime::max());
  EXPECT_EQ(refused.limit, "not_on_plan");
  EXPECT_FALSE(refused.too_large);  // a smaller request wouldn't help
}

TEST_F(ReservationTest, NamesTheLimitThatEndsLast) {
  const Pool pool = bind({rpm(1), make_limit(Dimension::requests, 1, kHourPeriod)});
  serve(pool);
  const Refusal refused = refusal(pool);
  EXPECT_EQ(refused.limit, "rph");
  EXPECT_EQ(refused.available_at - now().boot, hours(1) + milliseconds(50));
}

TEST_F(ReservationTest, SaysTheSameWhetherItIsAskedOrTried) {
  const Pool pool = bind({rpm(1)});
  EXPECT_TRUE(fits(pool));
  serve(pool);
  const auto tried = pool.reserve({}, now());
  ASSERT_TRUE(std::holds_alternative<Refusal>(tried));
  EXPECT_EQ(std::get<Refusal>(tried).available_at, refusal(pool).available_at);
  EXPECT_EQ(std::get<Refusal>(tried).limit, "rpm");
}

TEST_F(ReservationTest, IsUnlimitedWhereNoLimitIsKnown) {
  const Pool pool = bind({});
  for (int i = 0; i < 1000; ++i) serve(pool, tokens(100'000));
  EXPECT_TRUE(fits(pool));
}

}  // namespace
}  // namespace weir::quota
