// What survives a process, and what happens where its files are damaged.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <thread>

#include "store/database.hpp"
#include "store/state_tables.hpp"
#include "store_fixture.hpp"
#include "support/log_file.hpp"

namespace weir::store::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(StoreTest, ARestartFindsWhatWasCounted) {
  {
    Daemon run(folder_.path(), clock_);
    run.serve(3);
    run.store().stop();
  }
  Daemon next(folder_.path(), clock_);
  EXPECT_EQ(next.used(), 3U);
  EXPECT_FALSE(next.store().health().degraded) << next.store().health().reason;
}

TEST_F(StoreTest, AKillLosesNothing) {
  TempFolder killed;
  {
    Daemon run(folder_.path(), clock_);
    run.serve(2);
    run.store().fold_now();
    run.serve(5);  // only in the intent log
    copy_to(killed);
  }
  EXPECT_EQ(Daemon(killed.path(), clock_).used(), 7U);
}

TEST_F(StoreTest, AKillBeforeTheFirstFoldLosesNothing) {
  TempFolder killed;
  {
    Daemon run(folder_.path(), clock_);
    run.serve(4);
    copy_to(killed);
  }
  TempFolder again;
  {
    quota::Ledger ledger;
    Store store({.directory = killed.path()}, clock_, ledger);
    store.open();  // restored; killed before it started
    copy(killed, again);
  }
  EXPECT_EQ(Daemon(again.path(), clock_).used(), 4U);
}

// What a power cut leaves for certain is what a checkpoint has put into the database's own file.
TEST_F(StoreTest, APowerCutTakesNoMoreThanTheLastSecond) {
  Daemon run(folder_.path(), clock_);
  const auto after_a_cut = [&] {
    const TempFolder cut;
    std::filesystem::copy_file(file("weir.db"), cut.path() / "weir.db");
    return Daemon(cut.path(), clock_).used();
  };
  clock_.advance(1s);
  run.serve(3);
  run.store().fold_now();
  EXPECT_EQ(after_a_cut(), 3U);
  run.serve(4);
  run.store().fold_now();
  clock_.advance(999ms);
  run.store().fold_now();
  EXPECT_EQ(after_a_cut(), 3U);  // the disk is waited for once a second
  clock_.advance(1ms);
  run.store().fold_now();  // nothing new to write
  EXPECT_EQ(after_a_cut(), 7U);
}

TEST_F(StoreTest, AMachineThatStoppedWhileItRanIsToldOf) {
  {
    Daemon run(folder_.path(), clock_);
    run.serve(1);
    run.store().fold_now();
  }
  TempFolder cut;
  copy_to(cut);
  const auto set_run = [&](const char* boot, bool ended_cleanly) {
    Connection connection(cut.path() / "weir.db");
    StateTables tables(connection);
    RunFacts facts = tables.run_facts();
    facts.boot_id = boot;
    facts.ended_cleanly = ended_cleanly;
    tables.write(facts);
  };
  const auto warnings = [&] {
    const weir::test::LogFile log;
    const Daemon next(cut.path(), clock_);
    return log.count("\"power_lost\"");
  };
  set_run("another", true);
  EXPECT_EQ(warnings(), 0U);
  set_run("another", false);
  EXPECT_EQ(warnings(), 1U);
  EXPECT_EQ(warnings(), 0U);  // this boot's own
}

TEST_F(StoreTest, FilesAreTheOwnersAlone) {
  const Daemon run(folder_.path(), clock_);
  using std::filesystem::perms;
  for (const char* const name : {"intent.log", "weir.db"})
    EXPECT_EQ(std::filesystem::status(file(name)).permissions() & (perms::group_all | perms::others_all),
              perms::none)
        << name;
}

TEST_F(StoreTest, KeepsNothingWhereTheConfigurationSaysSo) {
  quota::Ledger ledger;
  Store store({.directory = folder_.path(), .in_memory = true}, clock_, ledger);
  store.open();
  store.start();
  store.fold_now();
  store.stop();
  EXPECT_TRUE(files().empty());
  EXPECT_FALSE(store.health().degraded);
}

