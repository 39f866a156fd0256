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

}  // namespace weir::routing
