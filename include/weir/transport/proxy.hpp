#pragma once

#include <string_view>

#include "weir/base/result.hpp"
#include "weir/transport/upstream.hpp"

// Which HTTP proxy a provider is reached through. Pure functions of values.
namespace weir::transport {

// "http://user:password@host:port"; scheme, user and port (80) may be left out. Fails with kind config, and
// the message never repeats the text, which may hold a password.
[[nodiscard]] Result<Proxy> parse_proxy(std::string_view text);

// Whether a list in the manner of NO_PROXY names this endpoint: entries separated by commas or spaces; "*" is
// all; a name stands for itself and all below it, with or without a dot or "*." before it; an IP literal for
// itself; an entry with a port only for that port. Networks ("10.0.0.0/8") are not understood and match
// nothing.
[[nodiscard]] bool bypasses_proxy(const Endpoint& endpoint, std::string_view no_proxy);

// The proxy of an endpoint; an empty host is none. `configured` is the provider's own setting and wins over
// the environment; `https_proxy` and `no_proxy` are the environment's values, or empty. The environment's
// proxy is for https providers only and never for loopback. Fails where the proxy that applies can't be read:
// going past it would be worse.
[[nodiscard]] Result<Proxy> proxy_for(const Endpoint& endpoint, std::string_view configured,
                                      std::string_view https_proxy, std::string_view no_proxy);

}  // namespace weir::transport
