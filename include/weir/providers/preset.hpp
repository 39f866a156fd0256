#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "weir/quota/limit.hpp"

// What weir knows of a provider, as constant tables: config/presets/*.yaml, checked and compiled at build.
// The facts, their sources and their dates stand in those files. Views everywhere, so that the tables need no
// code at start.
namespace weir::providers {

enum class Billing : std::uint8_t { free, trial, paid };
enum class Capability : std::uint8_t { tools = 1, images = 2, json_schema = 4, reasoning = 8 };
using Capabilities = std::uint8_t;  // Capability values or-ed

// How a header's value is written (facts of each provider; an OpenAI reset is a Go duration, OpenRouter's an
// epoch in milliseconds).
enum class ValueFormat : std::uint8_t { count, seconds, go_duration, unix_s, unix_ms, rfc3339 };
enum class HeaderField : std::uint8_t { limit, remaining, reset };

// One quota header: which window it speaks of. The same name means a minute at one provider and a day at
// another.
struct HeaderRule {
  std::string_view header;  // lower case
  quota::Dimension dimension;
  quota::Period period;
  HeaderField field;
  ValueFormat format;
};

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
  std::span<const PresetLimit> limits;
};

struct PresetPlan {
  std::string_view name;
  std::span<const PresetLimit> limits;
};

struct Preset {
  std::string_view name;
  std::string_view base_url;                        // empty: the user must give one
  std::span<const std::string_view> key_variables;  // first set one wins; empty: no key needed
  std::span<const PresetModel> models;
  std::span<const PresetLimit> limits;  // of the account; where there are plans, those of the default one
  std::span<const PresetPlan> plans;    // by name, the default one too
  std::span<const HeaderRule> headers;
  quota::ChargeRule charge;
  StreamUsage stream_usage;
};

// All presets, by name. Constant data: no initialisation at start.
[[nodiscard]] std::span<const Preset> builtin_presets() noexcept;
[[nodiscard]] const Preset* find_preset(std::string_view name) noexcept;

}  // namespace weir::providers
