#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/daemon_client.hpp"
#include "weir/base/log.hpp"
#include "weir/config/config.hpp"

// The commands behind `weir`. Each returns the process's exit code.
namespace weir::app {

// Exit codes are the contract's, section 2.
inline constexpr int kFine = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kConfiguration = 78;

struct ServeOptions {
  config::LoadOptions load;
  std::optional<std::filesystem::path> state_directory;
  std::optional<log::Level> log_level;
  std::optional<log::Format> log_format;
};

[[nodiscard]] int serve(const ServeOptions& options);
[[nodiscard]] int demo(const ServeOptions& options);
[[nodiscard]] int check(const config::LoadOptions& options, bool as_json, bool print_effective);
[[nodiscard]] int healthcheck(const std::optional<std::filesystem::path>& state_directory);
[[nodiscard]] int print_version(bool as_json);

// `weir quota`. `which` is PROVIDER or PROVIDER/MODEL, or empty for all; `key` the label of one of its keys,
// or empty for all.
struct QuotaOptions {
  DaemonAddress daemon;
  std::string which;
  std::string key;
  std::vector<std::string> used;  // "rpd=200"
  bool json = false;
};
[[nodiscard]] int show_quota(const QuotaOptions& options);
[[nodiscard]] int set_quota(const QuotaOptions& options);
[[nodiscard]] int forget_quota(const QuotaOptions& options);

}  // namespace weir::app
