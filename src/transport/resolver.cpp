#include "transport/resolver.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <cerrno>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>

#include "transport/shortage.hpp"
#include "weir/base/text.hpp"
#include "weir/transport/metadata_address.hpp"

namespace weir::transport {
namespace {

using boost::asio::ip::address;

// The IPv4 address that an IPv6 one stands for: mapped (::ffff:), or translated on the way (64:ff9b::).
address innermost(const address& a) {
  if (!a.is_v6()) return a;
  const auto bytes = a.to_v6().to_bytes();
  constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr std::array<unsigned char, 12> kTranslated{0, 0x64, 0xff, 0x9b};
  const auto begins = [&](const auto& prefix) {
    return std::ranges::equal(prefix, std::span(bytes).first(12));
  };
  if (!begins(kMapped) && !begins(kTranslated)) return a;
  return boost::asio::ip::address_v4({bytes[12], bytes[13], bytes[14], bytes[15]});
}

bool is_link_local(const address& a) {
  const address inner = innermost(a);
  if (inner.is_v6()) return inner.to_v6().is_link_local();
  return (inner.to_v4().to_uint() >> 16U) == 0xA9FE;  // 169.254
}

bool is_metadata(const address& a) {
  constexpr std::array kPlaces{
      "169.254.169.254",  // nearly all
      "169.254.170.2",    // Amazon's containers
      "fd00:ec2::254",    // Amazon
      "fd20:ce::254",     // Google
      "100.100.100.200",  // Alibaba
      "192.0.0.192",      // Oracle
      "168.63.129.16",    // Azure's wire server
  };
  const address inner = innermost(a);
  return std::ranges::any_of(
      kPlaces, [&](const char* place) { return boost::asio::ip::make_address(place) == inner; });
}

Error is_no_provider(std::string_view host, std::string_view literal) {
  return {ErrorKind::connect_failed,
          std::string(host) + " leads to " + std::string(literal) +
              ", a cloud's metadata service, which is refused: no provider is there"};
}

std::optional<Result<Addresses>> without_look_up(const std::string& host) {
  if (equals_ignoring_case(host, "localhost")) {
    return Addresses{boost::asio::ip::address_v4::loopback(), boost::asio::ip::address_v6::loopback()};
  }
  boost::system::error_code ec;
  const address literal = boost::asio::ip::make_address(host, ec);
  if (ec) return std::nullopt;
  if (is_metadata(literal)) return is_no_provider(host, host);
  return Addresses{literal};
}

// getaddrinfo reports a socket that it couldn't open as a name server that doesn't answer.
bool has_a_descriptor() {
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return !is_out_of_descriptors({errno, boost::system::system_category()});
  ::close(fd);
  return true;
}

}  // namespace

Result<std::vector<std::string>> system_look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* first = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &first);
  if (failed != 0) {
    if (failed == EAI_MEMORY || !has_a_descriptor())
      return Error{ErrorKind::overloaded,
                   "weir cannot look up " + host + ": no memory or no descriptor left"};
    return Error{ErrorKind::dns_failed, "cannot look up " + host + ": " + ::gai_strerror(failed)};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(first, ::freeaddrinfo);
  std::vector<std::string> literals;
  for (const addrinfo* entry = list.get(); entry != nullptr; entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) == 0) {
      literals.emplace_back(text.data());
    }
  }
  return literals;
}

bool is_metadata_address(std::string_view literal) {
  boost::system::error_code ec;
  const address a = boost::asio::ip::make_address(literal, ec);
  return !ec && is_metadata(a);
}

Result<Addresses> usable_addresses(std::string_view host, const std::vector<std::string>& literals) {
  Addresses first_family;
  Addresses second_family;
  std::string refused;
  std::string metadata;
  for (const std::string& literal : literals) {
    boost::system::error_code ec;
    const address a = boost::asio::ip::make_address(literal, ec);
    if (ec) continue;
    if (is_metadata(a)) {
      metadata = literal;
      continue;
    }
    if (is_link_local(a)) {
      refused = literal;
      continue;
    }
    const bool is_first = first_family.empty() || first_family.front().is_v4() == a.is_v4();
    (is_first ? first_family : second_family).push_back(a);
  }
  Addresses usable;
  for (std::size_t i = 0; i < std::max(first_family.size(), second_family.size()); ++i) {
    if (i < first_family.size()) usable.push_back(first_family[i]);
    if (i < second_family.size()) usable.push_back(second_family[i]);
  }
  if (!usable.empty()) return usable;
  if (!metadata.empty()) return is_no_provider(host, metadata);
  if (refused.empty()) return Error{ErrorKind::dns_failed, std::string(host) + " has no address"};
  return Error{ErrorKind::connect_failed,
               std::string(host) + " leads to the link-local address " + refused +
                   ", which is refused; write the address itself into base_url if it is meant"};
}

