#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "weir/base/result.hpp"
#include "weir/gateway/settings.hpp"
#include "weir/http/head.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/routing/memory.hpp"
#include "weir/routing/route.hpp"
#include "weir/telemetry/telemetry.hpp"
#include "weir/transport/upstream.hpp"

namespace weir::gateway {

// The configuration that a request runs by. Immutable; held by each request until it ends.
struct Snapshot {
  // The ledger and the memory outlive it; the telemetry numbers its targets.
  Snapshot(Settings settings, quota::Ledger& ledger, routing::Memory& remembered,
           telemetry::Telemetry& telemetry);

  [[nodiscard]] const transport::Endpoint& endpoint_of(const providers::Provider& provider) const;
  // Who shows this key, by Authorization: Bearer or x-api-key. Null where no client keys are configured: then
  // any key, or none, will do. Fails with unauthorized.
  [[nodiscard]] Result<const ClientKey*> client_of(const http::Fields& fields) const;
  // The pool of one of the client keys; null where it has no limits of its own.
  [[nodiscard]] const quota::Pool* pool_of(const ClientKey* client) const;

  // Under which number one of the catalogue's targets is counted.
  [[nodiscard]] std::uint32_t series_of(const routing::Target& target) const {
    return series[static_cast<std::size_t>(&target - catalogue.targets().data())];
  }

  std::vector<ClientKey> client_keys;
  std::vector<std::optional<quota::Pool>> client_pools;  // of the client keys, in their order
  std::vector<transport::Endpoint> endpoints;            // of the catalogue's providers, in their order
  routing::RoutingConfig routing;
  tokens::Config tokens;
  bool access_log;
  bool dashboard;
  routing::Memory& memory;
  routing::Catalogue catalogue;
  std::vector<std::uint32_t> series;  // of the catalogue's targets, in their order
};

[[nodiscard]] bool may_use(const ClientKey* client, std::string_view model);

}  // namespace weir::gateway
