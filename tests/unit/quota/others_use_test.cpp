// What answers show of others who use the key, where ours under way may have used more than was estimated.

#include <span>

#include "quota_fixture.hpp"

namespace weir::quota {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

class OthersUseTest : public QuotaTest {
 protected:
  void SetUp() override {
    Reservation first = send(pool_, tokens(0));
    (void)hear(first, 0);
    first.settle(tokens(0), now());
  }

  // An answer says that so much has been used.
  std::optional<Drift> hear(Reservation& reservation, std::uint64_t used) const {
    const Observation head = heard(Dimension::tokens, kMinutePeriod, 100'000, 100'000 - used);
    return reservation.observe({&head, 1}, now());
  }
  // What the next answer brings about, where it has no other figure.
  [[nodiscard]] std::uint64_t news() const {
    Reservation next = send(pool_, tokens(0));
    const auto drift = hear(next, view(pool_, "tpm").used);
    next.settle(tokens(0), now());
    return drift ? drift->used_by_others : 0;
  }

  Pool pool_ = bind({tpm(100'000)});
};

TEST_F(OthersUseTest, IsNotWhatTheRequestItselfUsedBeyondItsEstimate) {
  Reservation plain = send(pool_, tokens(100));
  EXPECT_FALSE(hear(plain, 500));
  EXPECT_EQ(view(pool_, "tpm").used, 500U);
  plain.settle(tokens(500), now());
  EXPECT_EQ(news(), 0U);
  EXPECT_EQ(view(pool_, "tpm").drift, 0U);
}

TEST_F(OthersUseTest, IsKnownAtTheEndOfWhatIsUnderWay) {
  Reservation plain = send(pool_, tokens(100));
  Reservation other = send(pool_, tokens(100));
  EXPECT_FALSE(hear(plain, 1200));  // 1000 more than was charged
  plain.settle(tokens(300), now());
  EXPECT_EQ(news(), 0U);
  other.settle(tokens(500), now());
  EXPECT_EQ(view(pool_, "tpm").drift, 400U);
  EXPECT_EQ(news(), 400U);
  EXPECT_EQ(news(), 0U);
}

TEST_F(OthersUseTest, IsNotExplainedByWhatWasSentLater) {
  Reservation plain = send(pool_, tokens(100));
  EXPECT_FALSE(hear(plain, 1100));
  Reservation later = send(pool_, tokens(100));
  later.settle(tokens(5000), now());
  plain.settle(tokens(100), now());
  EXPECT_EQ(view(pool_, "tpm").drift, 1000U);
}

TEST_F(OthersUseTest, IsNotExplainedTwiceByOne) {
  Reservation first = send(pool_, tokens(100));
  Reservation second = send(pool_, tokens(100));
  EXPECT_FALSE(hear(first, view(pool_, "tpm").used + 400));
  Reservation third = send(pool_, tokens(100));
  EXPECT_FALSE(hear(third, view(pool_, "tpm").used + 300));
  first.settle(tokens(100), now());
  second.settle(tokens(600), now());  // 500 more than was charged
  third.settle(tokens(100), now());
  EXPECT_EQ(view(pool_, "tpm").drift, 200U);
}

// Else it would never be known where there is always something under way.
TEST_F(OthersUseTest, WaitsForNoRequestThatCameAfterIt) {
  Reservation one = send(pool_, tokens(100));
  std::uint64_t theirs = 0;
  for (int i = 0; i < 10; ++i) {
    Reservation next = send(pool_, tokens(100));
    theirs += 50;
    (void)hear(one, view(pool_, "tpm").used + 50);
    one.settle(tokens(100), now());
    one = std::move(next);
    EXPECT_GE(view(pool_, "tpm").drift + 100, theirs) << i;
  }
  one.settle(tokens(100), now());
  EXPECT_EQ(view(pool_, "tpm").drift, theirs);
}

TEST_F(OthersUseTest, IsNotTakenForSureWhereNobodyKnowsWhatOursUsed) {
  Reservation plain = send(pool_, tokens(100));
  Reservation lost = send(pool_, tokens(100));
  EXPECT_FALSE(hear(plain, 1200));
  lost.keep(now());
  plain.settle(tokens(100), now());
  EXPECT_EQ(view(pool_, "tpm").drift, 0U);
}

TEST_F(OthersUseTest, OfRequestsIsKnownAtOnce) {
  const Pool pool = bind({rpm(100)});
  Reservation first = send(pool);
  Observation head = heard(Dimension::requests, kMinutePeriod, 100, 99);
  EXPECT_FALSE(first.observe({&head, 1}, now()));
  Reservation second = send(pool);
  head = heard(Dimension::requests, kMinutePeriod, 100, 90);
  EXPECT_TRUE(second.observe({&head, 1}, now()));
}

}  // namespace
}  // namespace weir::quota
