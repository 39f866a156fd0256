#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "weir/base/result.hpp"
#include "weir/config/config.hpp"

namespace weir::app {

// The client and admin key of `weir serve --generate-keys`: made once, and kept in keys.env in the state
// directory for later starts and for the commands that ask the daemon. Both lines of it are shell
// assignments, WEIR_CLIENT_KEY=... and WEIR_ADMIN_KEY=...
class GeneratedKeys {
 public:
  // Those that an earlier start kept, else new ones, which stand nowhere yet. Fails with kind io, and a
  // remedy, for a file that can't be read or holds something else.
  [[nodiscard]] static Result<GeneratedKeys> find(const std::filesystem::path& state_directory);

  // Writes new ones down, for their owner alone; the state directory must be held. Fails with kind io.
  [[nodiscard]] Result<void> keep();

  [[nodiscard]] const config::StandInKeys& keys() const { return keys_; }
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  [[nodiscard]] bool are_kept() const { return kept_; }

 private:
  GeneratedKeys(std::filesystem::path file, config::StandInKeys keys, bool kept)
      : file_(std::move(file)), keys_(std::move(keys)), kept_(kept) {}

  std::filesystem::path file_;
  config::StandInKeys keys_;
  bool kept_;
};

// What an earlier start kept there; nothing where there is no such file or it can't be read.
[[nodiscard]] std::optional<config::StandInKeys> kept_keys(const std::filesystem::path& state_directory);

inline constexpr const char* kKeysFile = "keys.env";

}  // namespace weir::app
