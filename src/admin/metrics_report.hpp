#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "admin/alerts.hpp"
#include "weir/gateway/admin_surface.hpp"
#include "weir/store/store.hpp"

namespace weir::admin {

// What is counted of the admin module's own doings. Threads: any.
struct OwnFigures {
  std::atomic<bool> reload_was_good{true};
  std::atomic<std::int64_t> configured_at{0};  // seconds since the epoch; 0: never
  std::array<std::atomic<std::uint64_t>, kAlertKinds> alerts{};
  std::atomic<std::uint64_t> delivered{0};  // to the webhook
  std::atomic<std::uint64_t> undelivered{0};
  Forecasts forecasts;
};

// GET /metrics.
[[nodiscard]] std::string metrics_report(const gateway::AdminContext& context, const store::Health& health,
                                         const OwnFigures& own, Instant now);

}  // namespace weir::admin
