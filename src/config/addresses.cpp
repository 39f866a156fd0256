#include "config/addresses.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "config/report.hpp"
#include "weir/base/ip_literal.hpp"
#include "weir/base/text.hpp"
#include "weir/transport/metadata_address.hpp"

namespace weir::config {
namespace {

Error wrong(std::string message) {
  return {ErrorKind::config, std::move(message)};
}

struct HostAndPort {
  std::string host;       // lower case, without brackets
  std::string_view port;  // as written; empty: none
  bool has_port = false;
};

// Splits "host:port" and "[v6]:port". Nothing: this is neither.
std::optional<HostAndPort> split(std::string_view text) {
  HostAndPort out;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    out.host = lower(text.substr(1, close - 1));
    if (!parse_ipv6(out.host)) return std::nullopt;
    rest = text.substr(close + 1);
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    out.host = lower(text.substr(0, colon));
    rest = text.substr(colon);
    const auto is_host_char = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    };
    if (out.host.empty() || out.host.size() > 253 || !std::ranges::all_of(out.host, is_host_char))
      return std::nullopt;
  }
  if (rest.empty()) return out;
  if (rest.front() != ':') return std::nullopt;
  out.port = rest.substr(1);
  out.has_port = true;
  return out;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

// Every form of IPv4 address that a resolver takes: "127.1" and "0x7f000001" are loopback too.
std::optional<std::uint32_t> loose_ipv4(std::string_view host) {
  in_addr address{};
  if (::inet_aton(std::string(host).c_str(), &address) == 0) return std::nullopt;
  return ntohl(address.s_addr);
}

std::optional<std::uint32_t> ipv4_of(std::string_view host) {
  if (const auto six = parse_ipv6(host); six && IN6_IS_ADDR_V4MAPPED(&*six)) {
    const auto* bytes = six->s6_addr;
    return (std::uint32_t{bytes[12]} << 24U) | (std::uint32_t{bytes[13]} << 16U) |
           (std::uint32_t{bytes[14]} << 8U) | std::uint32_t{bytes[15]};
  }
  return loose_ipv4(host);
}

std::string_view without_dot(std::string_view host) {
  return host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
}

bool same_host(std::string_view a, std::string_view b) {
  if (equals_ignoring_case(without_dot(a), without_dot(b))) return true;
  const auto a4 = ipv4_of(a);
  const auto b4 = ipv4_of(b);
  if (a4 || b4) return a4 == b4;
  const auto a6 = parse_ipv6(a);
  const auto b6 = parse_ipv6(b);
  return a6 && b6 && std::ranges::equal(a6->s6_addr, b6->s6_addr);
}

bool is_path_char(char c) {
  return c > ' ' && c < 0x7F && c != '?' && c != '#' && c != '\\' && c != '"';
}

}  // namespace

Result<ListenAddress> parse_listen(std::string_view text) {
  const auto parts = split(text);
  if (!parts || !parts->has_port)
    return wrong("expected an address like 127.0.0.1:8484 or [::1]:8484, got " + in_quotes(text));
  const auto port = parse_port(parts->port);
  if (!port) return wrong("expected a port from 0 to 65535, got " + in_quotes(parts->port));
  if (parts->host == "localhost") return ListenAddress{.host = "127.0.0.1", .port = *port};
  if (!parse_ipv4(parts->host) && !parse_ipv6(parts->host))
    return wrong("expected an IP address or localhost, got " + in_quotes(parts->host));
  return ListenAddress{.host = parts->host, .port = *port};
}

std::string format_address(std::string_view host, std::uint16_t port) {
  const bool six = host.find(':') != std::string_view::npos;
  return (six ? "[" : "") + std::string(host) + (six ? "]:" : ":") + std::to_string(port);
}

Result<providers::BaseUrl> parse_base_url(std::string_view text) {
  providers::BaseUrl url;
  const auto scheme_end = text.find("://");
  const std::string scheme = lower(text.substr(0, std::min(scheme_end, text.size())));
  if (scheme_end == std::string_view::npos || (scheme != "http" && scheme != "https"))
    return wrong("expected a URL that starts with https:// or http://, got " + in_quotes(text));
  url.tls = scheme == "https";
  url.port = url.tls ? 443 : 80;
  const std::string_view rest = text.substr(scheme_end + 3);
  const auto path_start = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view authority = rest.substr(0, path_start);
  std::string_view path = rest.substr(path_start);
  if (authority.find('@') != std::string_view::npos)
    return wrong("no user or password can stand in a base_url");
  if (path.find_first_of("?#") != std::string_view::npos)
    return wrong("no \"?\" or \"#\" can stand in a base_url");
  const auto parts = split(authority);
  if (!parts) return wrong("expected a host name or an IP address, got " + in_quotes(authority));
  url.host = parts->host;
  if (transport::is_metadata_address(url.host))
    return wrong(in_quotes(url.host) + " is a cloud's metadata service; no provider is there");
  if (parts->has_port) {
    const auto port = parse_port(parts->port);
    if (!port || *port == 0) return wrong("expected a port from 1 to 65535, got " + in_quotes(parts->port));
    url.port = *port;
  }
  while (path.ends_with('/')) path.remove_suffix(1);
  if (!std::ranges::all_of(path, is_path_char)) return wrong("the path may hold no spaces and only ASCII");
  for (const std::string_view endpoint : {"/chat/completions", "/completions", "/models"})
    if (path.ends_with(endpoint)) return wrong("leave " + in_quotes(endpoint) + " off: weir adds it");
  url.path = path;
  return url;
}

