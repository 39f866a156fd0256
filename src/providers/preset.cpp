#include "weir/providers/preset.hpp"

namespace weir::providers {

const Preset* find_preset(std::string_view name) noexcept {
  for (const Preset& preset : builtin_presets())
    if (preset.name == name) return &preset;
  return nullptr;
}

Signals signals_of(const Preset& preset) noexcept {
  if (preset.signals != nullptr) return *preset.signals;
  Signals signals;
  signals.name = preset.name;
  signals.headers = preset.headers;
  return signals;
}

}  // namespace weir::providers
