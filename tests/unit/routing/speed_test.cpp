#include "weir/routing/speed.hpp"

#include <gtest/gtest.h>

#include "support/fake_clock.hpp"

namespace weir::routing {
namespace {

using namespace std::chrono_literals;

TEST(Speed, KnowsNothingBeforeItIsMeasured) {
  const Speed speed;
  EXPECT_FALSE(speed.to_commit());
  EXPECT_FALSE(speed.tokens_per_second());
  EXPECT_FALSE(speed.expected(100));
}

TEST(Speed, IsTimeToCommitAndThenTheTokens) {
  Speed speed;
  speed.note_commit(500ms);
  EXPECT_EQ(speed.expected(100), Duration(500ms));
  speed.note_stream(200, 2s);
  EXPECT_DOUBLE_EQ(*speed.tokens_per_second(), 100);
  EXPECT_EQ(speed.expected(100), Duration(1500ms));
}

TEST(Speed, FollowsWhatIsMeasuredLater) {
  Speed speed;
  speed.note_commit(1s);
  for (int i = 0; i < 30; ++i) speed.note_commit(3s);
  EXPECT_GT(*speed.to_commit(), Duration(2900ms));
  speed.note_commit(30s);  // one that is late doesn't change everything
  EXPECT_LT(*speed.to_commit(), Duration(9s));
}

TEST(Speed, OfAFewTokensIsNoRate) {
  Speed speed;
  speed.note_stream(2, 1ms);
  speed.note_stream(1000, 0s);
  EXPECT_FALSE(speed.tokens_per_second());
}

TEST(Speed, OfPlainAnswersIsToldByShortAndLongOnes) {
  Speed speed;
  speed.note_plain(2, 500ms);
  EXPECT_EQ(speed.to_commit(), Duration(500ms));
  EXPECT_FALSE(speed.tokens_per_second());
  speed.note_plain(100, 1500ms);
  EXPECT_DOUBLE_EQ(*speed.tokens_per_second(), 100);
}

TEST(Speed, IsExploredByOneAtATimeUntilItIsKnown) {
  test::FakeClock clock;
  Speed speed;
  EXPECT_TRUE(speed.explore(clock.now().boot));
  EXPECT_FALSE(speed.explore(clock.now().boot));
  clock.advance(10s);
  EXPECT_TRUE(speed.explore(clock.now().boot));
  speed.note_commit(1s);
  clock.advance(1h);
  EXPECT_FALSE(speed.explore(clock.now().boot));
}

TEST(SpeedTable, KeepsEachModelsSpeedInItsPlace) {
  SpeedTable table;
  Speed& first = table.of("groq/m");
  for (int i = 0; i < 100; ++i) (void)table.of("p/" + std::to_string(i));
  EXPECT_EQ(&table.of("groq/m"), &first);
  EXPECT_NE(&table.of("groq/n"), &first);
}

}  // namespace
}  // namespace weir::routing
