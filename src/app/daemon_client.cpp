#include "app/daemon_client.hpp"

#include <array>
#include <boost/url/parse.hpp>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/generated_keys.hpp"
#include "app/state_directory.hpp"
#include "weir/base/clock.hpp"
#include "weir/config/environment.hpp"
#include "weir/net/loop.hpp"
#include "weir/transport/upstream.hpp"

namespace weir::app {
namespace {

constexpr Duration kLongest = std::chrono::seconds(10);
constexpr std::size_t kMostRead = 8U << 20U;

Error failure(std::string message) {
  return {ErrorKind::io, std::move(message)};
}

Result<DaemonFile> find_daemon(const DaemonAddress& address) {
  if (!address.url.empty()) return DaemonFile{.url = address.url, .pid = 0, .certificate = {}};
  const auto path = config::state_directory(address.state_directory, config::SystemEnvironment());
  auto daemon = read_daemon_file(path);
  if (daemon) return *std::move(daemon);
  return failure("no daemon has announced itself in " + path.string() +
                 "; is weir serve running? --state-dir names another state directory, --url a daemon");
}

// The key of the variable, else the one that was generated for the daemon whose state this is; none is empty.
std::string key_for(const DaemonAddress& address, bool is_client) {
  const config::SystemEnvironment environment;
  const auto given = environment.variable(is_client ? "WEIR_CLIENT_KEY" : "WEIR_ADMIN_KEY");
  if (given && !given->empty()) return *given;
  if (!address.url.empty()) return {};  // whoever is there, it isn't theirs to see
  const auto kept = kept_keys(config::state_directory(address.state_directory, environment));
  if (!kept) return {};
  return is_client ? kept->client : kept->admin;
}

std::string fields_of(const DaemonAddress& address, std::string_view path, bool has_body) {
  std::string fields = "Accept: application/json\r\n";
  if (has_body) fields += "Content-Type: application/json\r\n";
  if (const std::string key = key_for(address, path.starts_with("/v1/")); !key.empty())
    fields += "Authorization: Bearer " + key + "\r\n";
  return fields;
}

// What one exchange needs for as long as it lasts.
struct Exchange {
  transport::Endpoint endpoint;
  std::string method;
  std::string path;
  std::string fields;
  std::string body;
  std::unique_ptr<transport::UpstreamClient> client;
  Result<DaemonAnswer> result = failure("nothing was answered");
};

net::Awaitable<Result<DaemonAnswer>> exchange_once(net::Loop& loop, Exchange& exchange) {
  net::Cancellation cancellation;
  const BootTime by = loop.now().boot + kLongest;
  const std::array<std::string_view, 1> body{exchange.body};
  transport::UpstreamRequest request;
  request.endpoint = &exchange.endpoint;
  request.method = exchange.method;
  request.path = exchange.path;
  request.fields = exchange.fields;
  request.body = body;
  request.head_by = by;
  auto answer = co_await exchange.client->exchange(request, cancellation);
  if (!answer) co_return std::move(answer).error();
  DaemonAnswer whole{.status = (*answer)->head().status,
                     .body = {},
                     .date = std::string((*answer)->head().fields.get("date"))};
  while (whole.body.size() < kMostRead) {
    const auto piece = co_await (*answer)->next(by);
    if (!piece) co_return piece.error();
    if (piece->empty()) co_return whole;
    whole.body += *piece;
  }
  co_return failure("the answer is larger than 8 MiB");
}

net::Awaitable<void> run_exchange(net::Loop& loop, std::shared_ptr<Exchange> exchange) {
  auto result = co_await exchange_once(loop, *exchange);
  exchange->result = std::move(result);
  exchange->client->close_idle();
  loop.stop();
}

}  // namespace

Result<transport::Endpoint> daemon_endpoint(const std::string& url) {
  const auto parsed = boost::urls::parse_uri(url);
  if (!parsed || (parsed->scheme() != "http" && parsed->scheme() != "https") || parsed->host().empty())
    return Error{ErrorKind::config, "not a daemon's address: " + url + "; expected http://HOST:PORT"};
  transport::Endpoint endpoint;
  endpoint.tls = parsed->scheme() == "https";
  endpoint.host = parsed->host_address();
  // Listening on any address means listening on loopback too.
  if (endpoint.host == "0.0.0.0") endpoint.host = "127.0.0.1";
  if (endpoint.host == "::") endpoint.host = "::1";
  endpoint.port =
      parsed->has_port() ? parsed->port_number() : static_cast<std::uint16_t>(endpoint.tls ? 443 : 80);
  return endpoint;
}

Result<DaemonAnswer> fetch(transport::Endpoint endpoint, std::string_view method, std::string path,
                           std::string fields, std::string body, std::string certificate) {
  const SystemClock clock;
  net::Loop loop(clock);
  transport::UpstreamSharedConfig config;
  config.certificate = std::move(certificate);
  transport::UpstreamShared shared(std::move(config));
  const auto exchange = std::make_shared<Exchange>(Exchange{.endpoint = std::move(endpoint),
                                                            .method = std::string(method),
                                                            .path = std::move(path),
                                                            .fields = std::move(fields),
                                                            .body = std::move(body),
                                                            .client = shared.make_client(loop, {})});
  loop.spawn("fetch", run_exchange(loop, exchange));
  loop.run();
  return std::move(exchange->result);
}

std::string words_of(const DaemonAnswer& answer) {
  const auto json = nlohmann::json::parse(answer.body, nullptr, false);
  const auto pointer = nlohmann::json::json_pointer("/error/message");
  if (json.is_object() && json.contains(pointer) && json[pointer].is_string())
    return json[pointer].get<std::string>();
  return "the daemon answered " + std::to_string(answer.status);
}

Result<DaemonAnswer> ask_daemon(const DaemonAddress& address, std::string_view method, std::string path,
                                std::string body) {
  const auto daemon = find_daemon(address);
  if (!daemon) return daemon.error();
  auto endpoint = daemon_endpoint(daemon->url);
  if (!endpoint) return std::move(endpoint).error();
  std::string fields = fields_of(address, path, !body.empty());  // before the body is moved away
  auto answer = fetch(*std::move(endpoint), method, std::move(path), std::move(fields), std::move(body),
                      daemon->certificate);
  if (!answer)
    return failure("the daemon at " + daemon->url + " can't be reached: " + answer.error().message);
  return answer;
}

}  // namespace weir::app
