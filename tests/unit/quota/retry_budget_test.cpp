// A provider in trouble isn't met by twice the requests.

#include "quota_fixture.hpp"

namespace weir::quota {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

class Retries : public QuotaTest {
 protected:
  // Takes all that there is.
  static int left(const Pool& pool) {
    int count = 0;
    while (auto leave = pool.take_retry()) {
      leave->use();
      ++count;
    }
    return count;
  }
};

TEST_F(Retries, BeginWithThree) {
  EXPECT_EQ(left(bind({})), 3);
}

TEST_F(Retries, AreOneForFiveFirstTries) {
  const Pool pool = bind({});
  EXPECT_EQ(left(pool), 3);
  for (int i = 0; i < 4; ++i) pool.count_first_try();
  EXPECT_EQ(left(pool), 0);
  pool.count_first_try();
  EXPECT_EQ(left(pool), 1);
  for (int i = 0; i < 14; ++i) pool.count_first_try();
  EXPECT_EQ(left(pool), 2);
}

TEST_F(Retries, AreSavedUpToTen) {
  const Pool pool = bind({});
  for (int i = 0; i < 10'000; ++i) pool.count_first_try();
  EXPECT_EQ(left(pool), 10);
}

TEST_F(Retries, ThatWereNotNeededAreGivenBack) {
  const Pool pool = bind({});
  {
    auto first = pool.take_retry();
    const auto second = pool.take_retry();
    const auto third = pool.take_retry();
    ASSERT_TRUE(first && second && third);
    EXPECT_FALSE(pool.take_retry());
    first->use();
  }
  EXPECT_EQ(left(pool), 2);
}

TEST_F(Retries, AreSharedByTheModelsOfAnAccountAndNoOther) {
  const Pool first = ledger_.bind("one", "first", {}, {}, {});
  const Pool second = ledger_.bind("one", "second", {}, {}, {});
  EXPECT_EQ(left(first), 3);
  EXPECT_EQ(left(second), 0);
  EXPECT_EQ(left(ledger_.bind("two", "first", {}, {}, {})), 3);
}

}  // namespace
}  // namespace weir::quota
