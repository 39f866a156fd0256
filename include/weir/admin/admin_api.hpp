#pragma once

#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "weir/base/digest.hpp"
#include "weir/gateway/admin_surface.hpp"
#include "weir/store/store.hpp"

namespace weir::admin {

// What operators ask and order over HTTP: what there is of quota, what has been used so far, what is to be
// forgotten, and which cooldowns are over. docs/quota-model.md lists the paths.
//
// A key or a model may be "*", for all of them. Without an admin key only clients on this machine are served,
// no page of another site, and nobody through a proxy that says that it is one. Threads: any.
class AdminApi final : public gateway::AdminSurface {
 public:
  explicit AdminApi(const store::Store& store) : store_(store) {}

  // From now on this key is asked for; without one, a client on this machine.
  void configure(std::optional<Sha256> key);

  [[nodiscard]] Result<void> admit(const transport::Request& request) const override;
  [[nodiscard]] gateway::AdminAnswer answer(const transport::Request& request,
                                            const routing::Catalogue& catalogue,
                                            const routing::RoutingConfig& routing, Instant now) override;
  [[nodiscard]] bool is_degraded() const override { return store_.health().degraded; }

 private:
  const store::Store& store_;
  mutable std::mutex mutex_;  // guards key_
  std::optional<Sha256> key_;
};

}  // namespace weir::admin
