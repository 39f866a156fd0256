#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <boost/url/parse.hpp>
#include <boost/version.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "app/commands.hpp"
#include "app/state_directory.hpp"
#include "weir/base/version.hpp"
#include "weir/config/problem.hpp"
#include "weir/transport/certificate.hpp"

namespace weir::app {
namespace {

constexpr timeval kHealthTimeout{.tv_sec = 3, .tv_usec = 0};

// A connected socket, or -1.
int connect_to(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return -1;
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool connected = false;
  if (fd >= 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kHealthTimeout, sizeof kHealthTimeout);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kHealthTimeout, sizeof kHealthTimeout);
    connected = ::connect(fd, found->ai_addr, found->ai_addrlen) == 0;
  }
  ::freeaddrinfo(found);
  if (connected || fd < 0) return fd;
  ::close(fd);
  return -1;
}

std::string ask_livez(int fd, const std::string& host) {
  const std::string request = "GET /livez HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
  if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    return {};
  std::string answer(64, '\0');
  const ssize_t got = ::recv(fd, answer.data(), answer.size(), MSG_WAITALL);
  answer.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return answer;
}

int unhealthy(const std::string& why) {
  std::fprintf(stderr, "unhealthy: %s\n", why.c_str());
  return kFailed;
}

// A daemon refuses to start with one that is broken, and keeps its old one at a reload.
void check_certificate(config::Loaded& loaded) {
  const config::GatewayConfig& config = loaded.config;
  if (!loaded.ok() || config.tls_cert_file.empty()) return;
  const auto checked = transport::check_certificate(config.tls_cert_file, config.tls_key_file);
  if (checked) return;
  config::Problem problem;
  problem.file = config.file;
  problem.message = "server.tls: " + checked.error().message;
  loaded.problems.push_back(std::move(problem));
}

}  // namespace

int check(const config::LoadOptions& options, bool as_json, bool print_effective) {
  config::Loaded loaded = config::load(options, config::SystemEnvironment());
  check_certificate(loaded);
  // Programs read stdout: only one document goes there.
  const bool takes_stderr = loaded.ok() ? print_effective : !as_json;
  const std::string problems = as_json ? config::format_problems_json(loaded.problems) + "\n"
                                       : config::format_problems(loaded.problems);
  std::fputs(problems.c_str(), takes_stderr ? stderr : stdout);
  if (!loaded.ok()) return kConfiguration;
  if (print_effective)
    std::fputs(config::print_effective(loaded.config).c_str(), stdout);
  else if (!as_json)
    std::printf("%s: fine, %zu providers\n",
                loaded.config.file.empty() ? "no file" : loaded.config.file.c_str(),
                loaded.config.providers.size());
  return kFine;
}

// A TLS listener is only connected to: its certificate may be for a name that isn't this machine's.
int healthcheck(const std::optional<std::filesystem::path>& state_directory) {
  const auto path = config::state_directory(state_directory, config::SystemEnvironment());
  const auto daemon = read_daemon_file(path);
  if (!daemon) return unhealthy("no daemon has announced itself in " + path.string());
  const auto url = boost::urls::parse_uri(daemon->url);
  if (!url) return unhealthy("daemon.json has no usable url");
  const std::string host = url->host_address();
  // Listening on any address means listening on loopback too.
  const int fd = connect_to(host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host, url->port());
  if (fd < 0) return unhealthy("nothing listens at " + daemon->url);
  const bool tls = url->scheme() == "https";
  const std::string answer =
      tls ? std::string() : ask_livez(fd, std::string(std::string_view(url->encoded_host_and_port())));
  ::close(fd);
  if (!tls && !answer.starts_with("HTTP/1.1 200 "))
    return unhealthy("it did not answer at " + daemon->url + "/livez");
  std::printf("healthy: %s\n", daemon->url.c_str());
  return kFine;
}

std::vector<std::pair<std::string, std::string>> libraries() {
  return {
      {"boost", std::to_string(BOOST_VERSION / 100000) + "." + std::to_string(BOOST_VERSION / 100 % 1000)},
      {"openssl", ::OpenSSL_version(OPENSSL_VERSION_STRING)}};
}

int print_version(bool as_json) {
  if (!as_json) {
    std::printf("weir %s\n", std::string(version()).c_str());
    return kFine;
  }
  nlohmann::ordered_json json{{"version", version()}, {"compiler", compiler()}};
  for (const auto& [library, number] : libraries()) json[library] = number;
  std::printf("%s\n", json.dump().c_str());
  return kFine;
}

}  // namespace weir::app
