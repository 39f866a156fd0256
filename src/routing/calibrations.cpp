#include "weir/routing/calibrations.hpp"

namespace weir::routing {

tokens::Calibration& Calibrations::of(std::string_view target, tokens::Family family) {
  const std::lock_guard lock(mutex_);
  auto found = entries_.find(target);
  if (found == entries_.end()) {
    found = entries_.try_emplace(std::string(target), family).first;
    if (const auto earlier = unbound_.find(target); earlier != unbound_.end()) {
      if (found->second.calibration.restore(earlier->second))
        found->second.saved = found->second.calibration.version();
      unbound_.erase(earlier);
    }
  }
  return found->second.calibration;
}

std::vector<std::pair<std::string, std::string>> Calibrations::take(bool all) {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, std::string>> changes;
  for (auto& [target, entry] : entries_) {
    const std::uint64_t version = entry.calibration.version();
    if (version == (all ? 0 : entry.saved)) continue;
    entry.saved = version;
    changes.emplace_back(target, entry.calibration.save());
  }
  return changes;
}

void Calibrations::restore(std::string_view target, std::string_view saved) {
  const std::lock_guard lock(mutex_);
  const auto bound = entries_.find(target);
  if (bound == entries_.end())
    unbound_.insert_or_assign(std::string(target), std::string(saved));
  else if (bound->second.calibration.version() == 0)  // nothing newer has been learned
    (void)bound->second.calibration.restore(saved);
}

}  // namespace weir::routing
