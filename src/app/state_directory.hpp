#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "weir/base/result.hpp"

namespace weir::app {

// What daemon.json says: how the other commands find the daemon.
struct DaemonFile {
  std::string url;  // "http://127.0.0.1:8484"
  pid_t pid = 0;
  std::string certificate;  // fingerprint of the one it has where the url is https
};

// The daemon's state directory, held exclusively: a lock that the kernel lets go of when the process ends,
// however it ends. The database, which may lie elsewhere, is held likewise, by a file of its name and ".lock"
// beside it: two daemons that write one lose each other's counts. Created with mode 0700; files in it are
// 0600, and made so where they were open to others. One that can't be made or locked keeps nobody from
// serving: then it isn't held, unusable() says why, and nothing may be written in it.
class StateDirectory {
 public:
  // Whether the run has one; what lies there of another run is made private all the same.
  enum class Database : std::uint8_t { used, none };
  // Fails with kind io where it or a file in it is another user's, or where another daemon holds it or the
  // database: then the message has its pid. `database` may also be a path elsewhere.
  [[nodiscard]] static Result<StateDirectory> claim(const std::filesystem::path& path,
                                                    const std::string& database,
                                                    Database use = Database::used);
  StateDirectory(StateDirectory&& other) noexcept;
  StateDirectory& operator=(StateDirectory&&) = delete;
  ~StateDirectory();  // withdraws

  [[nodiscard]] Result<void> announce(const DaemonFile& file) const;
  void withdraw() const noexcept;  // removes daemon.json
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // In words, with the remedy; empty where it is held.
  [[nodiscard]] const std::string& unusable() const { return unusable_; }

 private:
  StateDirectory(std::filesystem::path path, int lock, std::string unusable)
      : path_(std::move(path)), lock_(lock), unusable_(std::move(unusable)) {}

  [[nodiscard]] Result<void> hold_database(const std::filesystem::path& database);

  [[nodiscard]] Error not_announced(int why) const;

  std::filesystem::path path_;
  int lock_;                // -1: not held
  int database_lock_ = -1;  // -1: not held
  std::string unusable_;
};

// Whether the process that wrote it still runs.
[[nodiscard]] bool is_alive(const DaemonFile& file);
// Nothing where there is none, or not a daemon's.
[[nodiscard]] std::optional<DaemonFile> read_daemon_file(const std::filesystem::path& state_directory);

}  // namespace weir::app
