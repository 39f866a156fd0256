// What a restart remembers: states, and the records that came after them.

#include <cstring>
#include <random>

#include "restart_fixture.hpp"

namespace weir::quota {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

TEST_F(Restart, KeepsCountsThatWereNeverFolded) {
  const Limits limits{rpm(10), tpm(1000)};
  const Pool before = bind_to(*run_, limits);
  fold();
  serve(before, tokens(400));
  pass(seconds(20));
  kill();
  const Pool after = bind_to(*run_, limits);
  EXPECT_EQ(view(after, "rpm").used, 1U);
  EXPECT_EQ(view(after, "tpm").used, 400U);
  EXPECT_EQ(wait(after, tokens(601)), kMinuteHeld - seconds(20));
}

TEST_F(Restart, DoesNotCountTwiceWhatWasFolded) {
  const Pool before = bind_to(*run_, {rpm(10)});
  serve(before);
  fold();
  serve(before);
  kill();
  EXPECT_EQ(view(bind_to(*run_, {rpm(10)}), "rpm").used, 2U);
}

TEST_F(Restart, CountsAsSpentWhatWasUnderWay) {
  const Limits limits{rpm(10), tpm(1000), concurrency(2)};
  const Pool before = bind_to(*run_, limits);
  Reservation folded_held = reserve(before, tokens(1));
  fold();
  Reservation held = reserve(before, tokens(100));
  pass(seconds(5));
  kill();
  const Pool after = bind_to(*run_, limits);
  EXPECT_EQ(view(after, "rpm").used, 2U);
  EXPECT_EQ(view(after, "tpm").used, 101U);
  EXPECT_EQ(view(after, "concurrency").left, 2U);                  // the connections are gone
  EXPECT_EQ(*view(after, "rpm").reset, now().boot + kMinuteHeld);  // sent at the last moment, perhaps
}

TEST_F(Restart, SettlesAcrossAFold) {
  const Limits limits{tpm(1000)};
  const Pool before = bind_to(*run_, limits);
  Reservation sent = send(before, tokens(500));
  fold();
  sent.settle(tokens(50), now());
  kill();
  EXPECT_EQ(view(bind_to(*run_, limits), "tpm").used, 50U);
}

TEST_F(Restart, KeepsWhatAnswersSaid) {
  const Limits limits{from(Source::preset, rpm(30))};
  const Pool before = bind_to(*run_, limits);
  fold();
  Reservation one = send(before);
  const Observation head = heard(Dimension::requests, kMinutePeriod, 20, 5);
  one.observe({&head, 1}, now());
  one.settle({}, now());
  kill();
  const MeterView after = view(bind_to(*run_, limits), "rpm");
  EXPECT_EQ(after.limit.amount, 20U);
  EXPECT_EQ(after.limit.source, Source::header);
  EXPECT_EQ(after.limit.as_of, "2026-11-24");
  EXPECT_EQ(after.used, 15U);
}

TEST_F(Restart, KeepsWhenAnswersSaidThatOthersUseEnds) {
  const Limits limits{rpd(100)};
  const Pool before = bind_to(*run_, limits);
  fold();
  Reservation one = send(before);
  Observation head = heard(Dimension::requests, kDayPeriod, 100, 0);
  head.reset = milliseconds(4500);
  one.observe({&head, 1}, now());
  one.settle({}, now());
  kill();
  const Pool after = bind_to(*run_, limits);
  EXPECT_EQ(wait(after), seconds(5) + milliseconds(50));  // in whole seconds, rounded up
}

TEST_F(Restart, WithAnotherConfigurationForgetsWhatAnswersSaidOfTheLimit) {
  const Pool before = bind_to(*run_, {from(Source::preset, rpd(1500))});
  Reservation one = send(before);
  const Observation head = heard(Dimension::requests, kDayPeriod, 20, 5);
  one.observe({&head, 1}, now());
  one.settle({}, now());
  fold();
  kill();
  const MeterView after = view(bind_to(*run_, {rpd(1000)}), "rpd");
  EXPECT_EQ(after.limit.amount, 1000U);
  EXPECT_EQ(after.used, 15U);
}

TEST_F(Restart, KeepsWhatWasLearnt) {
  const Limits limits{from(Source::preset, rpm(60))};
  const Pool before = bind_to(*run_, limits);
  fold();
  for (int i = 0; i < 40; ++i) serve(before);
  send(before).refuse_for_quota({}, now());
  kill();
  const MeterView after = view(bind_to(*run_, limits), "rpm");
  EXPECT_EQ(after.limit.amount, 40U);
  EXPECT_EQ(after.limit.source, Source::inferred);
  EXPECT_EQ(after.left, 0U);
}

TEST_F(Restart, OfTheMachineGoesByTheWallClock) {
  const Limits limits{rpm(10), rpd(100, WindowKind::fixed), tpm(600, WindowKind::refill)};
  const Pool before = bind_to(*run_, limits);
  serve(before, tokens(600));
  fold();
  serve(before, tokens(0));
  clock_.reboot(seconds(30));
  kill(false);
  const Pool after = bind_to(*run_, limits);
  EXPECT_EQ(view(after, "rpm").used, 2U);
  EXPECT_EQ(view(after, "rpd").used, 2U);
  EXPECT_NEAR(static_cast<double>(wait(after, tokens(600)).count()),
              static_cast<double>((kMinuteHeld - seconds(30)).count()), 1000.0);
  pass(kMinuteHeld - seconds(30));
  EXPECT_EQ(view(after, "rpm").used, 0U);
  EXPECT_EQ(view(after, "rpd").used, 2U);
}

TEST_F(Restart, GivesNothingBackWhereTheWallClockWasSetBackMeanwhile) {
  const Limits limits{rpm(10)};
  serve(bind_to(*run_, limits));
  fold();
  clock_.reboot(seconds(1));
  clock_.step_wall(-hours(5));
  kill(false);
  EXPECT_EQ(wait(bind_to(*run_, {rpm(1)})), kMinuteHeld);
}

// Nor does anything last longer than it was to last when the process ended.
TEST_F(Restart, ProlongsNothingWhereTheWallClockWasSetBackMeanwhile) {
  const auto cool_and_fill = [this](const Pool& pool) {
    const QuotaRefusal said{.dimension = Dimension::requests, .period = kMinutePeriod, .wait = seconds(20)};
    send(pool).refuse_for_quota(said, now());
    pool.cool_down_model({CooldownCause::capacity, now().boot + seconds(30)}, now());
    pool.cool_down_account({CooldownCause::quota_exhausted, now().boot + seconds(40)}, now());
  };
  for (const bool folded : {true, false}) {
    const Limits limits{rpm(10)};
    const Pool before = bind_to(*run_, limits);
    fold();
    cool_and_fill(before);
    if (folded) fold();
    clock_.reboot(seconds(1));
    clock_.step_wall(-hours(5));
    kill(false);
    const Pool after = bind_to(*run_, limits);
    ASSERT_TRUE(after.cooldown(now())) << folded;
    EXPECT_EQ(after.cooldown(now())->until, now().boot + seconds(40)) << folded;
    EXPECT_EQ(*view(after, "rpm").reset, now().boot + seconds(20)) << folded;
    after.end_cooldowns(now());
  }
}

TEST_F(Restart, ForgetsWindowsThatNobodyUsesAnyMore) {
  serve(bind_to(*run_, {rpm(10)}, "old"));
  (void)bind_to(*run_, {rpm(10)});
  pass(hours(1));
  fold();
  kill();
  (void)bind_to(*run_, {rpm(10)});
  fold();
  EXPECT_EQ(states_[0].models.size(), 1U);
  EXPECT_EQ(states_[0].meters.size(), 1U);
}

TEST_F(Restart, GivesNothingBackWhereTheClockWasSetWhileItWasDown) {
  const Limits limits{rpd(10, WindowKind::fixed), rpd(10, WindowKind::calendar), rpm(10),
                      rpm(9, WindowKind::first_use), tpm(600, WindowKind::refill)};
  serve(bind_to(*run_, limits), tokens(600));
  fold();
  serve(bind_to(*run_, limits), tokens(0));
  clock_.step_wall(-hours(30));
  kill();
  for (const MeterView& meter : bind_to(*run_, limits).view(now()))
    EXPECT_EQ(meter.used, meter.limit.dimension == Dimension::tokens ? 600U : 2U) << short_name(meter.limit);
}

TEST_F(Restart, KeepsTheAccountsCountsWhereAModelIsGone) {
  const Limits account{rpd(10)};
  serve(run_->bind("account", "gone", account, {}, {}));
  fold();
  kill();
  EXPECT_EQ(view(run_->bind("account", "other", account, {}, {}), "rpd").used, 1U);
}

TEST_F(Restart, AfterARestart) {
  const Limits limits{rpm(10)};
  for (int run = 1; run <= 5; ++run) {
    const Pool pool = bind_to(*run_, limits);
    fold();
    serve(pool);
    EXPECT_EQ(view(pool, "rpm").used, static_cast<std::uint64_t>(run));
    kill();
  }
}

// Where the states can't be read at the start, but later.
TEST_F(Restart, HeardOfLateComesOnTop) {
  const Limits limits{rpm(10), tpm(1000, WindowKind::refill), rpd(100, WindowKind::fixed), concurrency(3)};
  const Pool before = bind_to(*run_, limits);
  const Pool other = bind_to(*run_, {rpm(5)}, "gone");
  fold();
  serve(before, tokens(300));
  serve(other);
  Reservation held = reserve(before, tokens(200));
  before.cool_down_model({CooldownCause::capacity, now().boot + seconds(30)}, now());
  const std::vector<AccountState> states = states_;
  const std::vector<NumberedRecord> records = read_intent_log(memory(), 1);

  Ledger next;
  const Pool after = bind_to(next, limits);
  serve(after, tokens(100));
  Reservation open = send(after, tokens(50));
  next.restore_late(states, records, true, now());
  EXPECT_EQ(after.cooldown(now())->until, now().boot + seconds(30));
  EXPECT_EQ(view(after, "rpm").used, 4U);
  EXPECT_EQ(view(after, "tpm").used, 650U);
  EXPECT_EQ(view(after, "rpd").used, 4U);
  EXPECT_EQ(view(bind_to(next, {rpm(5)}, "gone"), "rpm").used, 1U);
  after.end_cooldowns(now());
  EXPECT_EQ(view(after, "concurrency").left, 2U);
  open.settle(tokens(0), now());
  EXPECT_EQ(view(after, "tpm").used, 600U);
}

TEST_F(Restart, PassesOverARecordThatWasTorn) {
  const Limits limits{rpm(10)};
  const Pool before = bind_to(*run_, limits);
  fold();
  serve(before);  // held, sent, ended
  serve(before);
  for (std::size_t byte = 0; byte < IntentLog::kSlotBytes; ++byte) {
    std::vector<std::byte> torn(memory().begin(), memory().end());
    torn[4 * IntentLog::kSlotBytes + byte] ^= std::byte{1};
    const auto records = read_intent_log(torn, 1);
    EXPECT_EQ(records.size(), 5U) << byte;
    Ledger next;
    next.restore(states_, records, true, now());
    EXPECT_LE(view(bind_to(next, limits), "rpm").used, 2U);
    EXPECT_GE(view(bind_to(next, limits), "rpm").used, 1U);
  }
}

// The end of one reservation is lost, and the next that bears its number must not be lost with it.
TEST_F(Restart, CountsWhatCameAfterAnEndThatWasTorn) {
  const Limits limits{rpm(10), tpm(1000)};
  const Pool before = bind_to(*run_, limits);
  fold();
  serve(before, tokens(100));
  serve(before, tokens(300));
  memory()[3 * IntentLog::kSlotBytes] ^= std::byte{1};  // numbers begin with 1: held, sent, ended
  kill();
  const Pool after = bind_to(*run_, limits);
  EXPECT_EQ(view(after, "rpm").used, 2U);
  EXPECT_EQ(view(after, "tpm").used, 400U);
}

TEST_F(Restart, ReadsAnyBytesAsARecordOrNone) {
  std::mt19937_64 dice(1);
  std::vector<std::uint64_t> noise(8 * 64);
  for (std::uint64_t& word : noise) word = dice();
  EXPECT_TRUE(
      read_intent_log(std::as_bytes(std::span(noise)), static_cast<std::uint32_t>(noise[1] >> 32U)).empty());
}

TEST_F(Restart, OfStatesThatMakeNoSenseHarmsNobody) {
  const Limits limits{rpm(10), tpm(1000, WindowKind::refill), rpd(9, WindowKind::fixed), concurrency(3)};
  const Pool before = bind_to(*run_, limits);
  serve(before, tokens(5));
  Reservation open = send(before, tokens(5));
  fold();
  std::mt19937_64 dice(7);
  for (int round = 0; round < 2000; ++round) {
    AccountState state = states_[0];
    MeterState& meter = state.meters[dice() % state.meters.size()];
    Words* const words[] = {&meter.window, &meter.tally, &meter.learning, &state.open[0].charges};
    Words& chosen = *words[dice() % 4];
    if (dice() % 3 == 0) {
      chosen.resize(dice() % 20);
    } else if (!chosen.empty()) {
      chosen[dice() % chosen.size()] = dice() % 2 == 0 ? dice() : ~std::uint64_t{0};
    }
    if (dice() % 10 == 0) state.models[0].meters.push_back(dice());
    Ledger next;
    next.restore({&state, 1}, {}, dice() % 2 == 0, now());
    const Pool pool = bind_to(next, limits);
    (void)pool.headroom(tokens(1), now());
    (void)pool.refusal(tokens(1), now());
    (void)pool.view(now());
  }
}

// A refusal of what had just come back makes the next slot wait for a tenth of a second more.
TEST_F(Restart, RemembersHowMuchCareItTakes) {
  const Pool before = bind_to(*run_, {rpm(1)});
  fold();
  serve(before);
  pass(wait(before));
  send(before).refuse_for_quota({}, now());
  for (const bool by_the_log : {true, false}) {
    SCOPED_TRACE(by_the_log ? "by the log" : "by the state");
    kill();
    pass(minutes(2));
    const Pool after = bind_to(*run_, {rpm(1)});
    serve(after);
    EXPECT_EQ(wait(after), minutes(1) + milliseconds(100));
    fold();
  }
}

TEST_F(Restart, RemembersWhatIsLeftToOthers) {
  const Pool before = bind_to(*run_, {rpm(64)});
  fold();
  Reservation one = send(before);
  const Observation head = heard(Dimension::requests, kMinutePeriod, 64, 0);
  one.observe({&head, 1}, now());
  one.refuse_for_quota({.dimension = Dimension::requests, .period = kMinutePeriod}, now());
  kill();
  pass(minutes(2));
  EXPECT_EQ(view(bind_to(*run_, {rpm(64)}), "rpm").left, 63U);
}

TEST_F(Restart, KeepsWhatMayBeOthersUseUntilItIsKnown) {
  const Limits limits{tpm(1000)};
  const Pool before = bind_to(*run_, limits);
  serve(before, tokens(0));
  Reservation first = send(before, tokens(100));
  Observation head = heard(Dimension::tokens, kMinutePeriod, 1000, 900);
  first.observe({&head, 1}, now());
  first.settle(tokens(100), now());
  Reservation second = send(before, tokens(100));
  head.remaining = 500;  // 300 more than ours
  second.observe({&head, 1}, now());
  fold();
  second.settle(tokens(150), now());
  EXPECT_EQ(view(before, "tpm").drift, 250U);
  kill();
  EXPECT_EQ(view(bind_to(*run_, limits), "tpm").drift, 250U);
}

TEST_F(Restart, TellsOfOthersUseThatNoAnswerHasToldYet) {
  const Limits limits{tpm(10'000)};
  const Pool before = bind_to(*run_, limits);
  Reservation first = send(before, tokens(100));
  Observation head = heard(Dimension::tokens, kMinutePeriod, 10'000, 9900);
  first.observe({&head, 1}, now());
  first.settle(tokens(100), now());
  Reservation second = send(before, tokens(100));
  head.remaining = 8800;  // 1000 more than ours
  EXPECT_FALSE(second.observe({&head, 1}, now()));
  second.settle(tokens(100), now());
  for (const std::uint64_t told : {1000U, 0U}) {
    fold();
    kill();
    const Pool after = bind_to(*run_, limits);
    Reservation next = send(after, tokens(0));
    const auto drift = next.observe({&head, 1}, now());
    EXPECT_EQ(drift ? drift->used_by_others : 0, told);
  }
}

class RandomRun : public Restart, public ::testing::WithParamInterface<unsigned> {};

// Whatever happens, and wherever it is cut off, the next run knows what this one knew.
TEST_P(RandomRun, LosesNothingAtAnyMoment) {
  const Limits limits{
      rpm(40), tpm(3000), rpd(500, WindowKind::fixed), tpm(2500, WindowKind::first_use),
      make_limit(Dimension::requests, 3, {Period::Unit::span, seconds(2)}, WindowKind::refill)};
  std::mt19937_64 dice(GetParam());
  Pool pool = bind_to(*run_, limits);
  fold();
  std::vector<Reservation> open;
  for (int step = 0; step < 4000; ++step) {
    pass(milliseconds(dice() % 300));
    switch (dice() % 8) {
      case 0:
      case 1:
      case 2: {
        auto outcome = pool.reserve(tokens(1 + dice() % 100), now());
        if (auto* const taken = std::get_if<Reservation>(&outcome)) open.push_back(std::move(*taken));
        break;
      }
      case 3:
        if (!open.empty()) open[dice() % open.size()].send(now());
        break;
      case 4:
        if (!open.empty()) {
          const Observation head = heard(Dimension::requests, kMinutePeriod, 40, dice() % 41);
          open.back().observe({&head, 1}, now());
        }
        break;
      case 5:
        if (!open.empty()) {
          open.back().settle(tokens(dice() % 100), now());
          open.pop_back();
        }
        break;
      case 6:
        if (!open.empty()) {
          open.front().refuse_for_quota({}, now());
          open.erase(open.begin());
        }
        break;
      default:
        if (dice() % 4 == 0) fold();
        break;
    }
    if (dice() % 50 != 0) continue;
    // What the dying run would say if all that is under way were kept is what the next must say.
    Ledger next;
    std::vector<AccountState> states = states_;
    next.restore(states, read_intent_log(memory(), 1), true, now());
    for (Reservation& one : open) one.keep(now());
    open.clear();
    fold();
    const std::vector<MeterView> expected = pool.view(now());
    const std::vector<MeterView> restored = bind_to(next, limits).view(now());
    ASSERT_EQ(restored.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(restored[i].used, expected[i].used) << step << " " << short_name(expected[i].limit);
      EXPECT_EQ(restored[i].limit.amount, expected[i].limit.amount) << step;
      EXPECT_EQ(restored[i].reset, expected[i].reset) << step << " " << short_name(expected[i].limit);
      EXPECT_EQ(restored[i].drift, expected[i].drift) << step;
    }
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomRun, ::testing::Range(1U, 21U));

// What a person has said holds, of every kind of window.
TEST_F(Restart, KeepsCorrections) {
  Limit credit = make_limit(Dimension::tokens, 1000, {}, WindowKind::credit);
  const Limits limits{rpm(10), rpd(100), tpm(500, WindowKind::refill), credit};
  const Pool before = bind_to(*run_, limits);
  fold();
  EXPECT_TRUE(before.correct("rpm", 4, now()));
  EXPECT_TRUE(before.correct("rpd", 60, now()));
  EXPECT_TRUE(before.correct("tpm", 200, now()));
  EXPECT_TRUE(before.correct("tokens credit", 900, now()));
  kill();
  const Pool after = bind_to(*run_, limits);
  EXPECT_EQ(view(after, "rpm").used, 4U);
  EXPECT_EQ(view(after, "rpd").used, 60U);
  EXPECT_EQ(view(after, "tpm").used, 200U);
  EXPECT_EQ(view(after, "tokens credit").used, 900U);
}

// Two windows of one name: the same one is meant after the restart.
TEST_F(Restart, KeepsACorrectionOfTheWindowThatWasMeant) {
  const Limits of_account{rpd(1000)};
  const Limits of_model{rpd(200)};
  const auto bind_both = [&] { return run_->bind("account", "model", of_account, of_model, {}); };
  const Pool before = bind_both();
  for (int i = 0; i < 20; ++i) serve(before);
  fold();
  EXPECT_TRUE(before.correct("rpd", 150, now()));
  kill();
  const Pool after = bind_both();
  std::vector<std::uint64_t> used;
  for (const MeterView& view : after.view(now()))
    if (short_name(view.limit) == "rpd") used.push_back(view.used);
  EXPECT_EQ(used, (std::vector<std::uint64_t>{20, 150}));
}

}  // namespace
}  // namespace weir::quota
