#include "gateway/request_id.hpp"

#include <gtest/gtest.h>

#include <set>

#include "support/fake_clock.hpp"
#include "weir/base/random.hpp"

namespace weir::gateway {
namespace {

TEST(RequestId, AWellFormedOneOfTheClientIsKept) {
  SystemRandom random;
  EXPECT_EQ(request_id("job-7.part_2", test::FakeClock().now().wall, random), "job-7.part_2");
}

TEST(RequestId, AnythingElseIsReplaced) {
  SystemRandom random;
  const WallTime now = test::FakeClock().now().wall;
  for (const std::string& bad :
       {std::string(), std::string("a b"), std::string("x\r\ny"), std::string(129, 'a')})
    EXPECT_TRUE(request_id(bad, now, random).starts_with("req_"));
}

TEST(RequestId, OursAreUniqueAndSortByTime) {
  SystemRandom random;
  test::FakeClock clock;
  const std::string early = request_id("", clock.now().wall, random);
  clock.advance(std::chrono::seconds(1));
  EXPECT_LT(early, request_id("", clock.now().wall, random));
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(request_id("", clock.now().wall, random));
  EXPECT_EQ(ids.size(), 1000U);
}

}  // namespace
}  // namespace weir::gateway
