#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "weir/providers/dialect.hpp"
#include "weir/providers/signal_tables.hpp"
#include "weir/quota/limit.hpp"

// What weir knows of a provider, as constant tables: config/presets/*.yaml, checked and compiled at build.
// The facts, their sources and their dates stand in those files. Views everywhere, so that the tables need no
// code at start.
namespace weir::providers {

enum class Billing : std::uint8_t { free, trial, paid };
enum class Capability : std::uint8_t { tools = 1, images = 2, json_schema = 4, reasoning = 8 };
using Capabilities = std::uint8_t;  // Capability values or-ed

// What lies below the base URL: "chat/completions", "fim/completions", "audio/speech".
enum class Endpoint : std::uint8_t {
  chat_completions,
  completions,
  fim_completions,
  responses,
  messages,
  embeddings,
  rerank,
  moderations,
  images_generations,
  audio_transcriptions,
  audio_translations,
  audio_speech,
  batches,
  files,
  models,
};
using Endpoints = std::uint32_t;  // a bit each
[[nodiscard]] constexpr Endpoints endpoints_of(std::initializer_list<Endpoint> list) noexcept {
  Endpoints bits = 0;
  for (const Endpoint endpoint : list) bits |= Endpoints{1} << static_cast<unsigned>(endpoint);
  return bits;
}

// Whether prompts are trained on: yes where the provider says that it does or may.
enum class Training : std::uint8_t { unknown, no, yes };

// How a stream's usage is had: by stream_options.include_usage, without asking, or not at all.
enum class StreamUsage : std::uint8_t { ask, always, never };

// quota::Limit without the parts that allocate.
struct PresetLimit {
  quota::Dimension dimension;
  std::uint64_t amount;
  quota::Period period;
  quota::WindowKind window;
  std::string_view zone;
  std::span<const std::string_view> models;
  std::string_view as_of;
};

struct PresetModel {
  std::string_view name;  // as in provider/name; upstream id where `id` is empty
  std::string_view id;
  std::string_view family;  // shared between providers, or empty
  std::uint64_t context;    // tokens
  std::uint64_t max_output;
  Capabilities capabilities;
  Billing billing;
  std::span<const PresetLimit> limits;    // where there is a default plan, those of it
  Training training = Training::unknown;  // the provider's, where nothing else is known of the model
};

struct PresetModelLimits {
  std::string_view model;  // PresetModel::name
  std::span<const PresetLimit> limits;
};

// All limits of the accounts that have it.
struct PresetPlan {
  std::string_view name;
  std::span<const PresetLimit> limits;             // of the account
  std::span<const PresetModelLimits> models = {};  // the other models have none of their own
};

struct Preset {
  std::string_view name;
  std::string_view base_url;  // empty: the user must give one; {NAME} is a variable of the environment
  std::span<const std::string_view> key_variables;  // first set one wins; empty: no key needed
  std::span<const PresetModel> models;
  std::span<const PresetLimit> limits;  // of the account; where there is a default plan, those of it
  std::span<const PresetPlan> plans;    // what `plan:` may choose, the default one too
  std::span<const HeaderRule> headers;
  quota::ChargeRule charge;
  StreamUsage stream_usage;
  Endpoints endpoints = 0;
  Training training = Training::unknown;
  const Signals* signals = nullptr;  // nothing: no more than its headers
  Dialect dialect = {};              // how its requests differ from OpenAI's
};

// All presets, by name. Constant data: no initialisation at start.
[[nodiscard]] std::span<const Preset> builtin_presets() noexcept;
[[nodiscard]] const Preset* find_preset(std::string_view name) noexcept;
// How the answers of a provider with this preset are read.
[[nodiscard]] Signals signals_of(const Preset& preset) noexcept;

}  // namespace weir::providers
