#pragma once

#include <map>
#include <string>
#include <vector>

#include "weir/gateway/client_key.hpp"
#include "weir/providers/provider.hpp"
#include "weir/routing/route.hpp"
#include "weir/tokens/config.hpp"
#include "weir/transport/upstream.hpp"

namespace weir::gateway {

// What the gateway serves by; replaced as a whole at a reload.
struct Settings {
  std::vector<providers::Provider> providers;
  std::vector<routing::RouteSpec> routes;
  std::map<std::string, std::string> aliases;
  routing::RoutingConfig routing;
  tokens::Config tokens;
  std::vector<ClientKey> client_keys;  // empty: any key, or none, is accepted
  bool access_log = true;
  bool dashboard = true;                       // is served at "/", where it is built in
  std::vector<transport::Endpoint> endpoints;  // of the providers, in their order
};

}  // namespace weir::gateway
