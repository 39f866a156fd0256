#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/database.hpp"
#include "weir/quota/state.hpp"

namespace weir::store {

// Of the run that wrote last.
struct RunFacts {
  std::uint32_t epoch = 0;
  std::string boot_id;
  bool ended_cleanly = false;
};

// The tables in which the ledger's state is kept: legible where people may look, words where only the ledger
// reads.
class StateTables {
 public:
  // The newest layout that this version knows.
  static constexpr int kVersion = 1;

  // Makes them where they aren't there. Throws DatabaseError.
  explicit StateTables(Connection& connection);

  [[nodiscard]] RunFacts run_facts();
  void write(const RunFacts& facts);
  // In the order of their numbers. Rows that make no sense are left out and counted.
  [[nodiscard]] std::vector<quota::AccountState> read(std::size_t& senseless);
  // In place of what is there of it.
  void write(const quota::AccountState& state);
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> notes();
  void write_note(std::string_view name, std::string_view text);
  // Accounts of earlier runs are gone.
  void clear();

 private:
  void write_meters(const quota::AccountState& state);
  void write_models(const quota::AccountState& state);
  void write_keys(const quota::AccountState& state);
  void write_open(const quota::AccountState& state);
  void read_meters(quota::AccountState& state, std::size_t& senseless);
  void read_models(quota::AccountState& state, std::size_t& senseless);
  void read_keys(quota::AccountState& state, std::size_t& senseless);
  void read_open(quota::AccountState& state, std::size_t& senseless);

  Connection& connection_;
};

// The layout of a database: 0 is a new one.
[[nodiscard]] int version_of(Connection& connection);

}  // namespace weir::store
