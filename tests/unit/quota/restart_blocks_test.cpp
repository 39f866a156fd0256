// What a restart remembers of who is to be left alone: cooldowns, breakers and states.

#include "restart_fixture.hpp"

namespace weir::quota {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

class RestartBlocks : public Restart {};

TEST_F(RestartBlocks, KeepsCooldownsWithTheirCause) {
  const Pool before = bind_to(*run_, {});
  before.cool_down_model({CooldownCause::capacity, now().boot + seconds(30)}, now());
  fold();
  before.cool_down_account({CooldownCause::quota_exhausted, now().boot + hours(3)}, now());
  pass(seconds(10));
  kill();
  const Pool after = bind_to(*run_, {});
  EXPECT_EQ(after.cooldown(now())->cause, CooldownCause::quota_exhausted);
  EXPECT_EQ(after.cooldown(now())->until, now().boot + hours(3) - seconds(10));
}

// One probe finds out whether it still fails; the others don't pay for it.
TEST_F(RestartBlocks, RemembersWhatFailedAndProbesIt) {
  for (const bool is_folded : {false, true}) {
    for (const Health health : {Health::failing, Health::unreachable}) {
      const Pool before = bind_to(*run_, {rpm(100)});
      serve(before);
      fold();
      run_->break_by({.failures = 1, .open_for = hours(1)});
      Reservation one = send(before);
      one.report(health, now());
      one.keep(now());
      EXPECT_EQ(refusal(before).limit, "failing");
      if (is_folded) fold();
      kill();
      const Pool after = bind_to(*run_, {rpm(100)});
      Reservation probe = send(after);
      EXPECT_EQ(refusal(after).limit, "failing");
      probe.report(Health::served, now());
      probe.settle({}, now());
      EXPECT_TRUE(fits(after));
      fold();
    }
  }
}

TEST_F(RestartBlocks, KeepsAStateThatNeedsAPerson) {
  bind_to(*run_, {}).cool_down_model({CooldownCause::payment_required, BootTime::max()}, now());
  fold();
  kill(false);
  EXPECT_EQ(bind_to(*run_, {}).cooldown(now())->until, BootTime::max());
}

// A key that was refused stays refused; but somebody may have started us again because it is mended.
TEST_F(RestartBlocks, KeepsWhatBlocksAKeyAndProbesItAtOnce) {
  const Pool before = bind_to(*run_, {}).with_key("main:01");
  fold();
  before.cool_down_key({CooldownCause::auth, BootTime::max()}, now());
  EXPECT_FALSE(fits(before));
  kill();
  const Pool after = bind_to(*run_, {}).with_key("main:01");
  EXPECT_EQ(after.cooldown(now())->cause, CooldownCause::auth);
  Reservation probe = send(after);
  EXPECT_FALSE(fits(after));
  EXPECT_TRUE(fits(bind_to(*run_, {}).with_key("main:02")));
  fold();
  kill();
  EXPECT_EQ(bind_to(*run_, {}).with_key("main:01").cooldown(now())->cause, CooldownCause::auth);
}

}  // namespace
}  // namespace weir::quota
