#include <algorithm>
#include <array>

#include "weir/routing/route.hpp"

namespace weir::routing {
namespace {

constexpr std::array<std::string_view, kPriorities> kNames = {"interactive", "normal", "batch"};

}  // namespace

std::string_view name(Priority priority) noexcept {
  return kNames[static_cast<std::size_t>(priority)];
}

std::optional<Priority> priority_named(std::string_view name) noexcept {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Priority>(found - kNames.begin());
}

quota::DayRule day_rule(const RoutingConfig& config, Priority priority) noexcept {
  const auto index = static_cast<std::size_t>(priority);
  quota::DayRule rule{.kept = 0, .paced = config.spread.at(index)};
  for (std::size_t before = 0; before < index; ++before) rule.kept += config.reserve.at(before);
  return rule;
}

const PeakHours* peak_of(const RoutingConfig& config, Priority priority) noexcept {
  const bool waits = config.peak && config.deferred.at(static_cast<std::size_t>(priority));
  return waits ? &*config.peak : nullptr;
}

}  // namespace weir::routing
