#include "quota/window.hpp"

#include "quota/first_use_window.hpp"
#include "quota/fixed_window.hpp"
#include "quota/refill_window.hpp"
#include "quota/sliding_window.hpp"
#include "quota/tally_window.hpp"

namespace weir::quota {

BootTime Window::falls_to_with(std::uint64_t pending, std::uint64_t allowed, Instant now) const {
  return pending <= allowed ? falls_to(allowed - pending, now) : counts_until(now);
}

void Window::set_amount(std::uint64_t /*amount*/, Instant /*now*/) {}

bool Window::same_window(BootTime /*stamp*/, Instant /*now*/) const {
  return true;
}

std::optional<double> Window::share_to_reset(Instant /*now*/) const {
  return std::nullopt;
}

bool Window::is_closed(Instant /*now*/) const {
  return false;
}

bool Window::ended(Instant /*now*/) const {
  return false;
}

std::unique_ptr<Window> make_window(const Limit& limit) {
  const EngineWindow engine = engine_window(limit);
  switch (engine.kind) {
    case WindowKind::fixed:
      return std::make_unique<FixedWindow>(WindowEdges::aligned(engine.length));
    case WindowKind::calendar:
      return std::make_unique<FixedWindow>(limit.period.unit == Period::Unit::month
                                               ? WindowEdges::months_in(*engine.zone)
                                               : WindowEdges::days_in(*engine.zone));
    case WindowKind::credit:
      return std::make_unique<CreditWindow>(limit.expires);
    case WindowKind::concurrency:
      return std::make_unique<InFlightWindow>();
    case WindowKind::refill:
      return std::make_unique<RefillWindow>(engine.length);
    case WindowKind::first_use:
      return std::make_unique<FirstUseWindow>(engine.length);
    case WindowKind::interval:
      return std::make_unique<IntervalWindow>(engine.length);
    case WindowKind::sliding:
      break;
  }
  return std::make_unique<SlidingWindow>(engine.length);
}

}  // namespace weir::quota
