#include "app/daemon.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "app/endpoints.hpp"
#include "app/kept_notes.hpp"
#include "app/webhook.hpp"
#include "weir/admin/admin_api.hpp"
#include "weir/base/clock.hpp"
#include "weir/base/log.hpp"
#include "weir/base/random.hpp"
#include "weir/gateway/gateway.hpp"
#include "weir/http/guard.hpp"
#include "weir/http/target.hpp"
#include "weir/net/loop.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/store/store.hpp"
#include "weir/transport/server.hpp"
#include "weir/transport/upstream.hpp"

namespace weir::app {
namespace {

constexpr std::uint32_t kMaxAutoThreads = 4;
// What a connection takes: itself, and one to a provider.
constexpr std::uint64_t kDescriptorsEach = 2;
constexpr std::uint64_t kOtherDescriptors = 128;  // epolls, files, connections to providers kept for later

// No more than there are descriptors for: who comes then is told so, and those who are in can be served.
std::size_t connection_limit(std::uint64_t configured) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return configured;
  const std::uint64_t descriptors = std::max<std::uint64_t>(limit.rlim_cur, kOtherDescriptors);
  const std::uint64_t possible =
      std::max<std::uint64_t>((descriptors - kOtherDescriptors) / kDescriptorsEach, 1);
  if (configured <= possible) return configured;
  log::warn("max_connections_lowered",
            {{"from", configured},
             {"to", possible},
             {"why", "the limit of open files (ulimit -n, LimitNOFILE=) is " +
                         std::to_string(limit.rlim_cur) + ", and a connection takes two"}});
  return possible;
}

transport::ServerConfig server_config(const config::GatewayConfig& config) {
  transport::ServerConfig server;
  server.address = config.listen.host;
  server.port = config.listen.port;
  server.tls_cert_file = config.tls_cert_file;
  server.tls_key_file = config.tls_key_file;
  server.max_body = config.max_body;
  server.max_connections = connection_limit(config.max_connections);
  return server;
}

// Nothing where no webhook is configured. Its address and the secret are hidden from now on.
Result<std::optional<WebhookTarget>> webhook_of(const config::AlertConfig& alerts) {
  if (!alerts.webhook) return std::optional<WebhookTarget>();
  auto endpoint = endpoint_at(*alerts.webhook, "", "alerts.webhook");
  if (!endpoint) return std::move(endpoint).error();
  log::hide(alerts.secret);
  if (alerts.webhook->path.size() > 1) log::hide(Secret(alerts.webhook->path));
  return std::optional(WebhookTarget{.endpoint = *std::move(endpoint),
                                     .path = alerts.webhook->path.empty() ? "/" : alerts.webhook->path,
                                     .secret = alerts.secret});
}

// A proxy's login in the forms it may be quoted in: as it was written, its password, and as it is sent.
void hide_login(std::string_view proxy, std::string_view authorization) {
  constexpr std::string_view kScheme = "http://";
  constexpr std::string_view kBasic = "Basic ";
  const std::size_t end = proxy.rfind('@');
  if (end == std::string_view::npos || !proxy.starts_with(kScheme)) return;
  const std::string_view login = proxy.substr(kScheme.size(), end - kScheme.size());
  const std::string_view password = login.substr(std::min(login.find(':'), login.size() - 1) + 1);
  if (authorization.starts_with(kBasic)) authorization.remove_prefix(kBasic.size());
  for (const std::string_view text : {login, password, authorization}) log::hide(Secret(std::string(text)));
  log::hide(Secret(http::unescape(password)));
}

Result<gateway::Settings> settings_of(const config::GatewayConfig& config) {
  gateway::Settings settings{.providers = config.providers,
                             .routes = config.models,
                             .aliases = config.aliases,
                             .routing = config.routing,
                             .tokens = config.tokens,
                             .client_keys = config.client_keys,
                             .access_log = config.access_log,
                             .dashboard = config.dashboard,
                             .endpoints = {}};
  for (const Secret& secret : config.secrets) log::hide(secret);
  for (const providers::Provider& provider : config.providers) {
    auto endpoint = endpoint_of(provider);
    if (!endpoint) return std::move(endpoint).error();
    hide_login(provider.proxy, endpoint->proxy.authorization);
    settings.endpoints.push_back(*std::move(endpoint));
    for (const providers::Key& key : provider.keys) log::hide(key.value);
  }
  return settings;
}

// Whether anybody is spoken to over TLS.
bool wants_trust(const config::GatewayConfig& config) {
  if (config.alerts.webhook && config.alerts.webhook->tls) return true;
  return std::ranges::any_of(config.providers,
                             [](const providers::Provider& provider) { return provider.base_url.tls; });
}

admin::AdminSettings admin_settings_of(const config::GatewayConfig& config) {
  return {.key = config.admin_key,
          .metrics = config.metrics,
          .metrics_token = config.metrics_token,
          .alert_at = config.alerts.at,
          .config_file = config.file,
          .config_yaml = config::print_effective(config),
          .config_lines = config.lines};
}

// The keys whose new values apply at the next start: "server.threads, log.file"; empty where there are none.
std::string keys_for_restart(const config::GatewayConfig& running, const config::GatewayConfig& wanted) {
  std::string keys;
  const auto note = [&keys](const char* key, bool differs) {
    if (differs) keys += (keys.empty() ? "" : ", ") + std::string(key);
  };
  note("server.listen",
       wanted.listen.host != running.listen.host || wanted.listen.port != running.listen.port);
  note("server.threads", wanted.threads != running.threads);
  note("server.max_connections", wanted.max_connections != running.max_connections);
  note("server.max_body", wanted.max_body != running.max_body);
  note("server.allowed_hosts", wanted.allowed_hosts != running.allowed_hosts);
  note("server.cors_origins", wanted.cors_origins != running.cors_origins);
  note("server.tls", wanted.tls_cert_file.empty() != running.tls_cert_file.empty());
  note("state.store", wanted.state_in_memory != running.state_in_memory);
  note("state.path", wanted.state_file != running.state_file);
  note("log.format", wanted.log.format != running.log.format);
  note("log.file", wanted.log.file != running.log.file);
  return keys;
}

// A renewed certificate, or another. One that is broken must not end what works.
void take_certificate(transport::Server& server, const config::GatewayConfig& wanted) {
  if (wanted.tls_cert_file.empty()) return;
  if (const auto taken = server.take_certificate(wanted.tls_cert_file, wanted.tls_key_file); !taken)
    log::error("certificate_kept", {{"why", taken.error().message},
                                    {"effect", "connections go on with the certificate read before"}});
}

}  // namespace

