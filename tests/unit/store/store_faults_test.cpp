// What happens while the disk can't be written, or not even read.

#include <gmock/gmock.h>
#include <sqlite3.h>

#include "failing_disk.hpp"
#include "store/database.hpp"
#include "store_fixture.hpp"

namespace weir::store::test {
namespace {

using ::testing::HasSubstr;

TEST_F(StoreTest, WhereNoDatabaseCanBeServiceGoesOnAndItIsMendedLater) {
  std::filesystem::create_directory(file("weir.db"));
  Daemon run(folder_.path(), clock_);
  run.serve(2);
  EXPECT_TRUE(run.store().health().degraded);
  EXPECT_THAT(run.store().health().reason, HasSubstr("--state-dir"));
  std::filesystem::remove(file("weir.db"));
  run.store().fold_now();
  EXPECT_FALSE(run.store().health().degraded) << run.store().health().reason;
  run.store().stop();
  EXPECT_EQ(Daemon(folder_.path(), clock_).used(), 2U);
}

TEST_F(StoreTest, AFullDiskIsSaidAndMendedByItself) {
  FailingDisk disk;
  Daemon run(folder_.path(), clock_);
  run.serve();
  disk.fail(1, 1'000'000, SQLITE_FULL);
  run.store().fold_now();
  EXPECT_TRUE(run.store().health().degraded);
  EXPECT_THAT(run.store().health().reason, HasSubstr("make room"));
  run.serve();
  disk.heal();
  run.store().fold_now();
  EXPECT_FALSE(run.store().health().degraded) << run.store().health().reason;
  TempFolder killed;
  copy_to(killed);
  EXPECT_EQ(Daemon(killed.path(), clock_).used(), 2U);
}

// More than the log holds is written meanwhile.
TEST_F(StoreTest, ADiskThatIsFullForLongLosesNothingOnceItIsMended) {
  constexpr int kMoreThanTheLogHolds = 20'000;
  FailingDisk disk;
  Daemon run(folder_.path(), clock_, {rpm(1'000'000)});
  disk.fail(1, 1'000'000, SQLITE_FULL);
  for (int i = 0; i < 10; ++i) {
    run.serve(kMoreThanTheLogHolds / 10);
    run.store().fold_now();
    EXPECT_TRUE(run.store().health().degraded);
  }
  disk.heal();
  run.store().fold_now();
  run.serve(5);
  TempFolder killed;
  copy_to(killed);
  EXPECT_EQ(Daemon(killed.path(), clock_, {rpm(1'000'000)}).used(), kMoreThanTheLogHolds + 5U);
}

// Killed before that, it has forgotten something, and both runs say so.
TEST_F(StoreTest, MoreThanTheLogHoldsIsSaidToBeLost) {
  constexpr int kMoreThanTheLogHolds = 20'000;
  TempFolder killed;
  {
    Daemon run(folder_.path(), clock_, {rpm(1'000'000)});
    run.serve(10);
    EXPECT_FALSE(run.store().health().degraded);
    run.serve(kMoreThanTheLogHolds);  // and the writer hangs
    EXPECT_THAT(run.store().health().reason, HasSubstr("too slowly"));
    copy_to(killed);
    run.store().fold_now();
    EXPECT_FALSE(run.store().health().degraded);
  }
  ::testing::internal::CaptureStderr();
  EXPECT_LT(Daemon(killed.path(), clock_, {rpm(1'000'000)}).used(), kMoreThanTheLogHolds + 10U);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("state_incomplete"));
}

// A run that could never write the database, or not even read it, leaves to the next what the run before it
// had left.
TEST_F(StoreTest, ARunThatCannotWriteForgetsNothingOfTheRunBefore) {
  TempFolder killed;
  {
    Daemon run(folder_.path(), clock_);
    run.serve(4);  // only in the intent log
    copy_to(killed);
  }
  for (const int first_failure : {1, 2, 3, 5}) {
    const TempFolder next;
    const TempFolder last;
    copy(killed, next);
    {
      FailingDisk disk;
      disk.fail(first_failure, 1'000'000, SQLITE_FULL);
      Daemon run(next.path(), clock_);
      EXPECT_TRUE(run.store().health().degraded);
      run.serve(5);
      copy(next, last);
    }
    EXPECT_GE(Daemon(last.path(), clock_).used(), 4U) << first_failure;
  }
}

// Each single write, sync or truncation fails once: never a crash, and afterwards all is there.
TEST_F(StoreTest, WhicheverCallFailsNothingIsLost) {
  for (const int code : {SQLITE_IOERR_WRITE, SQLITE_FULL}) {
    bool failed = true;
    for (int n = 1; failed && n < 200; ++n) {
      const TempFolder fresh;
      FailingDisk disk;
      disk.fail(n, 1, code);
      {
        Daemon run(fresh.path(), clock_);
        run.serve();
        run.store().fold_now();
        run.serve();
        run.store().fold_now();
        failed = disk.calls() >= n;
        disk.heal();
        run.store().fold_now();
        EXPECT_FALSE(run.store().health().degraded) << n << " " << run.store().health().reason;
        run.store().stop();
      }
      EXPECT_EQ(Daemon(fresh.path(), clock_).used(), 2U) << n;
    }
    EXPECT_FALSE(failed) << "more calls than expected";
  }
}

// The same where it fails for a while at the start of a run that finds another's counts.
TEST_F(StoreTest, WhicheverCallFailsAtAStartNothingIsLost) {
  TempFolder killed;
  {
    Daemon run(folder_.path(), clock_);
    run.serve(2);
    run.store().fold_now();
    run.serve(1);  // only in the intent log
    copy_to(killed);
  }
  for (const int code : {SQLITE_IOERR_WRITE, SQLITE_FULL}) {
    bool failed = true;
    for (int n = 1; failed && n < 200; ++n) {
      const TempFolder fresh;
      copy(killed, fresh);
      FailingDisk disk;
      disk.fail(n, 20, code);
      {
        Daemon run(fresh.path(), clock_);
        run.serve();
        run.store().fold_now();
        failed = disk.calls() >= n;
        disk.heal();
        run.store().fold_now();
        EXPECT_EQ(run.used(), 4U) << n;
        EXPECT_FALSE(run.store().health().degraded) << n << " " << run.store().health().reason;
        run.serve();
        run.store().stop();
      }
      EXPECT_EQ(Daemon(fresh.path(), clock_).used(), 5U) << n;
    }
    EXPECT_FALSE(failed) << "more calls than expected";
  }
}

// Nor is a database overwritten that could not be read when its counts were needed.
TEST_F(StoreTest, ADatabaseThatIsReadLateIsAddedToWhatWasCounted) {
  TempFolder before;
  {
    Daemon run(folder_.path(), clock_);
    run.serve(2);
    run.store().fold_now();
    run.serve(1);  // only in the intent log
    run.pool().cool_down_account({quota::CooldownCause::auth, BootTime::max()}, clock_.now());
    copy_to(before);
  }
  const std::filesystem::path database = before.path() / "weir.db";
  std::filesystem::rename(database, before.path() / "elsewhere");
  std::filesystem::create_directory(database);
  Daemon run(before.path(), clock_);
  EXPECT_TRUE(run.store().health().degraded);
  EXPECT_EQ(run.used(), 0U);
  run.serve(4);
  std::filesystem::remove(database);
  std::filesystem::rename(before.path() / "elsewhere", database);
  run.store().fold_now();
  EXPECT_FALSE(run.store().health().degraded) << run.store().health().reason;
  EXPECT_EQ(run.used(), 7U);
  EXPECT_EQ(run.pool().cooldown(clock_.now())->cause, quota::CooldownCause::auth);
  run.store().fold_now();
  EXPECT_EQ(run.used(), 7U);
  run.store().stop();
  EXPECT_EQ(Daemon(before.path(), clock_).used(), 7U);
}

TEST_F(StoreTest, SomebodyElsesLockIsWaitedOut) {
  Daemon run(folder_.path(), clock_);
  run.serve();
  Connection other(file("weir.db"));
  other.run("BEGIN IMMEDIATE");
  run.store().fold_now();
  EXPECT_TRUE(run.store().health().degraded);
  EXPECT_THAT(run.store().health().reason, HasSubstr("another process"));
  other.run("ROLLBACK");
  run.store().fold_now();
  EXPECT_FALSE(run.store().health().degraded);
}

}  // namespace
}  // namespace weir::store::test
