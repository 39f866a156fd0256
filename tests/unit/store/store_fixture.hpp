#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "support/fake_clock.hpp"
#include "support/temp_folder.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/quota/state.hpp"
#include "weir/store/store.hpp"

namespace weir::store::test {

using weir::test::TempFolder;

inline quota::Limit rpm(std::uint64_t amount) {
  quota::Limit limit;
  limit.amount = amount;
  return limit;
}

// One run of a process: a ledger with its store, in a folder that the next run finds.
class Daemon {
 public:
  Daemon(const std::filesystem::path& folder, const Clock& clock,
         std::vector<quota::Limit> limits = {rpm(1000)})
      : clock_(clock), store_({.directory = folder, .fold_every = std::chrono::hours(1)}, clock, ledger_) {
    store_.open();
    pool_ = ledger_.bind("account", "model", limits, {}, {});
    store_.start();
  }

  void serve(int times = 1) {
    for (int i = 0; i < times; ++i) {
      auto outcome = pool_.reserve({}, clock_.now());
      auto& taken = std::get<quota::Reservation>(outcome);
      taken.send(clock_.now());
      taken.settle({}, clock_.now());
    }
  }
  // As a kill leaves it: nothing more is written.
  void kill() { ledger_.journal_to(nullptr); }
  [[nodiscard]] std::uint64_t used() const { return pool_.view(clock_.now())[0].used; }
  [[nodiscard]] Store& store() { return store_; }
  [[nodiscard]] const quota::Pool& pool() const { return pool_; }
  [[nodiscard]] quota::Ledger& ledger() { return ledger_; }

 private:
  const Clock& clock_;
  quota::Ledger ledger_;
  Store store_;
  quota::Pool pool_;
};

class StoreTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
  }
  [[nodiscard]] bool was_set_aside(const std::string& name) const {
    return std::ranges::any_of(files(),
                               [&](const std::string& file) { return file.starts_with(name + ".damaged-"); });
  }
  [[nodiscard]] std::filesystem::path file(const std::string& name) const { return folder_.path() / name; }
  void overwrite(const std::string& name, std::streamoff at, const std::string& bytes) const {
    std::fstream out(file(name), std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(at);
    out << bytes;
  }
  // A copy of the folder as it stands, as if the process had been killed just now.
  void copy_to(const TempFolder& other) const { copy(folder_, other); }
  static void copy(const TempFolder& from, const TempFolder& to) {
    for (const auto& entry : std::filesystem::directory_iterator(from.path()))
      if (entry.is_regular_file())
        std::filesystem::copy_file(entry.path(), to.path() / entry.path().filename(),
                                   std::filesystem::copy_options::overwrite_existing);
  }

  weir::test::FakeClock clock_;
  TempFolder folder_;
};

}  // namespace weir::store::test
