#include "transport/connector.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "transport/answer_reader.hpp"
#include "transport/shortage.hpp"

namespace weir::transport {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

// With a port always and brackets where they are needed: for CONNECT and for messages.
std::string host_and_port(const std::string& host, std::uint16_t port) {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string tunnel_request(const Endpoint& endpoint) {
  const std::string target = host_and_port(endpoint.host, endpoint.port);
  std::string request = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
  if (!endpoint.proxy.authorization.empty()) {
    request += "Proxy-Authorization: " + endpoint.proxy.authorization + "\r\n";
  }
  return request + "\r\n";
}

Error tunnel_refused(const Endpoint& endpoint, std::string_view why) {
  return {ErrorKind::connect_failed,
          "the proxy " + host_and_port(endpoint.proxy.host, endpoint.proxy.port) + " " + std::string(why)};
}

Error not_connected(const std::string& name, const tcp::endpoint& to, const error_code& ec, bool too_late) {
  std::string where = host_and_port(name, to.port());
  const std::string literal = to.address().to_string();
  if (literal != name) where += " (" + literal + ")";
  if (!too_late && is_own_shortage(ec, to.address()))
    return {ErrorKind::overloaded, "weir cannot open a connection to " + where + ": " + ec.message()};
  return {ErrorKind::connect_failed,
          "cannot connect to " + where + ": " + (too_late ? "no answer in time" : ec.message())};
}

Error tls_failed(const Endpoint& endpoint, std::string_view why) {
  return {ErrorKind::tls_failed, "TLS with " + endpoint.authority() + " failed: " + std::string(why)};
}

}  // namespace

Connector::Connector(net::Loop& loop, Resolver& resolver, TrustStore& trust)
    : loop_(loop), resolver_(resolver), trust_(trust) {}

net::Awaitable<Result<Stream>> Connector::connect(const Endpoint& endpoint,
                                                  std::shared_ptr<SessionSlot> session,
                                                  const ConnectLimits& limits,
                                                  net::Cancellation& cancellation) {
  const bool proxied = !endpoint.proxy.host.empty();
  const std::string& host = proxied ? endpoint.proxy.host : endpoint.host;
  const std::uint16_t port = proxied ? endpoint.proxy.port : endpoint.port;
  const BootTime began = loop_.now().boot;
  const BootTime connected_by = std::min(began + limits.connect, limits.by);
  const BootTime looked_up_by = std::min(began + limits.look_up, connected_by);

  Result<Stream> stream = co_await reach(host, port, looked_up_by, connected_by, cancellation);
  if (!stream) co_return std::move(stream).error();
  if (proxied) {
    Result<void> opened = co_await open_tunnel(*stream, endpoint, connected_by, cancellation);
    if (!opened) co_return std::move(opened).error();
  }
  if (endpoint.tls) {
    const BootTime secured_by = std::min(loop_.now().boot + limits.tls, limits.by);
    Result<void> secured = co_await secure(*stream, endpoint, std::move(session), secured_by, cancellation);
    if (!secured) co_return std::move(secured).error();
  }
  co_return std::move(stream);
}

net::Awaitable<Result<Stream>> Connector::reach(const std::string& host, std::uint16_t port,
                                                BootTime look_up_by, BootTime by,
                                                net::Cancellation& cancellation) {
  const Result<Addresses> found = co_await resolver_.resolve(host, look_up_by, cancellation);
  if (!found) co_return found.error();
  const Addresses& addresses = *found;
  std::optional<Error> last;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    // An address that never answers must leave time for those behind it.
    const BootTime now = loop_.now().boot;
    const BootTime try_until = now + (by - now) / static_cast<std::int64_t>(addresses.size() - i);
    const tcp::endpoint address(addresses[i], port);
    Result<Stream> stream = co_await try_address(host, address, try_until, cancellation);
    if (stream && i > 0) resolver_.prefer(host, addresses[i]);
    if (stream || stream.error().kind == ErrorKind::cancelled) co_return std::move(stream);
    // What one address has shown of itself is more than what we lacked for another.
    if (!last || stream.error().kind != ErrorKind::overloaded) last = std::move(stream).error();
  }
  co_return last.value_or(Error{ErrorKind::connect_failed, "cannot connect to " + host});
}

