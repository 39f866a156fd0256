#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/base/result.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/routing/route.hpp"
#include "weir/telemetry/history.hpp"
#include "weir/telemetry/telemetry.hpp"
#include "weir/transport/server.hpp"

namespace weir::gateway {

// What is said to a request under /admin/.
struct AdminAnswer {
  Result<std::string> json;
  std::string_view allow;  // the methods that would do, where the one asked doesn't; static text
};

// A client key that has limits of its own.
struct ClientWindows {
  std::string_view name;
  const quota::Pool* pool = nullptr;
};

// What the gateway is and does at one moment. Valid for one call.
struct AdminContext {
  const routing::Catalogue& catalogue;    // in force
  const routing::RoutingConfig& routing;  // in force
  const telemetry::Telemetry& telemetry;
  const telemetry::History& history;
  quota::RoomListener& room;  // to be told where a person's order has made room
  WallTime started{};
  std::size_t waiting = 0;  // for room
  bool draining = false;
  std::vector<ClientWindows> clients{};
  double quantile = 0.9;  // tokens.quantile
};

// What one reader of events is to be told.
class EventFeed {
 public:
  virtual ~EventFeed() = default;
  // What is new since the last call, as server-sent events; empty: nothing. No I/O, and no waiting.
  [[nodiscard]] virtual std::string next(const AdminContext& context, Instant now) = 0;
  // The last words.
  [[nodiscard]] virtual std::string end() = 0;
};

// Answers what is asked under /admin/ and at /metrics: the module that knows how stands above this one. Any
// loop's thread. No I/O, and no waiting.
class AdminSurface {
 public:
  virtual ~AdminSurface() = default;
  // Whether it may ask at all, by its head and where it is from. answer() asks that too.
  [[nodiscard]] virtual Result<void> admit(const transport::Request& request) const = 0;
  [[nodiscard]] virtual AdminAnswer answer(const transport::Request& request, const AdminContext& context,
                                           Instant now) = 0;
  // For GET /admin/v1/events. Fails where too many listen already.
  [[nodiscard]] virtual Result<std::unique_ptr<EventFeed>> listen() = 0;
  // Whether it may read metrics, by its head and where it is from. Fails with unknown_url where there are
  // none.
  [[nodiscard]] virtual Result<void> admit_scrape(const transport::Request& request) const = 0;
  // In Prometheus' text format.
  [[nodiscard]] virtual std::string metrics(const AdminContext& context, Instant now) = 0;
  // Some seconds have passed.
  virtual void tick(const AdminContext& context, Instant now) = 0;
  // Requests are served, and a restart would forget what was spent.
  [[nodiscard]] virtual bool is_degraded() const = 0;
};

}  // namespace weir::gateway
