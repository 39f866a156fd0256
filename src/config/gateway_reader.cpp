#include "config/gateway_reader.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "config/addresses.hpp"
#include "config/key_reader.hpp"
#include "config/limits_reader.hpp"
#include "config/model_reader.hpp"
#include "config/pending.hpp"
#include "config/provider_reader.hpp"
#include "config/route_reader.hpp"
#include "config/routing_reader.hpp"
#include "config/tokens_reader.hpp"
#include "weir/base/text.hpp"
#include "weir/base/units.hpp"

namespace weir::config {
namespace {

constexpr std::string_view kDefaultListen = "127.0.0.1:8484";
constexpr Range kThreads{.least = 1, .most = 256};
constexpr Range kConnections{.least = 1, .most = 1'000'000};
constexpr Range kBody{.least = 1024, .most = 64U << 20U};  // each is held in memory as a whole
constexpr Duration kLongest = std::chrono::hours(24);

constexpr std::array kLevels{
    Choice<log::Level>{"debug", log::Level::debug}, Choice<log::Level>{"info", log::Level::info},
    Choice<log::Level>{"warn", log::Level::warn},   Choice<log::Level>{"error", log::Level::error},
    Choice<log::Level>{"off", log::Level::off},
};

constexpr std::array kFormats{
    Choice<log::Format>{"auto", log::Format::automatic},
    Choice<log::Format>{"text", log::Format::text},
    Choice<log::Format>{"json", log::Format::json},
};

// A name for the Host header: no scheme, no port, no path.
bool is_host_name(std::string_view host) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  };
  return !host.empty() && host.size() <= 253 && std::ranges::all_of(host, fits);
}

// "https://host[:port]", or "*".
bool is_origin(std::string_view origin) {
  if (origin == "*") return true;
  const auto url = parse_base_url(origin);
  return url && url->path.empty() && !origin.ends_with('/');
}

class GatewayReader {
 public:
  GatewayReader(Reading& reading, const Node& root, std::span<const providers::Preset> presets,
                const std::optional<ListenOverride>& listen, const std::optional<StandInKeys>& stand_in)
      : reading_(reading),
        root_(reading, {&root, ""}, "a map of sections"),
        presets_(presets),
        override_(listen),
        stand_in_(stand_in) {}

  GatewayConfig run() {
    listen_field_ = root_.field();
    read_section("server", &GatewayReader::read_server);
    apply_override();
    read_section("auth", &GatewayReader::read_auth);
    stand_in_for_clients();
    check_openness();
    read_section("admin", &GatewayReader::read_admin);
    stand_in_for_admin();
    read_section("metrics", &GatewayReader::read_metrics);
    read_section("alerts", &GatewayReader::read_alerts);
    read_pending_section(root_, "cache");
    read_section("routing", &GatewayReader::read_routing);
    read_section("tokens", &GatewayReader::read_tokens);
    read_section("state", &GatewayReader::read_state);
    read_section("log", &GatewayReader::read_log);
    read_models();
    root_.finish();
    return std::move(config_);
  }

 private:
  void read_section(std::string_view name, void (GatewayReader::*read)(MapReader&)) {
    const auto field = root_.take(name);
    if (!field) return;
    MapReader map(reading_, *field);
    (this->*read)(map);
    map.finish();
  }

  void read_server(MapReader& server) {
    if (const auto listen = server.take("listen")) read_listen(*listen);
    if (const auto threads = server.take("threads")) {
      if (!is_word(reading_, *threads, "auto"))
        if (const auto count = read_count(reading_, *threads, kThreads))
          config_.threads = static_cast<std::uint32_t>(*count);
    }
    server.count("max_connections", config_.max_connections, kConnections);
    if (const auto body = server.take("max_body"))
      if (const auto size = read_size(reading_, *body, kBody)) config_.max_body = *size;
    server.duration("drain_timeout", config_.drain_timeout, Duration::zero(), kLongest);
    if (const auto hosts = server.take("allowed_hosts")) read_hosts(*hosts);
    if (const auto origins = server.take("cors_origins")) read_origins(*origins);
    if (const auto tls = server.take("tls")) read_tls(*tls);
  }

  void read_listen(const Field& field) {
    listen_field_ = field;
    const auto text = read_text(reading_, field, "an address like " + std::string(kDefaultListen));
    if (!text) return;
    if (text->starts_with("unix:")) return report_pending(reading_, field, kDefaultListen, "a unix socket");
    auto listen = parse_listen(*text);
    if (!listen) return report_error(reading_, field, listen.error().message);
    config_.listen = *std::move(listen);
  }

