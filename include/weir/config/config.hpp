#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/base/digest.hpp"
#include "weir/base/log.hpp"
#include "weir/base/secret.hpp"
#include "weir/providers/provider.hpp"
#include "weir/routing/route.hpp"
#include "weir/transport/server.hpp"

// weir.yaml as values. docs/configuration in the README and config/weir.example.yaml say what each key means.
namespace weir::config {

struct ListenAddress {
  std::string host = "127.0.0.1";  // an IP literal without brackets
  std::uint16_t port = 8484;
};

struct ClientKey {
  std::string name;
  Sha256 digest{};
  std::vector<std::string> models;  // globs
};

struct ModelTarget {
  std::string provider;
  std::string model;
  std::optional<double> weight;     // else the model's own
  std::uint32_t tier = 1;
};

struct ModelRoute {
  std::string name;
  routing::Strategy strategy = routing::Strategy::headroom;
  std::vector<ModelTarget> targets;
};

struct GatewayConfig {
  ListenAddress listen;
  std::uint32_t threads = 0;        // 0: auto, the cores, at most 4
  std::uint64_t max_connections = 4096;
  std::uint64_t max_body = 32U << 20U;
  Duration drain_timeout = std::chrono::seconds(30);
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> cors_origins;
  std::string tls_cert_file;
  std::string tls_key_file;
  std::vector<ClientKey> client_keys;
  std::vector<providers::Provider> providers;   // only those that can be used
  std::vector<ModelRoute> models;
  std::map<std::string, std::string> aliases;   // name -> name under models, provider/model or family
  routing::RoutingConfig routing;
  log::Options log;
  bool access_log = true;

  std::string file;                             // where it came from; empty: built-in defaults
};

// One problem, with its place. line and column count from 1; 0: the file as a whole.
struct Problem {
  enum class Severity : std::uint8_t { error, warning } severity = Severity::error;
  std::string file;
  std::size_t line = 0;
  std::size_t column = 0;
  std::string message;              // with path and remedy: "providers.groq.limits.rpm: expected a count, got ..."
  std::string source_line;          // for the caret; empty where there is none
};

struct Loaded {
  GatewayConfig config;             // meaningful only without errors
  std::vector<Problem> problems;    // in file order
  [[nodiscard]] bool ok() const;
};

// The process environment as the configuration sees it: variables and files, nothing else.
class Environment {
 public:
  virtual ~Environment() = default;
  [[nodiscard]] virtual std::optional<std::string> variable(std::string_view name) const = 0;
  // The file's bytes, or nothing where it doesn't exist or can't be read.
  [[nodiscard]] virtual std::optional<std::string> read_file(const std::filesystem::path& path) const = 0;
};

class SystemEnvironment final : public Environment {
 public:
  [[nodiscard]] std::optional<std::string> variable(std::string_view name) const override;
  [[nodiscard]] std::optional<std::string> read_file(const std::filesystem::path& path) const override;
};

struct LoadOptions {
  std::optional<std::filesystem::path> file;      // --config
  std::optional<std::filesystem::path> env_file;  // --env-file
  std::optional<std::string> listen;              // --listen, else WEIR_LISTEN
};

// Finds, reads and checks the configuration: all problems at once, never an exception. With no file anywhere every
// preset whose key variable is set is enabled, and only its models that cost nothing.
[[nodiscard]] Loaded load(const LoadOptions& options, const Environment& environment);
// The same for text that is at hand; `name` stands in the messages.
[[nodiscard]] Loaded load_text(std::string_view text, std::string_view name, const LoadOptions& options,
                               const Environment& environment);

// "weir.yaml:14:11: error: ..." with source line and caret, then "2 errors, 1 warning".
[[nodiscard]] std::string format_problems(const std::vector<Problem>& problems);
[[nodiscard]] std::string format_problems_json(const std::vector<Problem>& problems);
// The effective configuration as YAML, secrets as "***".
[[nodiscard]] std::string print_effective(const GatewayConfig& config);

// --state-dir, WEIR_STATE_DIR, STATE_DIRECTORY, XDG_STATE_HOME/weir, ~/.local/state/weir.
[[nodiscard]] std::filesystem::path state_directory(const std::optional<std::filesystem::path>& option,
                                                    const Environment& environment);

}  // namespace weir::config
