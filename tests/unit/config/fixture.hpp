#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/config/config.hpp"

// A configuration on its own: variables and files from maps, five presets of its own.
namespace weir::config {

class MapEnvironment final : public Environment {
 public:
  std::map<std::string, std::string, std::less<>> variables;
  std::map<std::string, std::string, std::less<>> files;
  std::vector<std::string> unreadable;  // exist, but can't be read
  std::vector<std::string> open;        // to other users

  [[nodiscard]] std::optional<std::string> variable(std::string_view name) const override {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] std::optional<std::string> read_file(const std::filesystem::path& path) const override {
    const auto found = files.find(path.string());
    return found == files.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] bool exists(const std::filesystem::path& path) const override {
    for (const std::string& hidden : unreadable)
      if (hidden == path.string()) return true;
    return files.contains(path.string());
  }
  [[nodiscard]] bool is_open_to_others(const std::filesystem::path& path) const override {
    return std::find(open.begin(), open.end(), path.string()) != open.end();
  }
};

namespace preset_tables {

using providers::Billing;
using providers::Preset;
using providers::PresetLimit;
using providers::PresetModel;
using providers::PresetModelLimits;
using providers::PresetPlan;
using quota::Dimension;
using quota::WindowKind;

inline constexpr std::array<std::string_view, 2> kGroqKeys{"GROQ_API_KEY", "GROQ_KEY"};
inline constexpr std::array<std::string_view, 1> kRouterKeys{"ROUTER_API_KEY"};
inline constexpr std::array<std::string_view, 1> kFreePool{"*:free"};
inline constexpr std::array kGroqModelLimits{
    PresetLimit{Dimension::requests, 30, quota::kMinutePeriod, WindowKind::refill, "", {}, "2026-09-12"}};
inline constexpr std::array kGroqModels{
    PresetModel{"openai/gpt-oss-120b", "", "gpt-oss-120b", 131072, 65536, 1, Billing::free, kGroqModelLimits},
    PresetModel{"openai/gpt-oss-20b", "", "gpt-oss-20b", 131072, 65536, 1, Billing::free, {}},
    PresetModel{"dear", "", "", 1000, 100, 0, Billing::paid, {}}};
inline constexpr std::array kGroqLimits{
    PresetLimit{Dimension::requests, 100, quota::kMinutePeriod, WindowKind::sliding, "", {}, "2026-09-12"}};
inline constexpr std::array kRouterModels{
    PresetModel{"some/model:free", "", "some-model", 1000, 100, 0, Billing::free, {}}};
inline constexpr std::array kFreeLimits{PresetLimit{Dimension::requests, 50, quota::kDayPeriod,
                                                    WindowKind::calendar, "UTC", kFreePool, "2026-07-26"}};
inline constexpr std::array kToppedUpLimits{PresetLimit{
    Dimension::requests, 1000, quota::kDayPeriod, WindowKind::calendar, "UTC", kFreePool, "2026-07-26"}};
inline constexpr std::array kRouterPlans{PresetPlan{"free", kFreeLimits},
                                         PresetPlan{"topped_up", kToppedUpLimits}};

inline constexpr std::array<std::string_view, 1> kTieredKeys{"TIERED_API_KEY"};
inline constexpr std::array kTieredModelLimits{
    PresetLimit{Dimension::requests, 4, quota::kMinutePeriod, WindowKind::fixed, "", {}, "2026-08-18"}};
inline constexpr std::array kTieredModels{
    PresetModel{"small", "", "", 1000, 100, 0, Billing::free, kTieredModelLimits},
    PresetModel{"large", "", "", 1000, 100, 0, Billing::paid, kTieredModelLimits}};
inline constexpr std::array kTieredOldLimits{
    PresetLimit{Dimension::requests, 60, quota::kMinutePeriod, WindowKind::fixed, "", {}, "2026-02-01"}};
inline constexpr std::array kTieredOldModels{PresetModelLimits{"small", kTieredOldLimits}};
inline constexpr std::array kTieredPlans{PresetPlan{"old", {}, kTieredOldModels},
                                         PresetPlan{"pool", kTieredOldLimits}};

inline constexpr quota::ChargeRule kGroqCharge{.tokens = quota::ChargeRule::Tokens::prompt_plus_max_tokens,
                                               .settle = quota::ChargeRule::Settle::admission,
                                               .cached_free = true};

inline constexpr std::array kAll{
    Preset{.name = "groq",
           .base_url = "https://api.groq.com/openai/v1",
           .key_variables = kGroqKeys,
           .models = kGroqModels,
           .limits = kGroqLimits,
           .plans = {},
           .headers = {},
           .charge = kGroqCharge,
           .stream_usage = {}},
    Preset{.name = "ollama",
           .base_url = "http://localhost:11434/v1",
           .key_variables = {},
           .models = {},
           .limits = {},
           .plans = {},
           .headers = {},
           .charge = {},
           .stream_usage = {}},
    Preset{.name = "openai_compatible",
           .base_url = "",
           .key_variables = {},
           .models = {},
           .limits = {},
           .plans = {},
           .headers = {},
           .charge = {},
           .stream_usage = {}},
    Preset{.name = "openrouter",
           .base_url = "https://openrouter.ai/api/v1",
           .key_variables = kRouterKeys,
           .models = kRouterModels,
           .limits = kFreeLimits,
           .plans = kRouterPlans,
           .headers = {},
           .charge = {},
           .stream_usage = {}},
    Preset{.name = "tiered",
           .base_url = "https://tiered.example/accounts/{TIERED_ACCOUNT}/v1",
           .key_variables = kTieredKeys,
           .models = kTieredModels,
           .limits = {},
           .plans = kTieredPlans,
           .headers = {},
           .charge = {},
           .stream_usage = {}},
};

}  // namespace preset_tables

inline LoadOptions test_options() {
  LoadOptions options;
  options.presets = preset_tables::kAll;
  return options;
}

inline Loaded load_snippet(std::string_view text, const Environment& environment) {
  return load_text(text, "weir.yaml", test_options(), environment);
}

inline Loaded load_snippet(std::string_view text) {
  return load_snippet(text, MapEnvironment());
}

// A provider that needs nothing from outside, so that a snippet of another section stands alone.
inline constexpr std::string_view kLocal = R"(
providers:
  local: {preset: openai_compatible, base_url: "http://127.0.0.1:11434/v1", models: {m: {}, n: {}}}
)";

// "3:5: error: ..." for each problem.
inline std::vector<std::string> lines_of(const Loaded& loaded) {
  std::vector<std::string> lines;
  for (const Problem& problem : loaded.problems) {
    const bool error = problem.severity == Problem::Severity::error;
    lines.push_back((problem.file == "weir.yaml" ? "" : problem.file + ":") + std::to_string(problem.line) +
                    ":" + std::to_string(problem.column) + (error ? ": error: " : ": warning: ") +
                    problem.message);
  }
  return lines;
}

}  // namespace weir::config
