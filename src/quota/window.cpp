#include "quota/window.hpp"

#include "quota/fixed_window.hpp"
#include "quota/sliding_window.hpp"
#include "quota/tally_window.hpp"

namespace weir::quota {

bool Window::same_window(BootTime /*stamp*/, Instant /*now*/) const {
  return true;
}

std::optional<double> Window::share_to_reset(Instant /*now*/) const {
  return std::nullopt;
}

bool Window::ended(Instant /*now*/) const {
  return false;
}

std::unique_ptr<Window> make_window(const Limit& limit) {
  const EngineWindow engine = engine_window(limit);
  switch (engine.kind) {
    case WindowKind::fixed:
      return std::make_unique<FixedWindow>(engine.length);
    case WindowKind::credit:
      return std::make_unique<CreditWindow>(limit.expires);
    case WindowKind::concurrency:
      return std::make_unique<InFlightWindow>();
    default:
      return std::make_unique<SlidingWindow>(engine.length);  // an interval is a sliding window of one
  }
}

}  // namespace weir::quota
