#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/base/digest.hpp"
#include "weir/base/log.hpp"
#include "weir/base/secret.hpp"
#include "weir/config/environment.hpp"
#include "weir/config/problem.hpp"
#include "weir/gateway/client_key.hpp"
#include "weir/providers/preset.hpp"
#include "weir/providers/provider.hpp"
#include "weir/routing/route.hpp"
#include "weir/tokens/config.hpp"

// weir.yaml as values. docs/configuration in the README and config/weir.example.yaml say what each key means.
namespace weir::config {

struct ListenAddress {
  std::string host = "127.0.0.1";  // an IP literal without brackets
  std::uint16_t port = 8484;
};

using ClientKey = gateway::ClientKey;
using ModelTarget = routing::TargetSpec;
using ModelRoute = routing::RouteSpec;

// What is told without being asked for.
struct AlertConfig {
  std::vector<double> at{0.8, 0.95};          // shares of a window, rising
  std::optional<providers::BaseUrl> webhook;  // none: alerts are in the log, the metrics and the events
  Secret secret;                              // signs what is sent there; empty: nothing is signed
};

struct GatewayConfig {
  ListenAddress listen;
  std::uint32_t threads = 0;  // 0: auto, the cores, at most 4
  std::uint64_t max_connections = 4096;
  std::uint64_t max_body = 32U << 20U;
  Duration drain_timeout = std::chrono::seconds(30);
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> cors_origins;
  std::string tls_cert_file;
  std::string tls_key_file;
  std::vector<ClientKey> client_keys;
  std::optional<Sha256> admin_key;             // none: what is under /admin/ is for this machine only
  std::vector<Secret> secrets;                 // both of these in clear, so that they can be hidden
  bool dashboard = true;                       // at "/", for browsers
  bool metrics = true;                         // /metrics is there
  std::optional<Sha256> metrics_token;         // none: it is for this machine only, and for the admin key
  std::vector<providers::Provider> providers;  // only those that can be used
  std::vector<ModelRoute> models;
  std::map<std::string, std::string> aliases;  // name -> name under models, provider/model or family
  routing::RoutingConfig routing;
  tokens::Config tokens;
  AlertConfig alerts;
  log::Options log;
  bool access_log = true;
  bool state_in_memory = false;        // nothing survives a restart
  std::string state_file = "weir.db";  // in the state directory, where it isn't absolute

  std::map<std::string, std::uint64_t> lines;  // where the file sets a key: "providers.groq", 3

  bool has_stand_in_keys = false;  // one of LoadOptions::stand_in was taken

  std::string file;  // where it came from; empty: built-in defaults
};

struct Loaded {
  GatewayConfig config;                           // meaningful only without errors
  std::vector<Problem> problems;                  // in file order
  std::optional<std::filesystem::path> env_file;  // what its variables were read from, beside the process's
  [[nodiscard]] bool ok() const;
};

// Keys that are asked for where the configuration has none. Neither is empty.
struct StandInKeys {
  std::string client;
  std::string admin;
};

struct LoadOptions {
  std::optional<std::filesystem::path> file;      // --config
  std::optional<std::filesystem::path> again;     // what an earlier load took: read again, nothing else
  std::optional<std::filesystem::path> env_file;  // --env-file
  std::optional<std::string> listen;              // --listen, else WEIR_LISTEN
  std::optional<StandInKeys> stand_in;            // --generate-keys
  std::span<const providers::Preset> presets = providers::builtin_presets();
};

// Finds, reads and checks the configuration: all problems at once, never an exception. With no file anywhere
// every preset whose key variable is set is enabled, and only its models that cost nothing.
[[nodiscard]] Loaded load(const LoadOptions& options, const Environment& environment);
// The same for text that is at hand; `name` stands in the messages, and relative paths count from its folder.
// No .env is looked for: only options.env_file is read.
[[nodiscard]] Loaded load_text(std::string_view text, std::string_view name, const LoadOptions& options,
                               const Environment& environment);

// The variables as load() sees them: those of the process, which `environment` has and which must outlive it,
// above those of the env file. What is wrong with that file is appended to `problems`.
[[nodiscard]] std::unique_ptr<Environment> environment_of(const LoadOptions& options,
                                                          const Environment& environment,
                                                          std::vector<Problem>& problems);

// Whether anyone on the network could spend the providers' quota: who listens there, and asks for no key.
[[nodiscard]] bool is_open_to_network(const ListenAddress& listen, const std::vector<ClientKey>& keys);

// The effective configuration as YAML, secrets as "***".
[[nodiscard]] std::string print_effective(const GatewayConfig& config);

}  // namespace weir::config