Result<std::string> fill_variables(std::string_view base_url, const Environment& environment) {
  const auto is_id_char = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  std::string out;
  for (;;) {
    const auto open = std::min(base_url.find('{'), base_url.size());
    out += base_url.substr(0, open);
    const auto close = base_url.find('}', open);
    if (close == std::string_view::npos) return out;
    const std::string_view name = base_url.substr(open + 1, close - open - 1);
    const std::string value = environment.variable(name).value_or(std::string());
    if (value.empty()) return wrong(std::string(name) + " is not set");
    if (!std::ranges::all_of(value, is_id_char))
      return wrong(std::string(name) + " holds a character that can't stand in an address");
    out += value;
    base_url.remove_prefix(close + 1);
  }
}

std::string format_base_url(const providers::BaseUrl& url) {
  const bool six = url.host.find(':') != std::string::npos;
  const bool usual = url.port == (url.tls ? 443 : 80);
  return (url.tls ? "https://" : "http://") +
         (usual ? (six ? "[" + url.host + "]" : url.host) : format_address(url.host, url.port)) + url.path;
}

Result<std::string> parse_proxy(std::string_view text) {
  constexpr std::string_view kExpected = "expected a proxy like http://host:3128, got ";
  constexpr std::uint16_t kHttpPort = 80;
  std::string_view rest = text;
  if (const auto scheme_end = text.find("://"); scheme_end != std::string_view::npos) {
    // The login isn't repeated in the message.
    if (lower(text.substr(0, scheme_end)) != "http")
      return wrong("only http:// proxies are supported, not " + in_quotes(text.substr(0, scheme_end)));
    rest = text.substr(scheme_end + 3);
  }
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const auto at = rest.rfind('@');
  const std::string_view login = at == std::string_view::npos ? "" : rest.substr(0, at + 1);
  const std::string_view address = rest.substr(login.size());
  const auto parts = split(address);
  if (!parts || !std::ranges::all_of(login, is_path_char))
    return wrong(std::string(kExpected) + in_quotes(address));
  std::uint16_t port = kHttpPort;
  if (parts->has_port) {
    const auto given = parse_port(parts->port);
    if (!given || *given == 0) return wrong("expected a port from 1 to 65535, got " + in_quotes(parts->port));
    port = *given;
  }
  return "http://" + std::string(login) + format_address(parts->host, port);
}

std::string without_login(std::string_view proxy) {
  const auto at = proxy.rfind('@');
  if (at == std::string_view::npos) return std::string(proxy);
  return "http://***@" + std::string(proxy.substr(at + 1));
}

bool is_loopback(std::string_view host) {
  constexpr std::uint32_t kLoopbackNet = 127;
  host = without_dot(host);
  if (equals_ignoring_case(host, "localhost") || lower(host).ends_with(".localhost")) return true;
  if (const auto four = ipv4_of(host)) return *four >> 24U == kLoopbackNet;
  const auto six = parse_ipv6(host);
  return six && IN6_IS_ADDR_LOOPBACK(&*six);
}

bool is_wildcard(std::string_view host) {
  if (const auto four = ipv4_of(host)) return *four == 0;
  const auto six = parse_ipv6(host);
  return six && IN6_IS_ADDR_UNSPECIFIED(&*six);
}

bool points_at(const providers::BaseUrl& url, const ListenAddress& listen) {
  if (listen.port == 0 || url.port != listen.port) return false;
  // A connection to 0.0.0.0 reaches this machine.
  const bool here = is_loopback(url.host) || is_wildcard(url.host);
  return same_host(url.host, listen.host) || (here && (is_loopback(listen.host) || is_wildcard(listen.host)));
}

bool bypasses_proxy(std::string_view no_proxy, std::string_view host, std::uint16_t port) {
  host = without_dot(host);
  while (!no_proxy.empty()) {
    const auto comma = std::min(no_proxy.find_first_of(", \t"), no_proxy.size());
    std::string_view entry = no_proxy.substr(0, comma);
    no_proxy.remove_prefix(std::min(comma + 1, no_proxy.size()));
    if (entry.empty()) continue;
    if (entry == "*") return true;
    std::string name = lower(entry);
    if (const auto parts = split(entry)) {
      if (parts->has_port && parse_port(parts->port) != port) continue;
      name = parts->host;
    }
    if (name.starts_with("*.")) name.erase(0, 1);
    const bool dotted = name.starts_with('.');
    const std::string suffix = dotted ? name : "." + name;
    const std::string whole = lower(host);
    if (whole.ends_with(suffix) || whole == suffix.substr(1) || same_host(whole, name)) return true;
  }
  return false;
}

}  // namespace weir::config
