#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/quota/ledger.hpp"

// What survives the process: the intent log in a mapped file, and behind it a SQLite database that one writer
// thread keeps up with the ledger. The ledger in memory is the truth; no request ever waits for a disk.
namespace weir::store {

struct StoreConfig {
  std::filesystem::path directory;  // nobody else writes in it
  std::string database = "weir.db";
  bool in_memory = false;  // nothing is kept
  std::string unusable;    // why nothing can be written in the directory: as in memory, and health says so
  Duration fold_every = std::chrono::milliseconds(100);
};

// Whether a restart would find what is known now.
struct Health {
  bool degraded = false;
  std::string reason;  // in words, with a remedy, where it is
};

// What else is to outlive the process: texts under names, which the store doesn't understand. Called from the
// store's thread and from the one that calls open().
class Notes {
 public:
  virtual ~Notes() = default;
  // What is new since the last call, or everything.
  [[nodiscard]] virtual std::vector<std::pair<std::string, std::string>> take(bool all) = 0;
  virtual void restore(std::string_view name, std::string_view text) = 0;
};

// open, bind all accounts, start; stop or the destructor ends it. health may be called from any thread, the
// others from one.
class Store {
 public:
  // All outlive the store. Notes are written every ten seconds and at the end: a kill loses the last of them.
  Store(StoreConfig config, const Clock& clock, quota::Ledger& ledger, Notes* notes = nullptr);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Gives the ledger what earlier runs left, and lets it write its events from now on. Never fails: a file
  // that is damaged is set aside under another name, one that can't be used is done without, and health says
  // so.
  void open();
  // Writes all that the ledger knows, so that the events of this run count on top of it, and from then on
  // what changes, by a thread of its own.
  void start();
  // The same at once, as after a reload: returns when it is written, or can't be.
  void fold_now();
  // What changed last is written, and the end noted as a clean one.
  void stop();

  [[nodiscard]] Health health() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::store
