#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/daemon_client.hpp"
#include "weir/base/log.hpp"
#include "weir/config/config.hpp"

// The commands behind `weir`. Each returns the process's exit code.
namespace weir::app {

// Exit codes. Scripts and service managers go by them: they stay as they are.
inline constexpr int kFine = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kConfiguration = 78;

struct ServeOptions {
  config::LoadOptions load;
  std::optional<std::filesystem::path> state_directory;
  bool generate_keys = false;  // a client and an admin key, where none is configured
  std::optional<log::Level> log_level;
  std::optional<log::Format> log_format;
};

[[nodiscard]] int serve(ServeOptions options);
[[nodiscard]] int demo(ServeOptions options);
[[nodiscard]] int check(const config::LoadOptions& options, bool as_json, bool print_effective);
struct SimulateOptions {
  config::LoadOptions load;
  std::string model;                     // empty: the first route, else auto
  std::optional<double> capacity_times;  // the demand
  std::string rate;                      // or this: "60/min"
  std::string time = "1d";
  std::string deadline;  // empty: as configured
  std::uint64_t tokens = 400;
  std::uint64_t seed = 1;
  bool json = false;
};

[[nodiscard]] int simulate(const SimulateOptions& options);
[[nodiscard]] int healthcheck(const std::optional<std::filesystem::path>& state_directory);
[[nodiscard]] int print_version(bool as_json);
// Of what weir is built with: "openssl", "3.0.17".
[[nodiscard]] std::vector<std::pair<std::string, std::string>> libraries();

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

// `weir status`.
struct StatusOptions {
  DaemonAddress daemon;
  bool json = false;
  bool watch = false;  // again every two seconds
};
[[nodiscard]] int status(const StatusOptions& options);

// `weir tokens`.
struct TokensOptions {
  DaemonAddress daemon;
  std::string model;
  std::string file;  // empty or "-": stdin
  bool json = false;
};
[[nodiscard]] int count_tokens(const TokensOptions& options);

// `weir init`: a commented file for the keys found in the environment and in the env file, which is a .env
// beside it where none is named; never over one that is there.
[[nodiscard]] int init(const std::string& path, const std::optional<std::filesystem::path>& env_file);

// `weir doctor`: looks at all that serving needs, by calls that cost nothing.
struct DoctorOptions {
  config::LoadOptions load;
  std::optional<std::filesystem::path> state_directory;
};
[[nodiscard]] int doctor(const DoctorOptions& options);

[[nodiscard]] int list_presets(const config::LoadOptions& load);
[[nodiscard]] int show_preset(const std::string& name, const config::LoadOptions& load);

// `weir explain`: a dry run of the router in the running daemon.
struct ExplainOptions {
  DaemonAddress daemon;
  std::string model;
  std::uint64_t tokens = 0;
  std::optional<std::uint64_t> max_tokens;
  bool tools = false;
  bool images = false;
  bool json_schema = false;
  bool no_training = false;
  std::string priority;
  std::string request;  // a file with a chat request, in place of the numbers
  bool json = false;
};
[[nodiscard]] int explain(const ExplainOptions& options);

// `weir diagnose`: what an answer of that provider means. No file, or "-", is stdin.
struct DiagnoseOptions {
  std::string provider;
  std::string file;
  bool json = false;
};
[[nodiscard]] int diagnose(const DiagnoseOptions& options);

}  // namespace weir::app