std::uint32_t loop_count(const config::GatewayConfig& config) {
  if (config.threads != 0) return config.threads;
  return std::clamp<std::uint32_t>(std::thread::hardware_concurrency(), 1, kMaxAutoThreads);
}

// In the order of construction; what is declared later uses what is declared before it.
struct Daemon::Parts {
  Parts(config::GatewayConfig running, const StateDirectory& state, admin::Orders orders)
      : config(std::move(running)),
        store({.directory = state.path(),
               .database = config.state_file,
               .in_memory = config.state_in_memory,
               .unusable = state.unusable()},
              clock, ledger, &kept),
        admin(store, with_alerts(std::move(orders))),
        guard({config.listen.host}, config.allowed_hosts, config.cors_origins) {}

  admin::Orders with_alerts(admin::Orders orders) {
    orders.alert = [this](std::string json) { webhook->send(std::move(json)); };
    return orders;
  }

  Result<void> configure_webhook(const config::GatewayConfig& wanted) {
    auto target = webhook_of(wanted.alerts);
    if (!target) return std::move(target).error();
    webhook->configure(*std::move(target));
    return {};
  }

  ~Parts() {
    if (server) server->close_all();
    if (webhook) webhook->stop();
    // Sessions end on their own once their sockets are closed; their frames must be gone before what they
    // refer to.
    for (const auto& loop : loops)
      while (!threads.empty() && loop->tasks() > 0) std::this_thread::yield();
    for (const auto& loop : loops) loop->stop();
    for (std::thread& thread : threads) thread.join();
    kept.let_go();  // of the gateway's history, which ends before the store
  }

