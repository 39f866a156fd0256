// Whose clock the windows follow.

#include "quota/clock_offset.hpp"

#include "quota_fixture.hpp"

namespace weir::quota {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

class Clocks : public QuotaTest {
 protected:
  // An answer of a provider whose clock is so far ahead, after so long on the way.
  void exchange(const Pool& pool, Duration ahead, Duration way = milliseconds(40)) {
    Reservation one = reserve(pool);
    const Instant sent = now();
    one.send(sent);
    pass(way);
    const WallTime there = std::chrono::floor<seconds>(now().wall + ahead);
    pass(way);
    one.hear_clock(there, sent.wall, now());
    one.settle({}, now());
  }
  static Duration heard_of(Duration ahead, int answers, Duration way = milliseconds(40)) {
    ClockOffset offset;
    WallTime time{hours(1)};
    for (int i = 0; i < answers; ++i) {
      time += milliseconds(1370);
      offset.heard(std::chrono::floor<seconds>(time + way + ahead), time, time + 2 * way);
    }
    return offset.value();
  }
};

TEST_F(Clocks, ThatAgreeAreLeftAlone) {
  EXPECT_EQ(heard_of(seconds(0), 100), Duration::zero());
  EXPECT_EQ(heard_of(milliseconds(20), 100), Duration::zero());
  EXPECT_EQ(heard_of(seconds(0), 100, seconds(20)), Duration::zero());  // it queued for long
}

TEST_F(Clocks, ThatDifferAreKnownToWithinTheJourney) {
  for (const Duration ahead : {Duration(seconds(5)), Duration(-seconds(5)), Duration(minutes(7)),
                               Duration(-hours(3)), Duration(milliseconds(900))}) {
    const Duration error = heard_of(ahead, 100) - ahead;
    EXPECT_LE(error, milliseconds(60)) << ahead.count();
    EXPECT_GE(error, -milliseconds(60)) << ahead.count();
  }
}

TEST_F(Clocks, AreNotJudgedByOneAnswerOrTwo) {
  EXPECT_EQ(heard_of(hours(1), 2), Duration::zero());
  EXPECT_NE(heard_of(hours(1), 3), Duration::zero());
}

TEST_F(Clocks, AnAnswerOutOfACacheChangesNothing) {
  ClockOffset offset;
  WallTime time{hours(1)};
  for (int i = 0; i < 50; ++i) {
    time += milliseconds(1370);
    const Duration age = i % 10 == 9 ? hours(1) : hours(0);
    offset.heard(std::chrono::floor<seconds>(time - age), time, time + milliseconds(80));
    EXPECT_EQ(offset.value(), Duration::zero()) << i;
  }
}

TEST_F(Clocks, OursMayBeSetBackWhileWeWait) {
  using Seconds = std::chrono::duration<double>;
  const auto at = [](double s) { return WallTime(std::chrono::duration_cast<Duration>(Seconds(s))); };
  ClockOffset offset;
  offset.heard(at(99), at(100.95), at(99.90));
  offset.heard(at(105), at(105.2), at(105.99));
  offset.heard(at(107), at(107.3), at(107.999));
  offset.heard(at(109), at(109.3), at(109.999));
  EXPECT_EQ(offset.value(), Duration::zero());
}

TEST_F(Clocks, ThatHaveBeenSetAreFollowed) {
  ClockOffset offset;
  WallTime time{hours(1)};
  for (int i = 0; i < 100; ++i) {
    time += milliseconds(1370);
    const Duration ahead = i < 50 ? seconds(30) : seconds(0);
    offset.heard(std::chrono::floor<seconds>(time + ahead), time, time + milliseconds(80));
  }
  EXPECT_EQ(offset.value(), Duration::zero());
}

// Our clock is twelve seconds behind. The minute in which that is learnt ends as it was thought to, since
// setting a clock gives nothing back; those after it end with the provider's.
TEST_F(Clocks, OfTheProviderDecideWhenAMinuteIsOver) {
  const Pool pool = bind({rpm(5, WindowKind::fixed)});
  const Duration ahead = seconds(12);
  for (int i = 0; i < 5; ++i) exchange(pool, ahead);
  pass(wait(pool));
  for (int i = 0; i < 5; ++i) exchange(pool, ahead);
  const Duration to_their_minute = minutes(1) - (now().wall.time_since_epoch() + ahead) % minutes(1);
  EXPECT_GE(wait(pool), to_their_minute);
  EXPECT_LE(wait(pool), to_their_minute + seconds(2));
}

}  // namespace
}  // namespace weir::quota
