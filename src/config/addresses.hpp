#pragma once

#include <string>
#include <string_view>

#include "weir/base/result.hpp"
#include "weir/config/config.hpp"
#include "weir/config/environment.hpp"
#include "weir/providers/provider.hpp"

// Addresses as people write them. Errors have kind config and say what is wrong, without the path to it.
namespace weir::config {

// "127.0.0.1:8484", "[::1]:8484", "localhost:8484".
[[nodiscard]] Result<ListenAddress> parse_listen(std::string_view text);
// "127.0.0.1:8484" or "[::1]:8484".
[[nodiscard]] std::string format_address(std::string_view host, std::uint16_t port);

// An http or https URL without user, query or fragment.
[[nodiscard]] Result<providers::BaseUrl> parse_base_url(std::string_view text);
// A preset's address with each {NAME} in it replaced by that variable. An error says which one is unset, or
// holds what can't stand in a path.
[[nodiscard]] Result<std::string> fill_variables(std::string_view base_url, const Environment& environment);
[[nodiscard]] std::string format_base_url(const providers::BaseUrl& url);

// A proxy, made whole: "http://host:port" or "http://user:password@host:port".
[[nodiscard]] Result<std::string> parse_proxy(std::string_view text);
// The same without user and password.
[[nodiscard]] std::string without_login(std::string_view proxy);

// This machine: localhost, 127.0.0.0/8, ::1, and the addresses that stand for any of ours.
[[nodiscard]] bool is_loopback(std::string_view host);
[[nodiscard]] bool is_wildcard(std::string_view host);
// Whether a request to the URL would come back to us.
[[nodiscard]] bool points_at(const providers::BaseUrl& url, const ListenAddress& listen);

// Whether NO_PROXY ("example.com, .corp, 10.0.0.1, *") keeps a host from the proxy.
[[nodiscard]] bool bypasses_proxy(std::string_view no_proxy, std::string_view host, std::uint16_t port);

}  // namespace weir::config