TEST_F(StoreTest, ADirectoryThatCannotBeUsedIsDoneWithoutAndHealthSaysSo) {
  quota::Ledger ledger;
  Store store({.directory = folder_.path(), .unusable = "state directory /x: no"}, clock_, ledger);
  store.open();
  store.start();
  store.fold_now();
  EXPECT_TRUE(store.health().degraded);
  EXPECT_EQ(store.health().reason, "state directory /x: no; until a restart counts are kept in memory only");
  store.stop();
  EXPECT_TRUE(files().empty());
}

TEST_F(StoreTest, NothingIsAmissWhereNothingWasToBeKept) {
  quota::Ledger ledger;
  Store store({.directory = folder_.path(), .in_memory = true, .unusable = "no"}, clock_, ledger);
  store.open();
  EXPECT_FALSE(store.health().degraded);
}

TEST_F(StoreTest, EveryFieldComesBack) {
  quota::AccountState state;
  state.name = "it's \"quoted\" \xC3\xA4";
  state.number = 7;
  state.position = 1U << 31U;
  state.at = clock_.now();
  state.cooldown = quota::Cooldown{quota::CooldownCause::quota_exhausted, BootTime(5h)};
  quota::MeterState& meter = state.meters.emplace_back();
  meter.limit = {.dimension = quota::Dimension::output_tokens,
                 .amount = quota::kUnknownAmount,
                 .period = quota::kMonthPeriod,
                 .window = quota::WindowKind::calendar,
                 .zone = "America/Los_Angeles",
                 .expires = std::chrono::sys_days(std::chrono::year(2026) / 12 / 24),
                 .models = {"*:free", "a b"},
                 .source = quota::Source::preset,
                 .as_of = "2026-09-12"};
  meter.scope = "m/odel";
  meter.header = 0;
  meter.learnt = ~std::uint64_t{0};
  meter.learnt_at = clock_.now().wall;
  meter.full_until = BootTime::max();
  meter.drift = 3;
  meter.learning = {1, ~std::uint64_t{0}};
  meter.window = {9, 8, 7};
  quota::ModelState& model = state.models.emplace_back();
  model.id = "model";
  model.meters = {0};
  model.made_by_answers = 1;
  model.failures_count = true;
  model.cooldown = quota::Cooldown{quota::CooldownCause::auth, BootTime::max()};
  quota::OpenState& open = state.open.emplace_back();
  open.id = 12;
  open.cost = {.requests = 1, .tokens = 2, .input_tokens = 3, .output_tokens = 4};
  open.is_sent = true;
  open.charges = {5, 6};

  Connection connection(file("x.db"));
  StateTables tables(connection);
  tables.write(state);
  tables.write(state);  // in place of the first
  std::size_t senseless = 0;
  const auto read = tables.read(senseless);
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(senseless, 0U);
  const quota::AccountState& back = read[0];
  EXPECT_EQ(back.name, state.name);
  EXPECT_EQ(back.number, 7U);
  EXPECT_EQ(back.position, state.position);
  EXPECT_EQ(back.at.boot, state.at.boot);
  EXPECT_EQ(back.at.wall, state.at.wall);
  EXPECT_EQ(back.cooldown->cause, state.cooldown->cause);
  EXPECT_EQ(back.cooldown->until, state.cooldown->until);
  ASSERT_EQ(back.meters.size(), 1U);
  EXPECT_EQ(back.meters[0].limit, meter.limit);
  EXPECT_EQ(back.meters[0].scope, meter.scope);
  EXPECT_EQ(back.meters[0].header, meter.header);
  EXPECT_EQ(back.meters[0].learnt, meter.learnt);
  EXPECT_EQ(back.meters[0].learnt_at, meter.learnt_at);
  EXPECT_EQ(back.meters[0].full_until, meter.full_until);
  EXPECT_EQ(back.meters[0].drift, meter.drift);
  EXPECT_EQ(back.meters[0].learning, meter.learning);
  EXPECT_TRUE(back.meters[0].tally.empty());
  EXPECT_EQ(back.meters[0].window, meter.window);
  ASSERT_EQ(back.models.size(), 1U);
  EXPECT_EQ(back.models[0].id, "model");
  EXPECT_EQ(back.models[0].meters, model.meters);
  EXPECT_TRUE(back.models[0].failures_count);
  EXPECT_EQ(back.models[0].cooldown->until, BootTime::max());
  ASSERT_EQ(back.open.size(), 1U);
  EXPECT_EQ(back.open[0].id, 12U);
  EXPECT_EQ(back.open[0].cost.output_tokens, 4U);
  EXPECT_TRUE(back.open[0].is_sent);
  EXPECT_EQ(back.open[0].charges, open.charges);
}

