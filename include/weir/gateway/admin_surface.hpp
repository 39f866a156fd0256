#pragma once

#include <string>
#include <string_view>

#include "weir/base/clock.hpp"
#include "weir/base/result.hpp"
#include "weir/routing/route.hpp"
#include "weir/transport/server.hpp"

namespace weir::gateway {

// What is said to a request under /admin/.
struct AdminAnswer {
  Result<std::string> json;
  std::string_view allow;  // the methods that would do, where the one asked doesn't; static text
};

// Answers what is asked under /admin/: the module that knows how stands above this one. Any loop's thread.
class AdminSurface {
 public:
  virtual ~AdminSurface() = default;
  // Whether it may ask at all, by its head and where it is from. answer() asks that too.
  [[nodiscard]] virtual Result<void> admit(const transport::Request& request) const = 0;
  // No I/O, and no waiting. `catalogue` and `routing` are those in force.
  [[nodiscard]] virtual AdminAnswer answer(const transport::Request& request,
                                           const routing::Catalogue& catalogue,
                                           const routing::RoutingConfig& routing, Instant now) = 0;
  // Requests are served, and a restart would forget what was spent.
  [[nodiscard]] virtual bool is_degraded() const = 0;
};

}  // namespace weir::gateway
