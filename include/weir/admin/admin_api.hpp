#pragma once

#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "weir/base/digest.hpp"
#include "weir/gateway/admin_surface.hpp"
#include "weir/store/store.hpp"

namespace weir::admin {

// What operators ask and order over HTTP:
//
//   GET    /admin/v1/quota                              every window: limit, used, reserved, left, reset,
//   source PUT    /admin/v1/quota/{provider}/{key}/{model}     {"rpd": 200}: used so far DELETE
//   /admin/v1/quota/{provider}/{key}/{model}     forgets what was counted, heard and learnt DELETE
//   /admin/v1/cooldowns/{provider}/{key}?model=  ends what blocks it
//
// A key or a model may be "*", for all of them. Without an admin key only clients on this machine are served,
// and none that came through a proxy. Threads: any.
class AdminApi final : public gateway::AdminSurface {
 public:
  explicit AdminApi(const store::Store& store) : store_(store) {}

  // From now on this key is asked for; without one, a client on this machine.
  void configure(std::optional<Sha256> key);

  [[nodiscard]] gateway::AdminAnswer answer(const transport::Request& request,
                                            const routing::Catalogue& catalogue, Instant now) override;

 private:
  [[nodiscard]] Result<void> admit(const transport::Request& request) const;

  const store::Store& store_;
  mutable std::mutex mutex_;  // guards key_
  std::optional<Sha256> key_;
};

}  // namespace weir::admin