TEST_F(StoreTest, RowsThatMakeNoSenseAreLeftOut) {
  {
    Daemon run(folder_.path(), clock_, {rpm(10), quota::Limit{.amount = 5, .period = quota::kDayPeriod}});
    run.serve(2);
    run.store().stop();
  }
  {
    Connection connection(file("weir.db"));
    connection.run("UPDATE meter SET window = 'circular' WHERE place = 1");
  }
  Daemon next(folder_.path(), clock_, {rpm(10), quota::Limit{.amount = 5, .period = quota::kDayPeriod}});
  EXPECT_EQ(next.used(), 2U);
  EXPECT_EQ(next.pool().view(clock_.now())[1].used, 0U);
}

TEST_F(StoreTest, ADamagedDatabaseIsSetAsideAndServiceGoesOn) {
  const std::vector<std::pair<std::streamoff, std::string>> damages{
      {0, std::string(100, 'x')}, {20, std::string(4, '\xff')}, {4096, std::string(4096, '\x5a')}};
  for (const auto& [at, bytes] : damages) {
    const TempFolder fresh;
    {
      Daemon run(fresh.path(), clock_);
      run.serve(3);
      run.store().stop();
    }
    {
      std::fstream out(fresh.path() / "weir.db", std::ios::in | std::ios::out | std::ios::binary);
      out.seekp(at);
      out << bytes;
    }
    Daemon next(fresh.path(), clock_);
    next.serve();
    next.store().fold_now();
    EXPECT_FALSE(next.store().health().degraded) << next.store().health().reason;
    bool aside = false;
    for (const auto& entry : std::filesystem::directory_iterator(fresh.path()))
      aside = aside || entry.path().filename().string().starts_with("weir.db.damaged-2026");
    EXPECT_TRUE(aside) << at;
    next.store().stop();
    EXPECT_GE(Daemon(fresh.path(), clock_).used(), 1U);
  }
}

TEST_F(StoreTest, ATruncatedDatabaseIsSetAside) {
  {
    Daemon run(folder_.path(), clock_);
    run.serve(3);
    run.store().stop();
  }
  std::filesystem::resize_file(file("weir.db"), 5000);
  ::testing::internal::CaptureStderr();
  Daemon next(folder_.path(), clock_);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), Not(HasSubstr("state_missing")));
  EXPECT_FALSE(next.store().health().degraded) << next.store().health().reason;
  EXPECT_TRUE(was_set_aside("weir.db"));
}

TEST_F(StoreTest, ADatabaseThatIsGoneIsNoFirstStart) {
  for (const bool is_emptied : {false, true}) {
    {
      ::testing::internal::CaptureStderr();
      Daemon run(folder_.path(), clock_);
      EXPECT_THAT(::testing::internal::GetCapturedStderr(), Not(HasSubstr("state_missing")));
      run.store().stop();
    }
    for (const char* const name : {"weir.db", "weir.db-wal", "weir.db-shm"})
      std::filesystem::remove(file(name));
    if (is_emptied) std::ofstream{file("weir.db")};
    ::testing::internal::CaptureStderr();
    Daemon next(folder_.path(), clock_);
    EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("state_missing"));
    EXPECT_FALSE(next.store().health().degraded);
    next.store().stop();
  }
}

TEST_F(StoreTest, ALogOfAnotherKindIsSetAside) {
  std::ofstream(file("intent.log")) << "shopping list";
  ::testing::internal::CaptureStderr();
  Daemon run(folder_.path(), clock_);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("state_damaged"));
  run.serve();
  EXPECT_TRUE(was_set_aside("intent.log"));
  EXPECT_FALSE(run.store().health().degraded);
}

// Killed while it was made: it has its size, and nothing stands in it.
TEST_F(StoreTest, ALogThatWasHalfMadeIsTakenUp) {
  std::uintmax_t size = 0;
  {
    Daemon run(folder_.path(), clock_);
    run.store().stop();
    size = std::filesystem::file_size(file("intent.log"));
  }
  std::filesystem::remove(file("intent.log"));
  { const std::ofstream fresh(file("intent.log")); }
  std::filesystem::resize_file(file("intent.log"), size);
  TempFolder killed;
  Daemon run(folder_.path(), clock_);
  EXPECT_FALSE(was_set_aside("intent.log"));
  run.serve(3);
  copy_to(killed);
  EXPECT_EQ(Daemon(killed.path(), clock_).used(), 3U);
}

