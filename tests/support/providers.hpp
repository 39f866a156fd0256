#pragma once

#include <string>
#include <utility>
#include <vector>

#include "weir/providers/provider.hpp"

namespace weir::test {

// A preset that says nothing: what a provider is, the test says.
inline constexpr providers::Preset kBlankPreset{.name = "blank",
                                                .base_url = {},
                                                .key_variables = {},
                                                .models = {},
                                                .limits = {},
                                                .plans = {},
                                                .headers = {},
                                                .charge = {},
                                                .stream_usage = providers::StreamUsage::never};

inline providers::Model make_model(std::string name, std::string family = "") {
  providers::Model model;
  model.id = name;
  model.name = std::move(name);
  model.family = std::move(family);
  return model;
}

inline providers::Provider make_provider(std::string name, std::vector<providers::Model> models,
                                         std::vector<quota::Limit> limits = {}) {
  providers::Provider provider;
  provider.name = std::move(name);
  provider.preset = &kBlankPreset;
  provider.keys.push_back({.label = "main", .value = Secret(), .account = "main"});
  provider.models = std::move(models);
  provider.limits = std::move(limits);
  return provider;
}

inline quota::Limit requests_per_minute(std::uint64_t amount) {
  return {.dimension = quota::Dimension::requests, .amount = amount, .period = quota::kMinutePeriod};
}

inline quota::Limit tokens_per_minute(std::uint64_t amount) {
  return {.dimension = quota::Dimension::tokens, .amount = amount, .period = quota::kMinutePeriod};
}

}  // namespace weir::test
