#include "weir/transport/proxy.hpp"

#include <arpa/inet.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>

#include "weir/base/ip_literal.hpp"
#include "weir/base/text.hpp"

namespace weir::transport {
namespace {

constexpr std::uint16_t kDefaultPort = 80;

std::string basic_credentials(const std::string& user_and_password) {
  std::string encoded((user_and_password.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                   reinterpret_cast<const unsigned char*>(user_and_password.data()),
                                   static_cast<int>(user_and_password.size()));
  encoded.resize(static_cast<std::size_t>(size));
  return "Basic " + encoded;
}

bool is_loopback(std::string_view host) {
  if (equals_ignoring_case(host, "localhost")) return true;
  if (const auto v4 = parse_ipv4(host)) return (ntohl(v4->s_addr) >> 24U) == 127;
  const auto v6 = parse_ipv6(host);
  return v6 && IN6_IS_ADDR_LOOPBACK(&*v6);
}

// The 16 bytes of an IP literal; IPv4 as mapped into IPv6.
std::optional<std::array<unsigned char, 16>> ip_bytes(std::string_view text) {
  std::array<unsigned char, 16> bytes{};
  if (const auto v6 = parse_ipv6(text)) {
    std::ranges::copy(v6->s6_addr, bytes.begin());
    return bytes;
  }
  const auto v4 = parse_ipv4(text);
  if (!v4) return std::nullopt;
  bytes[10] = bytes[11] = 0xFF;
  std::memcpy(bytes.data() + 12, &v4->s_addr, sizeof(v4->s_addr));
  return bytes;
}

// "host:port", "[v6]:port", "host", "v6".
struct HostPort {
  std::string_view host;
  std::string_view port;
};

HostPort split_port(std::string_view entry) {
  if (entry.starts_with('[')) {
    const std::size_t close = entry.find(']');
    if (close == std::string_view::npos) return {entry, {}};
    const std::string_view rest = entry.substr(close + 1);
    return {entry.substr(1, close - 1), rest.starts_with(':') ? rest.substr(1) : std::string_view()};
  }
  const std::size_t colon = entry.find(':');
  if (colon == std::string_view::npos || entry.find(':', colon + 1) != std::string_view::npos)
    return {entry, {}};
  return {entry.substr(0, colon), entry.substr(colon + 1)};
}

bool names(std::string_view entry, const Endpoint& endpoint) {
  if (entry == "*") return true;
  auto [host, port] = split_port(entry);
  if (!port.empty() && port != std::to_string(endpoint.port)) return false;
  if (const auto ip = ip_bytes(host)) return ip == ip_bytes(endpoint.host);
  if (host.starts_with("*.")) host.remove_prefix(1);
  if (host.starts_with('.')) host.remove_prefix(1);
  if (host.empty() || ip_bytes(endpoint.host)) return false;
  const std::string_view name = endpoint.host;
  if (name.size() < host.size() || !equals_ignoring_case(name.substr(name.size() - host.size()), host))
    return false;
  return name.size() == host.size() || name[name.size() - host.size() - 1] == '.';
}

// Boost.URL's port_number() wraps round.
std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.empty()) return kDefaultPort;
  std::uint16_t port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failed != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

Error unreadable(std::string_view why) {
  return {ErrorKind::config, "the proxy must look like http://host:port: " + std::string(why)};
}

}  // namespace

Result<Proxy> parse_proxy(std::string_view text) {
  text = trim(text);
  const std::string with_scheme =
      (text.find("://") == std::string_view::npos ? "http://" : "") + std::string(text);
  const auto parsed = boost::urls::parse_uri(with_scheme);
  if (!parsed) return unreadable("it is not a URL");
  const boost::urls::url_view& url = *parsed;
  if (!equals_ignoring_case({url.scheme().data(), url.scheme().size()}, "http")) {
    return unreadable("only http proxies are spoken to");
  }
  if (url.host().empty()) return unreadable("it names no host");
  const bool only_host =
      (url.encoded_path().empty() || url.encoded_path() == "/") && !url.has_query() && !url.has_fragment();
  if (!only_host) return unreadable("something stands behind host and port");
  const std::optional<std::uint16_t> port = parse_port({url.port().data(), url.port().size()});
  if (!port) return unreadable("its port is not between 1 and 65535");
  Proxy proxy;
  proxy.host = url.host();
  if (proxy.host.starts_with('[')) proxy.host = proxy.host.substr(1, proxy.host.size() - 2);
  proxy.port = *port;
  if (url.has_userinfo()) proxy.authorization = basic_credentials(url.user() + ":" + url.password());
  return proxy;
}

bool bypasses_proxy(const Endpoint& endpoint, std::string_view no_proxy) {
  constexpr std::string_view kSeparators = ", \t";
  while (true) {
    no_proxy.remove_prefix(std::min(no_proxy.find_first_not_of(kSeparators), no_proxy.size()));
    if (no_proxy.empty()) return false;
    const std::size_t size = std::min(no_proxy.find_first_of(kSeparators), no_proxy.size());
    if (names(no_proxy.substr(0, size), endpoint)) return true;
    no_proxy.remove_prefix(size);
  }
}

Result<Proxy> proxy_for(const Endpoint& endpoint, std::string_view configured, std::string_view https_proxy,
                        std::string_view no_proxy) {
  if (!trim(configured).empty()) return parse_proxy(configured);
  const bool by_environment = endpoint.tls && !trim(https_proxy).empty() && !is_loopback(endpoint.host) &&
                              !bypasses_proxy(endpoint, no_proxy);
  if (!by_environment) return Proxy{};
  return parse_proxy(https_proxy);
}

}  // namespace weir::transport