  config::GatewayConfig config;
  SystemClock clock;
  quota::Ledger ledger;
  routing::Memory memory;
  KeptNotes kept{memory.calibrations};
  store::Store store;
  admin::AdminApi admin;
  http::HostGuard guard;
  std::vector<std::unique_ptr<net::Loop>> loops;
  transport::UpstreamShared upstream;  // after the loops: look-ups under way post to them
  std::unique_ptr<Webhook> webhook;
  std::optional<gateway::Gateway> gateway;
  std::optional<transport::Server> server;
  std::vector<std::thread> threads;
};

Daemon::Daemon() = default;
Daemon::~Daemon() = default;

Result<void> Daemon::start(const config::GatewayConfig& config, const StateDirectory& state,
                           admin::Orders orders) {
  auto parts = std::make_unique<Parts>(config, state, std::move(orders));
  parts->store.open();
  std::vector<gateway::Lane> lanes;
  std::vector<net::Loop*> loops;
  for (std::uint32_t i = 0; i < loop_count(config); ++i) {
    net::Loop& loop = *parts->loops.emplace_back(std::make_unique<net::Loop>(parts->clock));
    loops.push_back(&loop);
    lanes.push_back({.loop = &loop,
                     .upstream = parts->upstream.make_client(loop, {}),
                     .random = std::make_unique<SystemRandom>()});
  }
  parts->webhook =
      std::make_unique<Webhook>(*loops.front(), parts->upstream.make_client(*loops.front(), {}),
                                [admin = &parts->admin](bool taken) { admin->note_delivery(taken); });
  if (auto configured = parts->configure_webhook(config); !configured) return configured;
  parts->gateway.emplace(parts->ledger, parts->memory, parts->guard, std::move(lanes),
                         parts->clock.now().wall, &parts->admin);
  parts->kept.keep(parts->gateway->history());
  auto settings = settings_of(config);
  if (!settings) return std::move(settings).error();
  if (wants_trust(config)) parts->upstream.want_trust();
  parts->gateway->configure(*std::move(settings));
  parts->admin.configure(admin_settings_of(config), parts->clock.now().wall);
  parts->store.start();
  parts->server.emplace(server_config(config), parts->guard, *parts->gateway);
  if (auto started = parts->server->start(loops); !started) return std::move(started).error();
  parts->gateway->start();
  for (net::Loop* loop : loops) parts->threads.emplace_back([loop] { loop->run(); });
  parts_ = std::move(parts);
  return {};
}

Result<void> Daemon::reload(const config::GatewayConfig& config) {
  const config::ListenAddress& listen = parts_->config.listen;
  if (config::is_open_to_network(listen, config.client_keys))
    return Error{ErrorKind::config, "weir listens on " + listen.host +
                                        " until a restart, and without auth.keys the network could use your "
                                        "providers' keys; keep a client key, or restart"};
  auto settings = settings_of(config);
  if (!settings) return std::move(settings).error();
  if (auto configured = parts_->configure_webhook(config); !configured) return configured;
  if (const std::string keys = keys_for_restart(parts_->config, config); !keys.empty())
    log::warn("restart_needed", {{"keys", keys}, {"why", "these have changed, and apply at the next start"}});
  take_certificate(*parts_->server, config);
  parts_->upstream.reload_trust();
  if (wants_trust(config)) parts_->upstream.want_trust();
  parts_->config.drain_timeout = config.drain_timeout;
  log::set_level(config.log.level);
  parts_->gateway->configure(*std::move(settings));
  parts_->admin.configure(admin_settings_of(config), parts_->clock.now().wall);
  parts_->store.fold_now();  // accounts and windows may be new: what is spent on them must be known by name
  return {};
}

void Daemon::note_reload_failed() {
  parts_->admin.note_reload_failed();
}

std::string Daemon::url() const {
  const config::GatewayConfig& config = parts_->config;
  const bool v6 = config.listen.host.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + config.listen.host + "]" : config.listen.host;
  return (config.tls_cert_file.empty() ? "http://" : "https://") + host + ":" +
         std::to_string(parts_->server->port());
}

void Daemon::drain() {
  parts_->gateway->drain();
  parts_->server->drain();
}

void Daemon::end_requests() {
  parts_->server->end_requests();
}

void Daemon::close_store() {
  parts_->store.stop();
}

Duration Daemon::drain_timeout() const {
  return parts_->config.drain_timeout;
}

bool Daemon::idle() const {
  return parts_->server->connections() == 0;
}

}  // namespace weir::app
