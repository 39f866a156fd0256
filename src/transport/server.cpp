#include "weir/transport/server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <utility>

#include "transport/listener.hpp"
#include "transport/server_state.hpp"
#include "transport/tls.hpp"

namespace weir::transport {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

Result<tcp::endpoint> endpoint_of(const ServerConfig& config) {
  error_code ec;
  const auto address = boost::asio::ip::make_address(config.address, ec);
  if (ec) return Error{ErrorKind::config, "server.listen: \"" + config.address + "\" is not an IP address"};
  return tcp::endpoint(address, config.port);
}

Error cannot_listen(const tcp::endpoint& at, const std::string& reason) {
  const std::string address = at.address().to_string();
  const std::string host = at.address().is_v6() ? "[" + address + "]" : address;
  return {ErrorKind::io, "cannot listen on " + host + ":" + std::to_string(at.port()) + ": " + reason};
}

}  // namespace

class Server::Impl {
 public:
  Impl(ServerConfig config, const http::HostGuard& guard, Handler& handler)
      : state_(std::make_shared<ServerState>(std::move(config), guard, handler)) {}
  ~Impl() {
    // The last owner of a listener must be on its thread.
    for (auto& listener : listeners_) {
      net::Loop& loop = listener->loop();
      loop.post([owned = std::move(listener)] { owned->close_all(); });
    }
  }

  Result<void> start(std::span<net::Loop* const> loops);
  void drain() {
    if (!state_->draining.exchange(true)) tell_all(&Listener::drain);
  }
  void end_requests() { tell_all(&Listener::end_requests); }
  Result<void> take_certificate(const std::string& cert_file, const std::string& key_file) {
    if (!state_->tls()) return {};
    auto tls = make_server_context(cert_file, key_file);
    if (!tls) return std::move(tls).error();
    state_->set_tls(*std::move(tls));
    return {};
  }
  void close_all() {
    state_->draining = true;
    tell_all(&Listener::close_all);
  }
  [[nodiscard]] const ServerState& state() const { return *state_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  Result<void> open(std::span<net::Loop* const> loops, tcp::endpoint at);

  // On each listener's own thread. The closure keeps it alive until then.
  void tell_all(void (Listener::*what)()) {
    for (const auto& listener : listeners_) {
      listener->loop().post([listener, what] { (listener.get()->*what)(); });
    }
  }

  const std::shared_ptr<ServerState> state_;
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::uint16_t port_ = 0;
};

Result<void> Server::Impl::start(std::span<net::Loop* const> loops) {
  const ServerConfig& config = state_->config;
  auto at = endpoint_of(config);
  if (!at) return std::move(at).error();
  if (!config.tls_cert_file.empty() || !config.tls_key_file.empty()) {
    auto tls = make_server_context(config.tls_cert_file, config.tls_key_file);
    if (!tls) return std::move(tls).error();
    state_->set_tls(*std::move(tls));
  }
  auto opened = open(loops, *at);
  if (!opened) {
    listeners_.clear();
    return opened;
  }
  tell_all(&Listener::start);
  return {};
}

Result<void> Server::Impl::open(std::span<net::Loop* const> loops, tcp::endpoint at) {
  if (loops.size() > 1) {
    // A second daemon of the same user could share the port as our own acceptors do. One that shares with
    // nobody finds out whether it is taken.
    Listener alone(*loops.front(), state_);
    auto opened = alone.open(at, Listener::Port::own);
    if (!opened) return cannot_listen(at, opened.error().message);
    at = alone.local_endpoint();
  }
  const auto port = loops.size() > 1 ? Listener::Port::shared : Listener::Port::own;
  for (net::Loop* loop : loops) {
    auto listener = std::make_shared<Listener>(*loop, state_);
    auto opened = listener->open(at, port);
    if (!opened) return cannot_listen(at, opened.error().message);
    at = listener->local_endpoint();
    listeners_.push_back(std::move(listener));
  }
  port_ = at.port();
  return {};
}

Server::Server(ServerConfig config, const http::HostGuard& guard, Handler& handler)
    : impl_(std::make_unique<Impl>(std::move(config), guard, handler)) {}
Server::~Server() = default;

Result<void> Server::start(std::span<net::Loop* const> loops) {
  return impl_->start(loops);
}
std::uint16_t Server::port() const noexcept {
  return impl_->port();
}
Result<void> Server::take_certificate(const std::string& cert_file, const std::string& key_file) {
  return impl_->take_certificate(cert_file, key_file);
}
void Server::drain() {
  impl_->drain();
}
void Server::end_requests() {
  impl_->end_requests();
}
void Server::close_all() {
  impl_->close_all();
}
std::size_t Server::connections() const noexcept {
  return impl_->state().connections;
}
bool Server::draining() const noexcept {
  return impl_->state().draining;
}

}  // namespace weir::transport
