// Hosts, base URLs and proxies as anyone writes them: never a crash, and what is accepted means one thing.
// A NO_PROXY list stands behind the first unit separator (0x1F), if there is one.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "config/addresses.hpp"
#include "http/authority.hpp"
#include "weir/transport/metadata_address.hpp"
#include "weir/transport/proxy.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void read_as_authority(std::string_view text) {
  const auto authority = weir::http::parse_authority(text);
  if (authority) {
    require(!authority->host.empty() && text.find(authority->host) != std::string_view::npos);
    for (const char c : authority->host) require(c > ' ' && c < 0x7F && c != '/' && c != '@' && c != '#');
  }
  if (const auto inner = weir::http::absolute_authority(text))
    require(text.find(*inner) != std::string_view::npos && inner->find('/') == std::string_view::npos);
}

void read_as_base_url(std::string_view text, std::string_view no_proxy) {
  const auto url = weir::config::parse_base_url(text);
  if (!url) return;
  require(!url->host.empty() && url->port != 0 && !weir::transport::is_metadata_address(url->host));
  const auto again = weir::config::parse_base_url(weir::config::format_base_url(*url));
  require(again.has_value());
  require(again->host == url->host && again->port == url->port && again->path == url->path &&
          again->tls == url->tls);
  (void)weir::config::bypasses_proxy(no_proxy, url->host, url->port);
  const weir::transport::Endpoint endpoint{
      .tls = url->tls, .host = url->host, .port = url->port, .proxy = {}};
  (void)weir::transport::bypasses_proxy(endpoint, no_proxy);
}

void read_as_proxy(std::string_view text) {
  const auto proxy = weir::transport::parse_proxy(text);
  if (proxy) {
    require(!proxy->host.empty() && proxy->port != 0);
    for (const char c : proxy->authorization) require(c >= ' ' && c < 0x7F);
  }
  const auto whole = weir::config::parse_proxy(text);
  if (!whole) return;
  const auto again = weir::config::parse_proxy(*whole);
  require(again.has_value() && *again == *whole);
  require(weir::config::without_login(*whole).size() <= whole->size() + std::string_view("***@").size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<char> exact(data, data + size);
  std::string_view text(exact.data(), exact.size());
  const std::size_t separator = text.find('\x1F');
  const std::string_view no_proxy =
      separator == std::string_view::npos ? std::string_view() : text.substr(separator + 1);
  text = text.substr(0, separator);
  read_as_authority(text);
  read_as_base_url(text, no_proxy);
  read_as_proxy(text);
  (void)weir::config::parse_listen(text);
  return 0;
}
