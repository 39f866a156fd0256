#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "app/commands.hpp"
#include "weir/base/units.hpp"
#include "weir/config/config.hpp"
#include "weir/config/environment.hpp"
#include "weir/config/problem.hpp"
#include "weir/providers/preset.hpp"

namespace weir::app {
namespace {

using providers::Preset;

std::string list_of(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) text += (text.empty() ? "" : ", ") + std::string(word);
  return text;
}

bool has_key(const Preset& preset, const config::Environment& environment) {
  return std::ranges::any_of(preset.key_variables, [&](std::string_view name) {
    const auto value = environment.variable(name);
    return value && !value->empty();
  });
}

// A preset's limit, so that its name can be told.
std::string name_of(const providers::PresetLimit& limit) {
  quota::Limit full;
  full.dimension = limit.dimension;
  full.period = limit.period;
  full.window = limit.window;
  return quota::short_name(full);
}

std::string limits_of(std::span<const providers::PresetLimit> limits) {
  std::string text;
  for (const providers::PresetLimit& limit : limits) {
    text += (text.empty() ? "" : ", ") + name_of(limit) + " ";
    text += limit.amount == quota::kUnknownAmount ? "unknown" : std::to_string(limit.amount);
    text += " (" + std::string(quota::name(limit.window));
    if (limit.window == quota::WindowKind::calendar) text += ", " + std::string(limit.zone);
    if (!limit.models.empty()) text += ", " + list_of(limit.models);
    if (!limit.as_of.empty()) text += ", as of " + std::string(limit.as_of);
    text += ")";
  }
  return text.empty() ? "none known" : text;
}

std::string_view word_of(providers::Billing billing) {
  switch (billing) {
    case providers::Billing::free:
      return "free";
    case providers::Billing::trial:
      return "trial";
    case providers::Billing::paid:
      break;
  }
  return "paid";
}

void show(const Preset& preset, const config::Environment& environment) {
  std::printf("%s\n  base_url: %s\n  key:      %s%s\n", std::string(preset.name).c_str(),
              preset.base_url.empty() ? "to be given" : std::string(preset.base_url).c_str(),
              preset.key_variables.empty() ? "none needed" : list_of(preset.key_variables).c_str(),
              preset.key_variables.empty()   ? ""
              : has_key(preset, environment) ? " (set)"
                                             : " (not set)");
  std::printf("  limits:   %s\n", limits_of(preset.limits).c_str());
  for (const providers::PresetPlan& plan : preset.plans)
    std::printf("  plan %s: %s\n", std::string(plan.name).c_str(), limits_of(plan.limits).c_str());
  for (const providers::PresetModel& model : preset.models) {
    std::printf("  %s: %s", std::string(model.name).c_str(), std::string(word_of(model.billing)).c_str());
    if (model.context > 0) std::printf(", context %llu", static_cast<unsigned long long>(model.context));
    if (!model.limits.empty()) std::printf(", %s", limits_of(model.limits).c_str());
    std::printf("\n");
  }
}

// What is wrong with the env file is no reason to show nothing.
std::unique_ptr<config::Environment> variables_of(const config::LoadOptions& load,
                                                  const config::Environment& real) {
  std::vector<config::Problem> problems;
  auto environment = config::environment_of(load, real, problems);
  std::fputs(config::format_problems(problems).c_str(), stderr);
  return environment;
}

}  // namespace

int list_presets(const config::LoadOptions& load) {
  const config::SystemEnvironment real;
  const auto environment = variables_of(load, real);
  std::size_t width = 0;
  for (const Preset& preset : providers::builtin_presets()) width = std::max(width, preset.name.size());
  for (const Preset& preset : providers::builtin_presets()) {
    const auto free =
        std::ranges::count(preset.models, providers::Billing::free, &providers::PresetModel::billing);
    std::printf("%-*s  %2zu models, %2td free  %s%s\n", static_cast<int>(width),
                std::string(preset.name).c_str(), preset.models.size(), free,
                preset.key_variables.empty() ? "needs no key" : list_of(preset.key_variables).c_str(),
                has_key(preset, *environment) ? " (set)" : "");
  }
  return kFine;
}

int show_preset(const std::string& name, const config::LoadOptions& load) {
  const Preset* const preset = providers::find_preset(name);
  if (preset != nullptr) {
    const config::SystemEnvironment real;
    show(*preset, *variables_of(load, real));
    return kFine;
  }
  std::fprintf(stderr, "error: there is no preset \"%s\"; weir presets list shows all\n", name.c_str());
  return kUsage;
}

}  // namespace weir::app