net::Awaitable<Result<Stream>> Connector::try_address(const std::string& name, const tcp::endpoint& address,
                                                      BootTime by, net::Cancellation& cancellation) {
  error_code ec;
  Stream stream = begin(address, ec);
  if (ec) co_return not_connected(name, address, ec, false);
  {
    const StreamGuard guard(loop_, stream, cancellation, by);
    co_await stream.connected(ec);
    if (guard.cancelled()) co_return cancelled_error();
    if (ec || guard.too_late()) co_return not_connected(name, address, ec, guard.too_late());
  }
  co_return std::move(stream);
}

Stream Connector::begin(const tcp::endpoint& address, error_code& ec) {
  std::optional<Socket> socket(connect_to(address, ec));
  if (is_out_of_descriptors(ec) && loop_.close_idle()) socket.emplace(connect_to(address, ec));
  Stream stream(loop_, *std::move(socket));
  if (!ec && !stream.is_open()) ec = make_error_code(boost::system::errc::no_space_on_device);
  return stream;
}

net::Awaitable<Result<void>> Connector::open_tunnel(Stream& stream, const Endpoint& endpoint, BootTime by,
                                                    net::Cancellation& cancellation) {
  const StreamGuard guard(loop_, stream, cancellation, by);
  const std::string request = tunnel_request(endpoint);
  const std::array pieces = {boost::asio::const_buffer(request.data(), request.size())};
  error_code ec;
  (void)co_await stream.write(pieces, ec);
  AnswerReader reader(AnswerReader::Asked::connect);
  std::string unread;
  std::string arrived(4096, '\0');
  while (!ec) {
    const std::size_t n = co_await stream.read_some(arrived, ec);
    if (ec) break;
    unread.append(arrived, 0, n);
    const Result<std::size_t> consumed = reader.read_head(unread);
    if (!consumed) co_return tunnel_refused(endpoint, "gave an answer that is not HTTP");
    unread.erase(0, *consumed);
    if (reader.has_head()) break;
  }
  if (guard.cancelled()) co_return cancelled_error();
  if (guard.too_late()) co_return tunnel_refused(endpoint, "gave no answer in time");
  if (ec) co_return tunnel_refused(endpoint, "closed the connection");
  const int status = reader.head().status;
  if (status == 407) co_return tunnel_refused(endpoint, "wants other credentials (407)");
  if (status >= 300) co_return tunnel_refused(endpoint, "refused with status " + std::to_string(status));
  // Neither TLS nor HTTP lets the server speak first: these bytes are the proxy's own.
  if (!unread.empty()) co_return tunnel_refused(endpoint, "sent bytes of its own into the tunnel");
  co_return Result<void>();
}

net::Awaitable<Result<void>> Connector::secure(Stream& stream, const Endpoint& endpoint,
                                               std::shared_ptr<SessionSlot> session, BootTime by,
                                               net::Cancellation& cancellation) {
  const Waited waited = co_await trust_.ready(loop_, by, cancellation);
  if (waited == Waited::cancelled) co_return cancelled_error();
  if (waited == Waited::too_late)
    co_return tls_failed(endpoint, "the trusted certificates took too long to read");
  const std::shared_ptr<const Result<TlsContext>> context = trust_.context();
  if (!*context) co_return tls_failed(endpoint, context->error().message);

  const StreamGuard guard(loop_, stream, cancellation, by);
  TlsPeer peer;
  peer.context = std::shared_ptr<ssl_ctx_st>(context, (*context)->get());
  peer.host = endpoint.host;
  peer.session = std::move(session);
  error_code ec;
  std::string reason;
  co_await stream.handshake_as_client(peer, ec, reason);
  if (guard.cancelled()) co_return cancelled_error();
  if (guard.too_late()) co_return tls_failed(endpoint, "no answer in time");
  if (ec) co_return tls_failed(endpoint, reason);
  co_return Result<void>();
}

}  // namespace weir::transport