struct Resolver::Cache {
  struct Entry {
    Addresses addresses;
    BootTime fresh_until{};
    std::optional<Error> failure;  // of the last look-up
    BootTime retry_at{};           // not before
    bool running = false;
    net::Cancellation abandoned;  // of the look-up that runs
    std::vector<std::shared_ptr<net::Event>> waiters;
    address preferred;
  };

  Cache(LookUps& l, Duration t) : look_ups(l), ttl(t) {}

  void store(const std::string& host, const Result<std::vector<std::string>>& literals, BootTime now);
  // Not a member of Resolver: the cache is kept by the coroutine itself.
  static net::Awaitable<void> renew(std::shared_ptr<Cache> cache, net::Loop& loop, std::string host);

  LookUps& look_ups;
  const Duration ttl;
  std::unordered_map<std::string, Entry> entries;
};

void Resolver::Cache::store(const std::string& host, const Result<std::vector<std::string>>& literals,
                            BootTime now) {
  Entry& entry = entries[host];
  entry.running = false;
  Result<Addresses> found =
      literals ? usable_addresses(host, *literals) : Result<Addresses>(literals.error());
  if (found) {
    entry.addresses = std::move(found).value();
    const auto preferred = std::ranges::find(entry.addresses, entry.preferred);
    if (preferred != entry.addresses.end()) std::rotate(entry.addresses.begin(), preferred, preferred + 1);
    entry.failure.reset();
    entry.fresh_until = entry.retry_at = now + ttl;
  } else {
    entry.failure = std::move(found).error();
    entry.retry_at = now + kNegativeTtl;
  }
  for (const auto& waiter : std::exchange(entry.waiters, {})) waiter->set();
}

net::Awaitable<void> Resolver::Cache::renew(std::shared_ptr<Cache> cache, net::Loop& loop, std::string host) {
  LookUps::Literals found = std::vector<std::string>{};
  net::Cancellation& abandoned = cache->entries[host].abandoned;
  const bool answered = co_await cache->look_ups.ask(loop, host, found, abandoned);
  if (answered) cache->store(host, found, loop.now().boot);
}

Resolver::Resolver(net::Loop& loop, LookUps& look_ups, Duration ttl)
    : loop_(loop), cache_(std::make_shared<Cache>(look_ups, ttl)) {}

Resolver::~Resolver() {
  for (auto& [host, entry] : cache_->entries) entry.abandoned.request();
}

net::Awaitable<Result<Addresses>> Resolver::resolve(const std::string& host, BootTime by,
                                                    net::Cancellation& cancellation) {
  if (auto known = without_look_up(host)) co_return *std::move(known);
  Cache::Entry& entry = cache_->entries[host];  // stays in place, whatever else is looked up
  if (!entry.running && loop_.now().boot >= entry.retry_at) {
    entry.running = true;
    loop_.spawn("resolve", Cache::renew(cache_, loop_, host));
  }
  if (!entry.addresses.empty()) co_return entry.addresses;
  if (!entry.running) co_return *entry.failure;

  const auto answered = std::make_shared<net::Event>(loop_.io());
  entry.waiters.push_back(answered);
  const Waited waited = co_await wait_for(loop_, *answered, by, cancellation);
  if (waited == Waited::cancelled) co_return cancelled_error();
  if (waited == Waited::too_late) {
    co_return Error{ErrorKind::dns_failed, "cannot look up " + host + ": no answer in time"};
  }
  if (!entry.addresses.empty()) co_return entry.addresses;
  co_return *entry.failure;
}

void Resolver::prefer(const std::string& host, const address& preferred) {
  const auto found = cache_->entries.find(host);
  if (found == cache_->entries.end()) return;
  found->second.preferred = preferred;
  Addresses& addresses = found->second.addresses;
  const auto at = std::ranges::find(addresses, preferred);
  if (at != addresses.end()) std::rotate(addresses.begin(), at, at + 1);
}

}  // namespace weir::transport
