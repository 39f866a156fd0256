#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/reader.hpp"
#include "weir/config/config.hpp"
#include "weir/providers/provider.hpp"

namespace weir::config {

// A provider that the file names, usable or not: what targets and aliases may point at.
struct KnownProvider {
  std::set<std::string, std::less<>> models;
  bool usable = true;    // false: skipped for lack of a key
  bool complete = true;  // false: something in it is wrong, so that its models aren't all known
};

struct Providers {
  std::vector<providers::Provider> usable;
  std::map<std::string, KnownProvider, std::less<>> known;
  std::set<std::string, std::less<>> skipped_families;  // of providers that aren't usable
  std::vector<std::string_view> costly;                 // presets with a key, whose models all cost
};

// What a provider is read against.
struct ProviderSurroundings {
  std::span<const providers::Preset> presets;
  ListenAddress listen;          // a base_url must not lead here
  providers::Timeouts timeouts;  // where the provider names none
  bool allow_paid = false;       // providers that nobody names bring what costs, too
};

// The map under `providers:`, in the order written. A provider whose key is unset is skipped with a warning.
[[nodiscard]] Providers read_providers(Reading& reading, const Field& field,
                                       const ProviderSurroundings& surroundings);

// Every preset whose key variable is set, with the models that cost nothing.
[[nodiscard]] Providers providers_from_environment(Reading& reading,
                                                   const ProviderSurroundings& surroundings);

void read_timeouts(Reading& reading, const Field& field, providers::Timeouts& timeouts);

[[nodiscard]] const providers::Preset* find_preset(std::span<const providers::Preset> presets,
                                                   std::string_view name);

}  // namespace weir::config
