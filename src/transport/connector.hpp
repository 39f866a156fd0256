#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

#include "transport/resolver.hpp"
#include "transport/stream.hpp"
#include "transport/trust_store.hpp"
#include "weir/net/loop.hpp"
#include "weir/transport/upstream.hpp"

namespace weir::transport {

// How long each stage of a fresh connection may take; the earlier of a stage's own limit and `by` ends it.
struct ConnectLimits {
  Duration look_up;
  Duration connect;  // look-up, TCP and the proxy's tunnel
  Duration tls;
  BootTime by;  // the end of it all
};

// Makes fresh connections: name, TCP, a tunnel where there is a proxy, TLS. Loop's thread only.
class Connector {
 public:
  Connector(net::Loop& loop, Resolver& resolver, TrustStore& trust);

  // Nothing of a request has been sent where it fails: dns_failed, connect_failed, tls_failed; overloaded
  // where we lacked a descriptor or the like; cancelled.
  [[nodiscard]] net::Awaitable<Result<Stream>> connect(const Endpoint& endpoint,
                                                       std::shared_ptr<SessionSlot> session,
                                                       const ConnectLimits& limits,
                                                       net::Cancellation& cancellation);

 private:
  // TCP to the first address that answers.
  [[nodiscard]] net::Awaitable<Result<Stream>> reach(const std::string& host, std::uint16_t port,
                                                     BootTime look_up_by, BootTime by,
                                                     net::Cancellation& cancellation);
  [[nodiscard]] net::Awaitable<Result<Stream>> try_address(const std::string& name,
                                                           const boost::asio::ip::tcp::endpoint& address,
                                                           BootTime by, net::Cancellation& cancellation);
  [[nodiscard]] Stream begin(const boost::asio::ip::tcp::endpoint& address, boost::system::error_code& ec);
  [[nodiscard]] net::Awaitable<Result<void>> open_tunnel(Stream& stream, const Endpoint& endpoint,
                                                         BootTime by, net::Cancellation& cancellation);
  [[nodiscard]] net::Awaitable<Result<void>> secure(Stream& stream, const Endpoint& endpoint,
                                                    std::shared_ptr<SessionSlot> session, BootTime by,
                                                    net::Cancellation& cancellation);

  net::Loop& loop_;
  Resolver& resolver_;
  TrustStore& trust_;
};

}  // namespace weir::transport
