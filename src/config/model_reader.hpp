#pragma once

#include <string_view>
#include <vector>

#include "config/reader.hpp"
#include "weir/providers/provider.hpp"

namespace weir::config {

// Reads `models` out of a provider's map and lays them over the preset's, by name. `plan` is one of the
// preset's or null. False where something is wrong, so that a model may be missing.
[[nodiscard]] bool read_models(MapReader& provider, const providers::Preset& preset,
                               const providers::PresetPlan* plan, std::vector<providers::Model>& models);

// With the limits that it has under the plan; of its own where that is null.
[[nodiscard]] providers::Model to_model(const providers::PresetModel& model,
                                        const providers::PresetPlan* plan = nullptr);
[[nodiscard]] quota::Limit to_limit(const providers::PresetLimit& limit);

// Names of models, routes and aliases stand in headers: visible ASCII.
[[nodiscard]] bool is_model_name(std::string_view name) noexcept;

[[nodiscard]] std::string_view word_of(providers::Billing billing) noexcept;
// The words of a set: "tools", "images".
[[nodiscard]] std::vector<std::string_view> words_of(providers::Capabilities capabilities);

}  // namespace weir::config