  void read_hosts(const Field& field) {
    const auto items = read_items(reading_, field);
    for (const Field& item : items.value_or(std::vector<Field>())) {
      constexpr std::string_view kExpected = "a host name like weir.example.com";
      const auto text = read_text(reading_, item, kExpected);
      if (!text) continue;
      std::string host = lower(*text);
      if (is_host_name(host)) {
        config_.allowed_hosts.push_back(std::move(host));
      } else {
        report_unexpected(reading_, item, kExpected);
      }
    }
  }

  void read_origins(const Field& field) {
    const auto items = read_items(reading_, field);
    for (const Field& item : items.value_or(std::vector<Field>())) {
      constexpr std::string_view kExpected = "an origin like https://app.example.com, or \"*\"";
      const auto text = read_text(reading_, item, kExpected);
      if (!text) continue;
      if (is_origin(*text)) {
        config_.cors_origins.push_back(lower(*text));
      } else {
        report_unexpected(reading_, item, kExpected);
      }
    }
  }

  void read_tls(const Field& field) {
    MapReader tls(reading_, field);
    read_path(tls, "cert_file", config_.tls_cert_file);
    read_path(tls, "key_file", config_.tls_key_file);
    if (!config_.tls_key_file.empty()) check_privacy(reading_, field, config_.tls_key_file);
    tls.finish();
    if (config_.tls_cert_file.empty() != config_.tls_key_file.empty())
      report_error(reading_, field, "cert_file and key_file belong together; give both or none");
  }

  // A file that must be readable; empty for none.
  void read_path(MapReader& map, std::string_view key, std::string& out) {
    const auto field = map.take(key);
    if (!field) return;
    const auto text = read_text(reading_, *field, "a file's path");
    if (!text || text->empty()) return;
    out = resolve_path(reading_, *text).string();
    if (!reading_.environment.read_file(out)) report_error(reading_, *field, "can't read " + printable(out));
  }

  void apply_override() {
    if (!override_) return;
    const auto report = [this](std::string message) {
      reading_.report.add(Problem{.severity = Problem::Severity::error,
                                  .file = override_->source,
                                  .line = 0,
                                  .column = 0,
                                  .message = std::move(message),
                                  .source_line = {}});
    };
    if (override_->text.starts_with("unix:"))
      return report("a unix socket is not supported yet; give an address like " +
                    std::string(kDefaultListen));
    auto listen = parse_listen(override_->text);
    if (!listen) return report(listen.error().message);
    config_.listen = *std::move(listen);
  }

  void read_auth(MapReader& auth) {
    const auto keys = auth.take("keys");
    const auto items =
        keys ? read_items(reading_, *keys, "a list of keys like {name: laptop, key: \"${WEIR_KEY}\"}")
             : std::nullopt;
    for (const Field& item : items.value_or(std::vector<Field>())) read_client_key(item);
  }

  void read_client_key(const Field& field) {
    MapReader map(reading_, field, "a map like {name: laptop, key: \"${WEIR_KEY}\"}");
    ClientKey key{.name = {}, .digest = {}, .models = {"*"}};
    if (const auto name = map.require("name", kPlainName)) {
      auto text = read_text(reading_, *name, kPlainName);
      if (text && !is_plain_name(*text)) report_unexpected(reading_, *name, kPlainName);
      if (text) key.name = *std::move(text);
      if (!client_names_.insert(key.name).second)
        report_error(reading_, *name, "another key is named " + in_quotes(key.name) + " already");
    }
    const SecretField secret = read_secret(map, "key");
    if (const auto models = map.take("models"))
      if (auto globs = read_texts(reading_, *models, "a model's name, or a pattern like \"groq/*\""))
        key.models = *std::move(globs);
    if (const auto limits = map.take("limits")) key.limits = read_client_limits(reading_, *limits);
    map.finish();
    if (field.node->kind == Node::Kind::map && is_usable(secret, key.name)) {
      key.digest = sha256(secret.value);
      const auto [same, fresh] = client_digests_.emplace(key.digest, key.name);
      if (!fresh)
        report_error(reading_, secret.field,
                     "this is the key of " + in_quotes(same->second) + " too; give each its own");
      config_.client_keys.push_back(std::move(key));
    }
  }

  // Empty: none, and then only this machine is served.
  std::optional<Sha256> read_optional_key(MapReader& map, std::string_view name) {
    const SecretField key = read_secret(map, name);
    if (key.state == SecretField::State::unset)
      report_error(reading_, key.field,
                   key.variable + " is not set; set it, or do without a key with ${" + key.variable + ":-}");
    const bool given = key.state == SecretField::State::given && !key.value.empty() && is_key_text(key);
    return given ? std::optional(sha256(key.value)) : std::nullopt;
  }

