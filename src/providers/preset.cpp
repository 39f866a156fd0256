#include "weir/providers/preset.hpp"

namespace weir::providers {

const Preset* find_preset(std::string_view name) noexcept {
  for (const Preset& preset : builtin_presets())
    if (preset.name == name) return &preset;
  return nullptr;
}

}  // namespace weir::providers
