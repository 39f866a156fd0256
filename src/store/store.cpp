#include "weir/store/store.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "store/database.hpp"
#include "store/mapped_log.hpp"
#include "store/state_tables.hpp"
#include "weir/base/log.hpp"
#include "weir/base/units.hpp"
#include "weir/quota/intent_log.hpp"
#include "weir/quota/state.hpp"

namespace weir::store {
namespace {

// Half a second of full load between two folds that take place every tenth of one.
constexpr std::size_t kLogBytes = 2U << 20U;
// Of an account's open reservations, as copied, so many stay in memory until the next fold.
constexpr std::size_t kKeptOpen = 64;
constexpr Duration kFirstPause = std::chrono::milliseconds(100);
constexpr Duration kLongestPause = std::chrono::seconds(10);
constexpr Duration kNotesEvery = std::chrono::seconds(10);
// How much a power cut may take.
constexpr Duration kSyncEvery = std::chrono::seconds(1);

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

// "20261124T081500Z".
std::string stamp_of(WallTime time) {
  std::string stamp = format_utc(time);
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  return stamp;
}

// Every pragma says what is in force now, which isn't always what was asked for.
void set_up(Connection& connection) {
  connection.run("PRAGMA busy_timeout = 1000");
  // A new database has nothing to lose, and waiting five times for the disk would double a first start.
  if (version_of(connection) == 0) connection.run("PRAGMA synchronous = OFF");
  if (connection.text_of("PRAGMA journal_mode = WAL") != "wal")
    throw DatabaseError{SQLITE_CANTOPEN, "no write-ahead log is possible here (a network file system?)"};
  connection.run("PRAGMA journal_size_limit = 1048576");
  connection.run("PRAGMA cache_size = -256");
  if (const std::string found = connection.text_of("PRAGMA quick_check(1)"); found != "ok")
    throw DatabaseError{SQLITE_CORRUPT, found};
}

std::string remedy_for(const DatabaseError& error) {
  switch (error.code) {
    case SQLITE_FULL:
      return "the disk is full: make room";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return "it can't be written: check the state directory's owner, mode and mount, or choose another with "
             "--state-dir";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another process holds it: end that one";
    default:
      return "check the disk, or choose another state directory with --state-dir";
  }
}

}  // namespace

class Store::Impl {
 public:
  Impl(StoreConfig config, const Clock& clock, quota::Ledger& ledger, Notes* notes)
      : config_(std::move(config)), clock_(clock), ledger_(ledger), notes_(notes) {}

  void open();
  void start();
  void fold_now();
  void stop();
  Health health() const;

 private:
  [[nodiscard]] bool keeps_nothing() const { return config_.in_memory || !config_.unusable.empty(); }
  [[nodiscard]] std::filesystem::path database_path() const { return config_.directory / config_.database; }
  void open_log();
  [[nodiscard]] bool open_database();
  void close_database();
  // What earlier runs left.
  struct Earlier {
    RunFacts facts;
    bool same_boot = false;
    std::vector<quota::AccountState> states;
    std::vector<quota::NumberedRecord> records;
  };
  [[nodiscard]] Earlier read();
  void restore();
  void restore_late();
  void put_damaged_aside(const DatabaseError& error);

  void run();
  [[nodiscard]] bool fold(bool ended_cleanly);
  void write(bool ended_cleanly);
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> due_notes(bool ended_cleanly);
  void sync();
  void succeeded();
  void failed(const DatabaseError& error);
  void set_degraded(const std::string& reason);

  const StoreConfig config_;
  const Clock& clock_;
  quota::Ledger& ledger_;
  Notes* const notes_;
  BootTime notes_due_ = BootTime::min();
  const std::string boot_id_ = boot_id();