TEST_F(StoreTest, ALogThatCannotBeMadeIsDoneWithout) {
  std::filesystem::create_directory(file("intent.log"));
  Daemon run(folder_.path(), clock_);
  run.serve(2);
  EXPECT_TRUE(run.store().health().degraded);
  EXPECT_THAT(run.store().health().reason, HasSubstr("intent.log"));
  run.store().fold_now();
  EXPECT_TRUE(run.store().health().degraded);
  run.store().stop();
  EXPECT_EQ(Daemon(folder_.path(), clock_).used(), 2U);
}

TEST_F(StoreTest, ADatabaseOfANewerVersionIsLeftAlone) {
  {
    Connection connection(file("weir.db"));
    connection.run("CREATE TABLE future (x); INSERT INTO future VALUES (1); PRAGMA user_version = 99");
  }
  {
    Daemon run(folder_.path(), clock_);
    run.serve();
    run.store().fold_now();
    EXPECT_THAT(run.store().health().reason, HasSubstr("newer weir"));
  }
  Connection connection(file("weir.db"));
  EXPECT_EQ(connection.text_of("SELECT count(*) FROM future"), "1");
  EXPECT_EQ(version_of(connection), 99);
}

TEST_F(StoreTest, ItsOwnThreadFoldsWhatChanges) {
  quota::Ledger ledger;
  Store store({.directory = folder_.path(), .fold_every = 1ms}, clock_, ledger);
  store.open();
  const quota::Limit limit = rpm(10);
  const quota::Pool pool = ledger.bind("account", "model", {&limit, 1}, {}, {});
  store.start();
  auto outcome = pool.reserve({}, clock_.now());
  std::get<quota::Reservation>(outcome).settle({}, clock_.now());
  Connection connection(file("weir.db"));
  while (connection.text_of("SELECT position FROM account") != "4")
    std::this_thread::yield();  // held, sent, ended
}

// A process that is really killed, at any moment. What it had reported as sent is counted afterwards.
TEST_F(StoreTest, SigkillAtAnyMomentLosesNothingThatWasReported) {
  std::mt19937_64 dice(5);
  std::uint64_t reported = 0;
  for (int round = 0; round < 20; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    // It waits where the log could become full before the thread that folds it has had a turn.
    ASSERT_GE(::fcntl(pipe[1], F_SETPIPE_SZ, 4096), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(pipe[0]);
      quota::Ledger ledger;
      Store store({.directory = folder_.path(), .fold_every = 1ms}, clock_, ledger);
      store.open();
      const quota::Limit limit = rpm(1'000'000);
      const quota::Pool pool = ledger.bind("account", "model", {&limit, 1}, {}, {});
      store.start();
      while (true) {
        auto outcome = pool.reserve({}, clock_.now());
        std::get<quota::Reservation>(outcome).send(clock_.now());
        if (::write(pipe[1], "x", 1) != 1) ::_exit(1);
        std::get<quota::Reservation>(outcome).settle({}, clock_.now());
      }
    }
    ::close(pipe[1]);
    std::uint64_t left = 1 + dice() % 3000;
    char bytes[256];
    ssize_t got = 0;
    while (left > 0 && (got = ::read(pipe[0], bytes, std::min<std::uint64_t>(left, sizeof bytes))) > 0) {
      left -= static_cast<std::uint64_t>(got);
      reported += static_cast<std::uint64_t>(got);
    }
    ::kill(child, SIGKILL);
    while ((got = ::read(pipe[0], bytes, sizeof bytes)) > 0) reported += static_cast<std::uint64_t>(got);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    ::close(pipe[0]);
    const std::uint64_t found = Daemon(folder_.path(), clock_, {rpm(1'000'000)}).used();
    ASSERT_GE(found, reported) << "round " << round;
    ASSERT_LE(found, reported + static_cast<std::uint64_t>(round) + 1);  // held, and not reported yet
  }
}

}  // namespace
}  // namespace weir::store::test
