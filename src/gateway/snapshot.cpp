#include "gateway/snapshot.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "weir/base/text.hpp"
#include "weir/http/credentials.hpp"

namespace weir::gateway {
namespace {

// No provider's account has a space in its name.
std::vector<std::optional<quota::Pool>> bind_clients(const std::vector<ClientKey>& keys,
                                                     quota::Ledger& ledger) {
  std::vector<std::optional<quota::Pool>> pools;
  pools.reserve(keys.size());
  for (const ClientKey& key : keys)
    pools.push_back(key.limits.empty()
                        ? std::nullopt
                        : std::optional(ledger.bind("client key " + key.name, "", key.limits, {}, {})));
  return pools;
}

}  // namespace

Snapshot::Snapshot(Settings settings, quota::Ledger& ledger, routing::Memory& remembered,
                   telemetry::Telemetry& telemetry)
    : client_keys(std::move(settings.client_keys)),
      client_pools(bind_clients(client_keys, ledger)),
      endpoints(std::move(settings.endpoints)),
      routing(settings.routing),
      tokens(settings.tokens),
      access_log(settings.access_log),
      dashboard(settings.dashboard),
      memory(remembered),
      catalogue({.providers = std::move(settings.providers),
                 .routes = std::move(settings.routes),
                 .aliases = std::move(settings.aliases),
                 .allow_paid = settings.routing.allow_paid},
                ledger, &remembered) {
  for (const routing::Target& target : catalogue.targets())
    series.push_back(telemetry.number_of(target.provider->name, target.model->name));
}

const transport::Endpoint& Snapshot::endpoint_of(const providers::Provider& provider) const {
  return endpoints[static_cast<std::size_t>(&provider - catalogue.providers().data())];
}

Result<const ClientKey*> Snapshot::client_of(const http::Fields& fields) const {
  if (client_keys.empty()) return static_cast<const ClientKey*>(nullptr);
  const std::string_view key = http::credential(fields);
  if (key.empty())
    return Error{ErrorKind::unauthorized, "no API key: send the client key as \"Authorization: Bearer KEY\""};
  const Sha256 digest = sha256(key);
  const ClientKey* found = nullptr;
  for (const ClientKey& known : client_keys)
    if (same_digest(known.digest, digest)) found = &known;
  if (found == nullptr) return Error{ErrorKind::unauthorized, "this API key is not one of auth.keys"};
  return found;
}

const quota::Pool* Snapshot::pool_of(const ClientKey* client) const {
  if (client == nullptr) return nullptr;
  const auto& pool = client_pools[static_cast<std::size_t>(client - client_keys.data())];
  return pool ? &*pool : nullptr;
}

bool may_use(const ClientKey* client, std::string_view model) {
  if (client == nullptr) return true;
  return std::ranges::any_of(client->models,
                             [&](const std::string& glob) { return matches_glob(glob, model); });
}

}  // namespace weir::gateway