  // Whoever folds: one thread after the other, under fold_mutex_.
  std::mutex fold_mutex_;
  std::optional<MappedLog> mapping_;
  std::optional<quota::IntentLog> log_;
  std::atomic<std::uint64_t> folded_ = 0;  // the log's position up to which the database has everything
  std::optional<Connection> connection_;
  std::optional<StateTables> tables_;
  bool is_too_new_ = false;
  bool is_unread_ = true;       // what it holds isn't in the ledger yet: it must not be overwritten
  bool was_set_aside_ = false;  // a damaged database, and that is told
  bool write_all_ = true;       // since the last success may have changed what failed to be written
  std::vector<quota::AccountState> states_;
  Duration pause_ = kFirstPause;  // after the next failure
  BootTime not_before_ = BootTime::min();
  bool is_unsynced_ = false;  // something was written that a power cut would take
  BootTime synced_at_{};

  mutable std::mutex health_mutex_;
  Health health_;
  std::string log_reason_;  // why the log doesn't survive, where it doesn't

  std::mutex thread_mutex_;
  std::condition_variable wake_;
  bool is_stopping_ = false;
  std::thread thread_;
};

void Store::Impl::open() {
  if (!config_.in_memory && !config_.unusable.empty())
    set_degraded(config_.unusable + "; until a restart counts are kept in memory only");
  if (keeps_nothing()) return;
  const std::lock_guard fold(fold_mutex_);
  open_log();
  (void)open_database();
  restore();
  mapping_->unload();  // 2 MB that only a start reads
  ledger_.journal_to(&*log_);
}

void Store::Impl::open_log() {
  auto mapping = MappedLog::open(config_.directory / "intent.log", kLogBytes, stamp_of(clock_.now().wall));
  if (mapping) {
    mapping_ = *std::move(mapping);
    return;
  }
  mapping_ = MappedLog::in_memory(kLogBytes);
  log_reason_ =
      "what was spent in the last moments would be forgotten by a kill: " + mapping.error().message +
      "; make room, or choose another state directory with --state-dir";
  set_degraded(log_reason_);
}

bool Store::Impl::open_database() {
  if (is_too_new_) return false;
  try {
    connection_.emplace(database_path());
    if (version_of(*connection_) > StateTables::kVersion) {
      is_too_new_ = true;
      connection_.reset();
      set_degraded(
          config_.database +
          " was written by a newer weir: counts are kept in memory only; run that version, or choose another "
          "state directory with --state-dir");
      return false;
    }
    set_up(*connection_);
    tables_.emplace(*connection_);
    // A killed process loses nothing; a power cut what sync() hasn't seen.
    connection_->run("PRAGMA synchronous = NORMAL");
    return true;
  } catch (const DatabaseError& error) {
    close_database();
    if (error.is_corrupt()) {
      put_damaged_aside(error);
      if (!std::filesystem::exists(database_path())) return open_database();
    }
    failed(error);
    return false;
  }
}

// SQLite opens for reading what it may not write, and a connection stays what it was opened for.
void Store::Impl::close_database() {
  tables_.reset();
  connection_.reset();
}

// Never deleted: it may be all that somebody has.
void Store::Impl::put_damaged_aside(const DatabaseError& error) {
  close_database();
  write_all_ = true;
  was_set_aside_ = true;
  const std::string stamp = stamp_of(clock_.now().wall);
  for (const char* const suffix : {"-wal", "-shm", ""}) {
    std::filesystem::path path = database_path();
    path += suffix;
    std::error_code ec;
    if (!std::filesystem::exists(path, ec)) continue;
    const auto aside = set_aside(path, stamp);
    log::error("state_damaged",
               {{"file", path.filename().string()},
                {"why", error.message},
                {"set_aside_as", aside ? aside->filename().string() : aside.error().message}});
  }
}

Store::Impl::Earlier Store::Impl::read() {
  Earlier earlier;
  std::size_t senseless = 0;
  earlier.facts = tables_->run_facts();
  earlier.same_boot = !boot_id_.empty() && earlier.facts.boot_id == boot_id_;
  earlier.states = tables_->read(senseless);
  earlier.records = quota::read_intent_log(mapping_->records(), earlier.facts.epoch);
  if (notes_ != nullptr)
    for (const auto& [name, text] : tables_->notes()) notes_->restore(name, text);
  is_unread_ = false;
  if (!log_ && !was_set_aside_ && earlier.facts.epoch == 0 && mapping_->epoch() > 0)
    log::warn("state_missing", {{"file", config_.database},
                                {"why",
                                 "weir has run here before, and this file of it is gone or empty: what was "
                                 "used is not known; weir quota set says it"}});
  if (earlier.facts.epoch > 0 && !earlier.same_boot && !earlier.facts.ended_cleanly)
    log::warn("power_lost", {{"why",
                              "the machine stopped while weir ran; what was spent in its last second "
                              "may be forgotten, until providers say what is left"}});
  if (senseless > 0) log::warn("state_rows_skipped", {{"rows", static_cast<std::int64_t>(senseless)}});
  const auto newest = std::ranges::max_element(earlier.states, {}, &quota::AccountState::position);
  if (newest == earlier.states.end() || earlier.records.empty()) return earlier;
  const std::uint64_t held_from =
      newest->position + mapping_->records().size() / quota::IntentLog::kSlotBytes;
  if (const std::uint64_t next = earlier.records.back().number + 1; next > held_from)
    log::warn("state_incomplete",
              {{"events_lost", next - held_from},
               {"why", "the last run spent more than the intent log holds while " + config_.database +
                           " could not be written; weir quota set says what was used"}});
  return earlier;
}

void Store::Impl::restore() {
  Earlier earlier;
  if (tables_) {
    try {
      earlier = read();
    } catch (const DatabaseError& error) {
      if (error.is_corrupt()) {
        put_damaged_aside(error);
        (void)open_database();
      } else {
        failed(error);
      }
    }
  }
  ledger_.restore(earlier.states, earlier.records, earlier.same_boot, clock_.now());
  // What the run before wrote last is overwritten last: should this one never write the database, the next
  // begins with that again.
  const std::uint32_t last_epoch = is_unread_ ? mapping_->epoch() : earlier.facts.epoch;
  const auto last = quota::read_intent_log(mapping_->records(), last_epoch);
  const std::uint32_t epoch = std::max(earlier.facts.epoch, mapping_->epoch()) + 1;
  mapping_->set_epoch(epoch);
  log_.emplace(mapping_->records(), epoch, last.empty() ? 1 : last.back().number + 1);
  folded_ = log_->position();
}

// The database could not be read when this run began, and can be now.
void Store::Impl::restore_late() {
  const Earlier earlier = read();
  ledger_.restore_late(earlier.states, earlier.records, earlier.same_boot, clock_.now());
}

void Store::Impl::start() {
  if (keeps_nothing()) return;
  (void)fold(false);
  thread_ = std::thread([this] { run(); });
}

void Store::Impl::run() {
  std::unique_lock lock(thread_mutex_);
  while (!is_stopping_) {
    wake_.wait_for(lock, config_.fold_every);
    if (is_stopping_) return;
    lock.unlock();
    if (clock_.now().boot >= not_before_) (void)fold(false);
    lock.lock();
  }
}

void Store::Impl::fold_now() {
  if (!keeps_nothing()) (void)fold(false);
}

void Store::Impl::stop() {
  {
    const std::lock_guard lock(thread_mutex_);
    if (std::exchange(is_stopping_, true)) return;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (keeps_nothing() || !log_) return;
  if (!fold(true)) return;
  const std::lock_guard fold(fold_mutex_);
  try {
    connection_->run("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch (const DatabaseError&) {
    // The log beside it is read at the next start.
  }
}

bool Store::Impl::fold(bool ended_cleanly) {
  const std::lock_guard lock(fold_mutex_);
  for (int tries = 0; tries < 2; ++tries) {
    if (!connection_ && !open_database()) return false;
    try {
      if (is_unread_) restore_late();
      write(ended_cleanly);
      sync();
      succeeded();
      return true;
    } catch (const DatabaseError& error) {
      write_all_ = true;
      if (!error.is_corrupt()) {
        failed(error);
        if (error.code == SQLITE_READONLY) close_database();
        return false;
      }
      put_damaged_aside(error);  // and once more, into a new one
    }
  }
  return false;
}

void Store::Impl::write(bool ended_cleanly) {
  const std::size_t count = ledger_.accounts();
  states_.resize(count);
  const std::uint64_t position = log_->position();  // what is below it will be in the copies
  std::vector<const quota::AccountState*> changed;
  for (std::size_t i = 0; i < count; ++i)
    if (ledger_.save(i, write_all_, states_[i])) changed.push_back(&states_[i]);
  const auto notes = due_notes(ended_cleanly);
  if (changed.empty() && notes.empty() && !ended_cleanly) {
    folded_ = position;
    return;
  }
  Transaction transaction(*connection_);
  if (write_all_) tables_->clear();
  if (write_all_ || ended_cleanly)
    tables_->write(RunFacts{.epoch = log_->epoch(), .boot_id = boot_id_, .ended_cleanly = ended_cleanly});
  for (const quota::AccountState* const state : changed) tables_->write(*state);
  for (const auto& [name, text] : notes) tables_->write_note(name, text);
  transaction.commit();
  for (quota::AccountState& state : states_)
    if (state.open.size() > kKeptOpen) state.open = std::vector<quota::OpenState>();
  folded_ = position;
  is_unsynced_ = true;
}

// A commit leaves its pages to the kernel, which no kill takes; a checkpoint waits for the disk. Only this
// thread waits.
void Store::Impl::sync() {
  const BootTime now = clock_.now().boot;
  if (!is_unsynced_ || now < synced_at_ + kSyncEvery) return;
  synced_at_ = now;
  connection_->run("PRAGMA wal_checkpoint(PASSIVE)");
  is_unsynced_ = false;
}

// Of what failed to be written once, everything.
std::vector<std::pair<std::string, std::string>> Store::Impl::due_notes(bool ended_cleanly) {
  const BootTime now = clock_.now().boot;
  if (notes_ == nullptr || (now < notes_due_ && !write_all_ && !ended_cleanly)) return {};
  notes_due_ = now + kNotesEvery;
  return notes_->take(write_all_);
}

void Store::Impl::succeeded() {
  write_all_ = false;
  pause_ = kFirstPause;
  const std::lock_guard lock(health_mutex_);
  if (!health_.degraded || health_.reason == log_reason_) return;
  health_ = {.degraded = !log_reason_.empty(), .reason = log_reason_};
  log::info("state_kept_again", {{"file", config_.database}});
}

void Store::Impl::failed(const DatabaseError& error) {
  not_before_ = clock_.now().boot + pause_;
  pause_ = std::min(2 * pause_, kLongestPause);
  set_degraded(config_.database + ": " + error.message +
               ": counts are kept in memory only until it can be written; " + remedy_for(error));
}

void Store::Impl::set_degraded(const std::string& reason) {
  const std::lock_guard lock(health_mutex_);
  if (health_.degraded && health_.reason == reason) return;
  health_ = {.degraded = true, .reason = reason};
  log::warn("state_degraded", {{"why", reason}});
}

Health Store::Impl::health() const {
  const std::lock_guard lock(health_mutex_);
  if (!health_.degraded && log_ && log_->position() - folded_ > log_->capacity())
    return {.degraded = true,
            .reason = config_.database + " is written too slowly: a kill now would forget some of what was " +
                      "spent; check the disk, or choose another state directory with --state-dir"};
  return health_;
}

Store::Store(StoreConfig config, const Clock& clock, quota::Ledger& ledger, Notes* notes)
    : impl_(std::make_unique<Impl>(std::move(config), clock, ledger, notes)) {}
Store::~Store() {
  stop();
}
void Store::open() {
  impl_->open();
}
void Store::start() {
  impl_->start();
}
void Store::fold_now() {
  impl_->fold_now();
}
void Store::stop() {
  impl_->stop();
}
Health Store::health() const {
  return impl_->health();
}

}  // namespace weir::store
