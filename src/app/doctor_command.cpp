#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "app/commands.hpp"
#include "app/daemon_client.hpp"
#include "app/endpoints.hpp"
#include "app/private_files.hpp"
#include "app/state_directory.hpp"
#include "weir/base/clock.hpp"
#include "weir/base/log.hpp"
#include "weir/base/time_zone.hpp"
#include "weir/base/units.hpp"
#include "weir/base/version.hpp"
#include "weir/providers/preset.hpp"
#include "weir/providers/signals.hpp"
#include "weir/transport/certificate.hpp"
#include "weir/wire/model_list.hpp"

namespace weir::app {
namespace {

constexpr int kOk = 200;
constexpr Duration kLargestSkew = std::chrono::seconds(5);

// What was found, a line each, as it is found.
class Findings {
 public:
  void good(const std::string& what, const std::string& how) { print("ok", what, how); }
  void note(const std::string& what, const std::string& how) { print("note", what, how); }
  void bad(const std::string& what, const std::string& how) {
    print("BAD", what, how);
    ++bad_;
  }
  [[nodiscard]] int bad_ones() const { return bad_; }

 private:
  static void print(const char* verdict, const std::string& what, const std::string& how) {
    std::printf("%-4s  %s: %s\n", verdict, what.c_str(), log::redact(how).c_str());
    std::fflush(stdout);
  }
  int bad_ = 0;
};

std::string took(Duration duration) {
  return format_for_people(std::chrono::ceil<std::chrono::milliseconds>(duration));
}

Result<DaemonAnswer> list_models(const providers::Provider& provider, const transport::Endpoint& endpoint,
                                 const Secret& key) {
  std::string fields = "accept: application/json\r\naccept-encoding: identity\r\nuser-agent: weir/" +
                       std::string(version()) + "\r\n";
  if (!key.empty()) fields += "authorization: Bearer " + std::string(key.reveal()) + "\r\n";
  return fetch(endpoint, "GET", provider.base_url.path + "/models", std::move(fields));
}

// What a failure to connect is about, and what to do.
std::string network_words(const Error& error, const transport::Endpoint& endpoint) {
  const std::string where = endpoint.host + ":" + std::to_string(endpoint.port);
  switch (error.kind) {
    case ErrorKind::dns_failed:
      return "the name " + endpoint.host + " can't be found (" + error.message +
             "); look at DNS and base_url";
    case ErrorKind::connect_failed:
      return "nothing can be reached at " + where + " (" + error.message +
             "); look at base_url, proxy, firewall";
    case ErrorKind::tls_failed:
      return "TLS with " + where + " fails (" + error.message + "); look at the clock and at SSL_CERT_FILE";
    default:
      return where + ": " + error.message;
  }
}

void check_clock(const DaemonAnswer& answer, WallTime now, Duration call_took, Findings& findings) {
  const auto date = providers::parse_http_date(answer.date);
  if (!date) return findings.note("clock", "the answer had no date to compare with");
  // Date has whole seconds, and the answer was under way for as long.
  const Duration ahead = now - *date;
  if (ahead < -kLargestSkew || ahead > kLargestSkew + call_took)
    return findings.bad("clock", "this machine is " + took(ahead < Duration::zero() ? -ahead : ahead) +
                                     (ahead < Duration::zero() ? " behind" : " ahead of") +
                                     " a provider's clock; resets would be taken for too early or late");
  findings.good("clock", "as a provider's, to a few seconds (no call of its own)");
}

bool has_list(const providers::Provider& provider) {
  return (provider.preset->endpoints & providers::endpoints_of({providers::Endpoint::models})) != 0;
}

// A list that anybody gets says nothing of the key.
void judge_list(const providers::Provider& provider, const transport::Endpoint& endpoint,
                const providers::Key& key, const DaemonAnswer& answer, const std::string& subject,
                const std::string& cost, Findings& findings) {
  const auto ids = wire::read_model_ids(answer.body);
  const std::string models =
      ids ? std::to_string(ids->size()) + " models listed" : "an answer that is no list of models";
  if (key.value.empty()) return findings.good(subject, models + ", no key needed (" + cost + ")");
  const auto open = list_models(provider, endpoint, Secret());
  if (open && open->status == kOk)
    return findings.note(
        subject,
        models + ", but to anybody: whether the key is good only a request shows (" + cost + ", twice)");
  findings.good(subject, "the key is accepted, " + models + " (" + cost + ", twice)");
}

void check_key(const providers::Provider& provider, const providers::Key& key, bool& clock_checked,
               Findings& findings) {
  const std::string subject = provider.name + " (key " + key.label + ")";
  const auto endpoint = endpoint_of(provider);
  if (!endpoint) return findings.bad(subject, endpoint.error().message);
  const SystemClock clock;
  const Instant from = clock.now();
  const auto answer = list_models(provider, *endpoint, key.value);
  const Instant at = clock.now();
  const std::string cost = "GET /models, free, " + took(at.boot - from.boot);
  if (!answer) return findings.bad(subject, network_words(answer.error(), *endpoint));
  if (!std::exchange(clock_checked, true)) check_clock(*answer, at.wall, at.boot - from.boot, findings);
  if (answer->status == kOk) return judge_list(provider, *endpoint, key, *answer, subject, cost, findings);
  if (answer->status == 401 || answer->status == 403)
    return findings.bad(subject, "the key is refused: " + words_of(*answer) + " (" + cost + ")");
  if (!has_list(provider) || answer->status == 404)
    return findings.note(
        subject, "it is reached, and has no free call that shows whether the key is good (" + cost + ")");
  findings.bad(subject,
               "it answers " + std::to_string(answer->status) + ": " + words_of(*answer) + " (" + cost + ")");
}

void check_zones(const config::GatewayConfig& config, Findings& findings) {
  std::set<std::string> zones;
  const auto add = [&](const std::vector<quota::Limit>& limits) {
    for (const quota::Limit& limit : limits)
      if (limit.window == quota::WindowKind::calendar) zones.insert(limit.zone);
  };
  for (const providers::Provider& provider : config.providers) {
    add(provider.limits);
    for (const providers::Model& model : provider.models) add(model.limits);
  }
  for (const std::string& name : zones) {
    const auto zone = TimeZone::find(name);
    if (!zone)
      findings.bad("time zone " + name, zone.error().message);
    else if (zone->is_built_in())
      findings.note("time zone " + name, "known by its present rule; install tzdata for the rest");
    else
      findings.good("time zone " + name, "known");
  }
}

// The state directory is made where it isn't there; another is not.
void check_database(const std::filesystem::path& database, bool is_elsewhere, Findings& findings) {
  if (!is_elsewhere || ::access(database.parent_path().c_str(), W_OK | X_OK) == 0) return;
  const std::string why = std::strerror(errno);
  findings.bad("database " + database.string(),
               "its directory can't be written in (" + why + "): counts would be lost at a restart");
}

// Of the state: whether it can be written in, and whose it is.
void check_state(const config::GatewayConfig& config, const DoctorOptions& options, Findings& findings) {
  const auto path = config::state_directory(options.state_directory, config::SystemEnvironment());
  const std::string subject = "state directory " + path.string();
  if (config.state_in_memory) return findings.note(subject, "not used: state.store is memory");
  std::error_code ec;
  const std::filesystem::path whole = std::filesystem::absolute(path, ec);
  std::filesystem::path place = whole;  // where it isn't there yet, it is made in this one
  while (!std::filesystem::exists(place, ec) && place.has_parent_path() && place != place.parent_path())
    place = place.parent_path();
  if (::access(place.c_str(), W_OK | X_OK) != 0)
    return findings.bad(
        subject, "can't be written in: counts would be lost at a restart; name another with --state-dir");
  if (place == whole)
    if (const auto checked = check_directory(whole, config.state_file); !checked)
      return findings.bad(subject, checked.error().message);
  findings.good(subject, place == whole ? "can be written in" : "isn't there yet, and can be made");
  check_database(whole / config.state_file, std::filesystem::path(config.state_file).has_parent_path(),
                 findings);
}

void check_tls(const config::GatewayConfig& config, Findings& findings) {
  if (config.tls_cert_file.empty()) return;
  if (const auto checked = transport::check_certificate(config.tls_cert_file, config.tls_key_file); !checked)
    return findings.bad("server.tls", checked.error().message);
  findings.good("server.tls", "the certificate and its key can be read");
}

int bind_there(const config::ListenAddress& listen) {
  const bool v6 = listen.host.find(':') != std::string::npos;
  sockaddr_storage address{};
  socklen_t size = 0;
  if (v6) {
    auto& in6 = reinterpret_cast<sockaddr_in6&>(address);
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(listen.port);
    if (::inet_pton(AF_INET6, listen.host.c_str(), &in6.sin6_addr) != 1) return EINVAL;
    size = sizeof in6;
  } else {
    auto& in = reinterpret_cast<sockaddr_in&>(address);
    in.sin_family = AF_INET;
    in.sin_port = htons(listen.port);
    if (::inet_pton(AF_INET, listen.host.c_str(), &in.sin_addr) != 1) return EINVAL;
    size = sizeof in;
  }
  const int fd = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  constexpr int kYes = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &kYes, sizeof kYes);
  const int why = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 ? 0 : errno;
  ::close(fd);
  return why;
}

void check_port(const config::GatewayConfig& config, const DoctorOptions& options, Findings& findings) {
  const std::string subject = "port " + std::to_string(config.listen.port);
  const int why = bind_there(config.listen);
  if (why == 0) return findings.good(subject, "free at " + config.listen.host);
  const auto daemon =
      read_daemon_file(config::state_directory(options.state_directory, config::SystemEnvironment()));
  if (why == EADDRINUSE && daemon && is_alive(*daemon) &&
      daemon->url.ends_with(":" + std::to_string(config.listen.port)))
    return findings.good(subject, "weir is serving there (pid " + std::to_string(daemon->pid) + ")");
  findings.bad(subject,
               config.listen.host + ": " + std::strerror(why) + "; --listen or server.listen names another");
}

}  // namespace

int doctor(const DoctorOptions& options) {
  const config::Loaded loaded = config::load(options.load, config::SystemEnvironment());
  std::fputs(config::format_problems(loaded.problems).c_str(), stderr);
  if (!loaded.ok()) return kConfiguration;
  const config::GatewayConfig& config = loaded.config;
  Findings findings;
  findings.good("configuration", config.file.empty() ? "none, and none is needed" : config.file);
  if (config.providers.empty())
    findings.bad("providers", "none can be used: set a provider's key, or write a weir.yaml (weir init)");
  for (const providers::Provider& provider : config.providers)
    for (const providers::Key& key : provider.keys) log::hide(key.value);
  check_state(config, options, findings);
  check_port(config, options, findings);
  check_tls(config, findings);
  check_zones(config, findings);
  bool clock_checked = false;
  for (const providers::Provider& provider : config.providers)
    for (const providers::Key& key : provider.keys) check_key(provider, key, clock_checked, findings);
  std::printf("%s\n", findings.bad_ones() == 0
                          ? "all is well"
                          : (std::to_string(findings.bad_ones()) + " things are wrong").c_str());
  return findings.bad_ones() == 0 ? kFine : kFailed;
}

}  // namespace weir::app
