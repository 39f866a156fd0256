#pragma once

#include <string>

#include "weir/base/result.hpp"
#include "weir/providers/provider.hpp"
#include "weir/transport/upstream.hpp"

namespace weir::app {

// Where a URL is, through the proxy that is configured or that the environment names (HTTPS_PROXY, NO_PROXY).
// `path`: where the proxy stands in the configuration, for a message. Fails with kind config.
[[nodiscard]] Result<transport::Endpoint> endpoint_at(const providers::BaseUrl& url,
                                                      const std::string& configured_proxy,
                                                      const std::string& path);
[[nodiscard]] Result<transport::Endpoint> endpoint_of(const providers::Provider& provider);

}  // namespace weir::app