  void read_admin(MapReader& admin) {
    config_.admin_key = read_optional_key(admin, "key");
    admin.flag("dashboard", config_.dashboard);
  }

  void read_metrics(MapReader& metrics) {
    metrics.flag("enabled", config_.metrics);
    config_.metrics_token = read_optional_key(metrics, "token");
  }

  void read_alerts(MapReader& alerts) {
    if (const auto at = alerts.take("at")) read_shares(*at);
    const SecretField webhook = read_secret(alerts, "webhook");
    report_unset(webhook);
    if (webhook.state == SecretField::State::given && !webhook.value.empty()) {
      // The address is often a secret itself: nothing of it is shown.
      auto url = parse_base_url(webhook.value);
      if (url)
        config_.alerts.webhook = *std::move(url);
      else
        report_error(reading_, webhook.field,
                     "expected a URL like https://hooks.example.com/weir, without ? or #");
    }
    const SecretField secret = read_secret(alerts, "secret");
    report_unset(secret);
    if (secret.state == SecretField::State::given) config_.alerts.secret = Secret(secret.value);
  }

  void report_unset(const SecretField& secret) {
    if (secret.state == SecretField::State::unset)
      report_error(reading_, secret.field,
                   secret.variable + " is not set; set it, or do without with ${" + secret.variable + ":-}");
  }

  void read_shares(const Field& field) {
    const auto items = read_items(reading_, field);
    if (!items) return;
    std::vector<double> shares;
    for (const Field& item : *items) {
      constexpr std::string_view kExpected = "a share like 80%";
      const auto text = read_text(reading_, item, kExpected);
      if (!text) continue;
      const auto share = parse_percent(*text);
      if (!share || *share <= 0)
        report_unexpected(reading_, item, kExpected);
      else
        shares.push_back(*share);
    }
    std::ranges::sort(shares);
    shares.erase(std::unique(shares.begin(), shares.end()), shares.end());
    config_.alerts.at = std::move(shares);
  }

  void stand_in_for_clients() {
    if (!stand_in_ || !config_.client_keys.empty()) return;
    config_.client_keys.push_back(
        {.name = "generated", .digest = sha256(stand_in_->client), .models = {"*"}});
    config_.secrets.emplace_back(stand_in_->client);
    config_.has_stand_in_keys = true;
  }

  void stand_in_for_admin() {
    if (!stand_in_ || config_.admin_key) return;
    config_.admin_key = sha256(stand_in_->admin);
    config_.secrets.emplace_back(stand_in_->admin);
    config_.has_stand_in_keys = true;
  }

  bool is_usable(const SecretField& secret, const std::string& name) {
    if (secret.state == SecretField::State::absent)
      report_error(reading_, secret.field, "expected key or key_file, got neither");
    if (secret.state == SecretField::State::unset)
      report_error(
          reading_, secret.field,
          secret.variable + " is not set; set it, or leave the key out with ${" + secret.variable + ":-}");
    if (secret.state != SecretField::State::given) return false;
    if (secret.value.empty()) {
      reading_.report.warning(secret.field.node->place, secret.field.path + ": empty, so that the key " +
                                                            in_quotes(name) + " is left out");
      return false;
    }
    return is_key_text(secret);
  }

  bool is_key_text(const SecretField& secret) {
    if (is_header_text(secret.value)) {
      warn_of_short_secret(reading_, secret.field, secret.value);
      config_.secrets.emplace_back(secret.value);
      return true;
    }
    report_error(reading_, secret.field, "the key holds a space or a character that can't stand in a header");
    return false;
  }

  // Whoever reaches the port spends the providers' quota, and whoever is on the way reads what passes.
  void check_openness() {
    if (is_loopback(config_.listen.host)) return;
    if (is_open_to_network(config_.listen, config_.client_keys))
      return tell_of_listen(Problem::Severity::error,
                            "listening on " + config_.listen.host +
                                " lets the network use your providers' keys; add auth.keys, or listen on " +
                                std::string(kDefaultListen) + ", or have keys made by --generate-keys");
    if (config_.tls_cert_file.empty())
      tell_of_listen(Problem::Severity::warning,
                     "listening on " + config_.listen.host +
                         " without TLS lets the network read keys and prompts; set server.tls.cert_file and "
                         "key_file, or listen on " +
                         std::string(kDefaultListen) + " behind a proxy that has TLS");
  }

