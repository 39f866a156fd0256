#include "app/endpoints.hpp"

#include "weir/config/environment.hpp"
#include "weir/transport/proxy.hpp"

namespace weir::app {

Result<transport::Endpoint> endpoint_at(const providers::BaseUrl& url, const std::string& configured_proxy,
                                        const std::string& path) {
  const config::SystemEnvironment environment;
  transport::Endpoint endpoint{.tls = url.tls, .host = url.host, .port = url.port, .proxy = {}};
  const auto variable = [&](const char* upper, const char* lower) {
    const auto value = environment.variable(upper);
    return value ? *value : environment.variable(lower).value_or("");
  };
  auto proxy = transport::proxy_for(endpoint, configured_proxy, variable("HTTPS_PROXY", "https_proxy"),
                                    variable("NO_PROXY", "no_proxy"));
  if (!proxy) return Error{ErrorKind::config, path + ": " + proxy.error().message};
  endpoint.proxy = *std::move(proxy);
  return endpoint;
}

Result<transport::Endpoint> endpoint_of(const providers::Provider& provider) {
  return endpoint_at(provider.base_url, provider.proxy, "providers." + provider.name + ".proxy");
}

}  // namespace weir::app
