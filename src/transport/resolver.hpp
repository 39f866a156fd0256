#pragma once

#include <boost/asio/ip/address.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "transport/look_ups.hpp"
#include "transport/waiting.hpp"
#include "weir/base/result.hpp"
#include "weir/transport/upstream.hpp"

namespace weir::transport {

using Addresses = std::vector<boost::asio::ip::address>;

// getaddrinfo. Blocks, and can't be interrupted. Fails with kind dns_failed.
[[nodiscard]] Result<std::vector<std::string>> system_look_up(const std::string& host);

// What of a name's addresses may be connected to, in the order to try: families take turns, beginning with
// the first. Link-local addresses (169.254.0.0/16, fe80::/10) and those of is_metadata_address() are left
// out: that is where clouds keep their metadata services, and a name that leads there is an attack more often
// than a provider. Fails with kind connect_failed where nothing else is there.
[[nodiscard]] Result<Addresses> usable_addresses(std::string_view host,
                                                 const std::vector<std::string>& literals);

// Names to addresses for one loop. Answers are kept for the ttl, and given out beyond it while they are being
// renewed and when that fails; failures are kept for 5 s. One look-up a name at a time, which `look_ups`
// makes. Its names come from the configuration, so that the cache needs no bound of its own. Loop's thread
// only.
class Resolver {
 public:
  static constexpr Duration kNegativeTtl = std::chrono::seconds(5);

  Resolver(net::Loop& loop, LookUps& look_ups, Duration ttl);
  ~Resolver();  // look-ups under way go on without anyone who waits
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // IP literals and "localhost" need no look-up. Errors: dns_failed, connect_failed (see above), cancelled.
  [[nodiscard]] net::Awaitable<Result<Addresses>> resolve(const std::string& host, BootTime by,
                                                          net::Cancellation& cancellation);
  // From now on this address of the name comes first: the others didn't answer.
  void prefer(const std::string& host, const boost::asio::ip::address& address);

 private:
  struct Cache;

  net::Loop& loop_;
  std::shared_ptr<Cache> cache_;  // shared with look-ups under way, which may outlive the resolver
};

}  // namespace weir::transport