  // At its place in the file, or at that of the option that stands above it.
  void tell_of_listen(Problem::Severity severity, const std::string& message) {
    if (override_) {
      Problem problem;
      problem.severity = severity;
      problem.message = message;
      problem.file = override_->source;
      reading_.report.add(std::move(problem));
    } else if (severity == Problem::Severity::error) {
      report_error(reading_, listen_field_, message);
    } else {
      reading_.report.warning(listen_field_.node->place, listen_field_.path + ": " + message);
    }
  }

  void read_routing(MapReader& routing) { config::read_routing(routing, config_.routing); }
  void read_tokens(MapReader& tokens) { config::read_tokens(tokens, config_.tokens); }

  void read_state(MapReader& state) {
    if (const auto store = state.take("store")) {
      enum class Store : std::uint8_t { memory, sqlite, redis };
      constexpr std::array kStores{Choice<Store>{"memory", Store::memory},
                                   Choice<Store>{"sqlite", Store::sqlite},
                                   Choice<Store>{"redis", Store::redis}};
      const auto chosen = read_word<Store>(reading_, *store, kStores);
      config_.state_in_memory = chosen == Store::memory;
      if (chosen == Store::redis) report_pending(reading_, *store, "sqlite", "redis");
    }
    if (const auto path = state.take("path")) {
      constexpr std::string_view kExpected = "a file's name, like weir.db";
      const auto text = read_text(reading_, *path, kExpected);
      if (text && text->empty()) report_unexpected(reading_, *path, kExpected);
      if (text) config_.state_file = *text;
    }
  }

  void read_log(MapReader& log) {
    log.word<log::Level>("level", config_.log.level, kLevels);
    log.word<log::Format>("format", config_.log.format, kFormats);
    log.flag("access", config_.access_log);
    if (const auto file = log.take("file")) {
      const auto text = read_text(reading_, *file, "a file's path");
      if (text && !text->empty()) config_.log.file = resolve_path(reading_, *text).string();
    }
    read_pending(log, "log");
  }

  void read_models() {
    ProviderSurroundings surroundings{.presets = presets_,
                                      .listen = config_.listen,
                                      .timeouts = {},
                                      .allow_paid = config_.routing.allow_paid};
    if (const auto timeouts = root_.take("timeouts"))
      read_timeouts(reading_, *timeouts, surroundings.timeouts);
    const auto field = root_.take("providers");
    // What the file doesn't say is as without a file.
    Providers providers = field && field->node->kind != Node::Kind::null
                              ? read_providers(reading_, *field, surroundings)
                              : providers_from_environment(reading_, surroundings);
    Routes routes = read_routes(reading_, root_.take("models"), root_.take("aliases"), providers);
    // What is wrong with the section itself was said already.
    const bool readable = !field || !providers.known.empty() || field->node->weight == 1;
    if (providers.usable.empty() && readable)
      reading_.report.warning(field ? field->node->place : Place{}, no_provider(providers));
    config_.providers = std::move(providers.usable);
    config_.models = std::move(routes.models);
    config_.aliases = std::move(routes.aliases);
  }

  [[nodiscard]] std::string no_provider(const Providers& providers) const {
    if (!providers.known.empty()) return "no provider can be used: none has a key";
    // The one with the most models that cost nothing.
    std::string_view example;
    std::ptrdiff_t most = 0;
    for (const providers::Preset& preset : presets_) {
      const auto free =
          std::ranges::count(preset.models, providers::Billing::free, &providers::PresetModel::billing);
      if (free <= most || preset.key_variables.empty()) continue;
      most = free;
      example = preset.key_variables.front();
    }
    const std::string variable =
        "set a key variable" + (example.empty() ? std::string() : " such as " + std::string(example));
    if (!providers.costly.empty())
      return "no provider can be used: all models of " + one_of(providers.costly) +
             " cost; name it under providers, set routing.allow_paid, or " + variable;
    return "no provider can be used; " + variable + ", or add one under providers";
  }

  Reading& reading_;
  MapReader root_;
  std::span<const providers::Preset> presets_;
  const std::optional<ListenOverride>& override_;
  const std::optional<StandInKeys>& stand_in_;
  Field listen_field_;
  std::set<std::string, std::less<>> client_names_;
  std::map<Sha256, std::string> client_digests_;
  GatewayConfig config_;
};

}  // namespace

bool is_open_to_network(const ListenAddress& listen, const std::vector<ClientKey>& keys) {
  return keys.empty() && !is_loopback(listen.host);
}

GatewayConfig read_gateway(Reading& reading, const Node* root, std::span<const providers::Preset> presets,
                           const std::optional<ListenOverride>& listen,
                           const std::optional<StandInKeys>& stand_in) {
  const Node nothing;
  return GatewayReader(reading, root != nullptr ? *root : nothing, presets, listen, stand_in).run();
}

}  // namespace weir::config
