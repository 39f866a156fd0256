// Limits that nobody told, or told wrong.

#include "quota_fixture.hpp"

namespace weir::quota {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

// A provider that allows so many requests in any minute and says nothing but yes or no.
class SilentProvider {
 public:
  explicit SilentProvider(std::size_t limit) : limit_(limit) {}

  void allow(std::size_t limit) { limit_ = limit; }
  [[nodiscard]] bool accepts(BootTime now) {
    std::erase_if(accepted_, [now](BootTime at) { return at <= now - minutes(1); });
    if (accepted_.size() >= limit_) return false;
    accepted_.push_back(now);
    return true;
  }

 private:
  std::size_t limit_;
  std::vector<BootTime> accepted_;
};

// A provider that allows one request each so often.
class SpacingProvider {
 public:
  explicit SpacingProvider(Duration gap) : gap_(gap) {}

  [[nodiscard]] bool accepts(BootTime now) {
    if (now < next_) return false;
    next_ = now + gap_;
    return true;
  }

 private:
  Duration gap_;
  BootTime next_{};
};

class Learning : public QuotaTest {
 protected:
  struct Yield {
    int served = 0;
    int refused = 0;
  };
  // More is wanted than there is, all the time.
  template <class Provider>
  Yield demand(const Pool& pool, Provider& provider, Duration time, Duration step = milliseconds(100)) {
    Yield yield;
    for (const BootTime end = now().boot + time; now().boot < end; pass(step)) {
      auto outcome = pool.reserve({}, now());
      auto* const taken = std::get_if<Reservation>(&outcome);
      if (taken == nullptr) {
        (void)pool.refusal({}, now());
        continue;
      }
      taken->send(now());
      if (provider.accepts(now().boot)) {
        taken->settle({}, now());
        ++yield.served;
      } else {
        taken->refuse_for_quota({}, now());
        ++yield.refused;
      }
    }
    return yield;
  }
};

TEST_F(Learning, LowersAtOnceToWhatHadBeenAccepted) {
  const Pool pool = bind({from(Source::preset, rpm(60))});
  SilentProvider provider(30);
  const Yield yield = demand(pool, provider, seconds(59));
  EXPECT_EQ(yield.served, 30);
  EXPECT_EQ(yield.refused, 1);
  EXPECT_EQ(view(pool, "rpm").limit.amount, 30U);
  EXPECT_EQ(view(pool, "rpm").limit.source, Source::inferred);
  EXPECT_EQ(view(pool, "rpm").limit.as_of, "2026-11-24");
}

TEST_F(Learning, FindsALimitThatNobodyTold) {
  const Pool pool = bind({});
  EXPECT_EQ(view(pool, "rpm").limit.amount, kUnknownAmount);
  SilentProvider provider(45);
  (void)demand(pool, provider, minutes(1));
  EXPECT_EQ(view(pool, "rpm").limit.amount, 45U);
}

TEST_F(Learning, RaisesAPresetThatIsTooLow) {
  const Pool pool = bind({from(Source::preset, rpm(30))});
  SilentProvider provider(60);
  (void)demand(pool, provider, minutes(10));
  const Yield after = demand(pool, provider, minutes(10));
  EXPECT_GE(after.served, 540);
  EXPECT_LE(after.refused, 5);
}

TEST_F(Learning, FindsTheGapOfAnInterval) {
  for (const std::uint64_t told : {120U, 30U, 66U}) {
    Ledger ledger;
    const Limits limits{from(Source::preset, rpm(told, WindowKind::interval))};
    const Pool pool = ledger.bind("account", "model", {}, limits, {});
    SpacingProvider provider(seconds(1));
    (void)demand(pool, provider, minutes(10), milliseconds(10));
    const Yield after = demand(pool, provider, hours(1), milliseconds(10));
    EXPECT_GE(after.served, 3240) << told;
    EXPECT_LE(after.refused * 50, after.served) << told;
  }
}

// Hardly any of it was ours, so it says nothing of the limit. But it says how full the bucket is.
TEST_F(Learning, OfAStrangersUseFillsABucket) {
  const Pool pool = bind({from(Source::preset, rpm(60, WindowKind::refill))});
  serve(pool);
  send(pool).refuse_for_quota({}, now());
  EXPECT_EQ(view(pool, "rpm").limit.amount, 60U);
  EXPECT_EQ(view(pool, "rpm").left, 0U);
  pass(seconds(10));
  EXPECT_EQ(view(pool, "rpm").left, 9U);  // it refills, and stood still for the guard at first
}

// Nothing had been accepted: half of what was refused is no evidence.
TEST_F(Learning, OfTheOnlyRequestsRefusalTakesNothing) {
  const Pool pool = bind({rpm(30), tpm(30'000)});
  send(pool, tokens(26'000)).refuse_for_quota({.wait = seconds(2)}, now());
  EXPECT_EQ(view(pool, "tpm").limit.amount, 30'000U);
  pass(seconds(2));
  EXPECT_TRUE(fits(pool, tokens(26'000)));
}

TEST_F(Learning, CallsNoCostTooLargeThatTheLimitMayHold) {
  const Pool pool = bind({tpm(30'000)});
  serve(pool, tokens(10'000));
  send(pool, tokens(10'000)).refuse_for_quota({}, now());
  EXPECT_EQ(view(pool, "tpm").limit.amount, 15'000U);
  EXPECT_FALSE(refusal(pool, tokens(20'000)).too_large);
  EXPECT_TRUE(refusal(pool, tokens(30'001)).too_large);
  EXPECT_EQ(wait(pool, tokens(20'000)), kMinuteHeld);  // nothing else counts
  pass(kMinuteHeld);
  serve(pool, tokens(20'000));
  EXPECT_EQ(view(pool, "tpm").limit.amount, 20'000U);
  EXPECT_EQ(view(pool, "tpm").left, 0U);
}

// What was learnt for a window of one kind may be too much for a provider that has another.
TEST_F(Learning, WaitsAfterASecondRefusalRunning) {
  const Pool pool = bind({from(Source::preset, rpm(60))});
  for (int i = 0; i < 40; ++i) serve(pool);
  send(pool).refuse_for_quota({}, now());
  EXPECT_EQ(view(pool, "rpm").limit.amount, 40U);
  pass(minutes(2));
  std::vector<Reservation> under_way;
  for (int i = 0; i < 39; ++i) under_way.push_back(send(pool));
  send(pool).refuse_for_quota({}, now());
  EXPECT_EQ(wait(pool), seconds(10));
}

TEST_F(Learning, NeverGoesBeyondTheConfiguration) {
  const Pool pool = bind({rpm(30)});
  SilentProvider provider(60);
  const Yield yield = demand(pool, provider, minutes(30));
  EXPECT_LE(yield.served, 30 * 31);
  EXPECT_EQ(view(pool, "rpm").limit.amount, 30U);
  EXPECT_EQ(view(pool, "rpm").limit.source, Source::config);
}

TEST_F(Learning, DoesNotTestALimitThatNobodyPressesAgainst) {
  const Pool pool = bind({from(Source::preset, rpm(30))});
  for (int i = 0; i < 300; ++i) {
    serve(pool);
    pass(seconds(10));
  }
  EXPECT_EQ(view(pool, "rpm").limit.amount, 30U);
}

TEST_F(Learning, TestsARightLimitLessAndLess) {
  const Pool pool = bind({from(Source::preset, rpm(30))});
  SilentProvider provider(30);
  const Yield first = demand(pool, provider, hours(2), milliseconds(500));
  EXPECT_LE(first.refused, 8);
  const Yield later = demand(pool, provider, hours(4), milliseconds(500));
  EXPECT_LT(later.refused * 1000, later.served);
  EXPECT_GE(later.served, 240 * 30 * 97 / 100);
}

TEST_F(Learning, ComesBackUpWhenTheProviderAllowsMore) {
  const Pool pool = bind({from(Source::preset, rpm(60))});
  SilentProvider provider(20);
  (void)demand(pool, provider, minutes(5));
  EXPECT_LE(view(pool, "rpm").limit.amount, 20U);
  provider.allow(60);
  (void)demand(pool, provider, hours(2));
  EXPECT_GE(view(pool, "rpm").limit.amount, 58U);
}

TEST_F(Learning, DoesNotTakeTroubleForALimit) {
  const Pool pool = bind({from(Source::preset, rpm(60))});
  for (int i = 0; i < 50; ++i) serve(pool);
  for (int i = 0; i < 100; ++i) {  // it refuses everything for a while
    pass(seconds(11));
    auto outcome = pool.reserve({}, now());
    if (auto* const taken = std::get_if<Reservation>(&outcome)) {
      taken->send(now());
      taken->refuse_for_quota({}, now());
    }
  }
  EXPECT_GE(view(pool, "rpm").limit.amount, 30U);
}

TEST_F(Learning, OfAStrangersUseDoesNotStay) {
  const Pool pool = bind({from(Source::preset, rpm(60))});
  SilentProvider provider(0);  // all of it is somebody else's just now
  (void)demand(pool, provider, seconds(5));
  EXPECT_EQ(view(pool, "rpm").limit.amount, 60U);
}

TEST_F(Learning, IsOverWhenAnotherAmountIsConfigured) {
  const Pool before = bind({from(Source::preset, rpm(60))});
  SilentProvider provider(30);
  (void)demand(before, provider, minutes(1));
  EXPECT_EQ(view(bind({from(Source::preset, rpm(50))}), "rpm").limit.amount, 50U);
}

TEST_F(Learning, GivesWayToWhatAnswersSay) {
  const Pool pool = bind({from(Source::preset, rpm(60))});
  SilentProvider provider(30);
  (void)demand(pool, provider, minutes(1));
  pass(minutes(1));
  Reservation one = send(pool);
  const Observation head = heard(Dimension::requests, kMinutePeriod, 50, 49);
  one.observe({&head, 1}, now());
  EXPECT_EQ(view(pool, "rpm").limit.amount, 50U);
  EXPECT_EQ(view(pool, "rpm").limit.source, Source::header);
}

TEST_F(Learning, OfSeveralAtOnceEndsAtTheTrueLimit) {
  const Pool pool = bind({from(Source::preset, rpm(60))});
  std::vector<Reservation> under_way;
  for (int i = 0; i < 60; ++i) under_way.push_back(send(pool));
  for (std::size_t i = 0; i < 60; ++i) {
    if (i < 40) {
      under_way[i].settle({}, now());
    } else {
      under_way[i].refuse_for_quota({}, now());
    }
  }
  EXPECT_EQ(view(pool, "rpm").limit.amount, 40U);
}

}  // namespace
}  // namespace weir::quota
