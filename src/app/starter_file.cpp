#include "app/starter_file.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "weir/providers/preset.hpp"

namespace weir::app {
namespace {

using providers::Preset;

bool is_set(std::string_view variable, const config::Environment& environment) {
  const auto value = environment.variable(variable);
  return value && !value->empty();
}

// The first of its variables that is set; empty: none.
std::string_view key_variable_of(const Preset& preset, const config::Environment& environment) {
  const auto found = std::ranges::find_if(preset.key_variables,
                                          [&](std::string_view name) { return is_set(name, environment); });
  return found == preset.key_variables.end() ? std::string_view() : *found;
}

// The first {NAME} in its address that isn't set; empty: none.
std::string_view unset_in_address(const Preset& preset, const config::Environment& environment) {
  std::string_view rest = preset.base_url;
  for (auto open = rest.find('{'); open != std::string_view::npos; open = rest.find('{')) {
    rest.remove_prefix(open + 1);
    const std::string_view name = rest.substr(0, rest.find('}'));
    if (!is_set(name, environment)) return name;
  }
  return {};
}

bool can_be_offered(const Preset& preset) {
  return !preset.key_variables.empty() && !preset.base_url.empty();
}

std::string padded(std::string text) {
  constexpr std::size_t kComment = 36;
  text.resize(std::max(text.size() + 2, kComment), ' ');
  return text;
}

struct Section {
  std::string text;
  std::vector<const Preset*> found;
};

// No {} stands behind its name: what is added below would not belong to it.
Section providers_section(const config::Environment& environment) {
  Section section;
  std::string with_key;
  std::string without;
  for (const Preset& preset : providers::builtin_presets()) {
    if (!can_be_offered(preset)) continue;
    const std::string entry = std::string(preset.name) + ": {}";
    const std::string_view key = key_variable_of(preset, environment);
    const std::string_view missing =
        key.empty() ? preset.key_variables.front() : unset_in_address(preset, environment);
    if (missing.empty()) {
      section.found.push_back(&preset);
      with_key += padded("  " + entry) + "# key: " + std::string(key) + "\n";
    } else {
      without += padded("  #" + entry) + "# set " + std::string(missing) + "\n";
    }
  }
  section.text =
      "# Each is a preset: its address, its models and its limits are known (weir presets show NAME).\n"
      "# Keys are read from the environment, or from a file .env beside this one; none stands here.\n"
      "# With none named here, all whose key is set are used, with their models that cost nothing.\n"
      "providers:\n" +
      with_key + without +
      "  # A server of your own that speaks the OpenAI API:\n"
      "  #local: {preset: openai_compatible, base_url: \"http://127.0.0.1:11434/v1\", api_key: none,\n"
      "  #        models: {qwen3-8b: {id: \"qwen3:8b\"}}}\n";
  return section;
}

// Models to show how a name is made of them, of several providers where it can be.
std::vector<std::string> example_targets(std::vector<const Preset*> presets) {
  constexpr std::size_t kShown = 2;
  if (presets.empty()) presets.push_back(providers::find_preset("groq"));
  std::vector<std::string> targets;
  for (std::size_t rank = 0; rank < kShown; ++rank)
    for (const Preset* preset : presets)
      if (targets.size() < kShown && preset != nullptr && rank < preset->models.size())
        targets.push_back(std::string(preset->name) + "/" + std::string(preset->models[rank].name));
  targets.resize(kShown, "provider/model");
  return targets;
}

}  // namespace

StarterFile starter_file(const config::Environment& environment) {
  const Section providers = providers_section(environment);
  const std::vector<std::string> targets = example_targets(providers.found);
  return {.text =
              "# weir: one OpenAI-compatible endpoint in front of many rate-limited providers.\n"
              "# Clients use base_url http://127.0.0.1:8484/v1 and any key. weir check looks for mistakes,\n"
              "# weir serve runs it.\n\n"
              "server:\n"
              "  listen: 127.0.0.1:8484\n\n" +
              providers.text +
              "\n# Names that clients may ask for, beside provider/model, a model's family such as "
              "gpt-oss-120b, and\n"
              "# auto, which is every model that costs nothing.\n"
              "models:\n"
              "  #smart:\n"
              "  #  strategy: headroom           # headroom | priority | weighted | fastest\n"
              "  #  targets:\n"
              "  #    - " +
              targets.front() + "\n  #    - {target: " + targets.back() +
              ", tier: 2}   # where tier 1 has nothing to give\n\n"
              "aliases:\n"
              "  #gpt-4o: " +
              targets.front() + "\n",
          .found = providers.found.size()};
}

}  // namespace weir::app
