#include "config/model_reader.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "config/limits_reader.hpp"

namespace weir::config {
namespace {

using providers::Billing;
using providers::Capabilities;
using providers::Capability;
using providers::Model;

constexpr std::array kCapabilities{
    Choice<Capability>{"tools", Capability::tools},
    Choice<Capability>{"images", Capability::images},
    Choice<Capability>{"json_schema", Capability::json_schema},
    Choice<Capability>{"reasoning", Capability::reasoning},
};

constexpr std::array kBillings{
    Choice<Billing>{"free", Billing::free},
    Choice<Billing>{"trial", Billing::trial},
    Choice<Billing>{"paid", Billing::paid},
};

// What a model costs that only the user knows of: never less than the dearest that the preset names, since
// nothing is spent by guess.
Billing assumed_billing(const providers::Preset& preset) {
  const auto dearest = std::ranges::max_element(preset.models, {}, &providers::PresetModel::billing);
  return dearest == preset.models.end() ? Billing::free : dearest->billing;
}

std::span<const providers::PresetLimit> limits_under(const providers::PresetPlan* plan,
                                                     const providers::PresetModel& model) {
  if (plan == nullptr) return model.limits;
  const auto own = std::ranges::find(plan->models, model.name, &providers::PresetModelLimits::model);
  return own == plan->models.end() ? std::span<const providers::PresetLimit>() : own->limits;
}

void read_capabilities(Reading& reading, const Field& field, Model& model) {
  const auto items = read_items(reading, field);
  if (!items) return;
  Capabilities capabilities = 0;
  for (const Field& item : *items)
    if (const auto capability = read_word<Capability>(reading, item, kCapabilities))
      capabilities = static_cast<Capabilities>(capabilities | static_cast<Capabilities>(*capability));
  model.capabilities = capabilities;
  model.capabilities_known = true;
}

void read_model(Reading& reading, const Field& field, Model& model) {
  MapReader map(reading, field, "a map, {} for a model without more to say");
  if (const auto id = map.take("id")) {
    auto text = read_text(reading, *id, "what the provider calls the model");
    if (text && text->empty()) report_unexpected(reading, *id, "what the provider calls the model");
    if (text && !text->empty()) model.id = *std::move(text);
  }
  map.count("context", model.context);
  map.count("max_output", model.max_output);
  if (const auto capabilities = map.take("capabilities")) read_capabilities(reading, *capabilities, model);
  map.word<Billing>("billing", model.billing, kBillings);
  if (const auto weight = map.take("weight"))
    if (const auto value = read_weight(reading, *weight)) model.weight = *value;
  if (const auto limits = map.take("limits"); limits && limits->node->kind != Node::Kind::null)
    model.limits = read_limits(reading, *limits);
  map.finish();
}

}  // namespace

bool read_models(MapReader& provider, const providers::Preset& preset, const providers::PresetPlan* plan,
                 std::vector<Model>& models) {
  Reading& reading = provider.reading();
  std::map<std::string, std::size_t, std::less<>> places;
  for (const providers::PresetModel& model : preset.models) {
    places.emplace(model.name, models.size());
    models.push_back(to_model(model, plan));
  }
  const auto field = provider.take("models");
  if (!field) {
    if (!models.empty() || preset.name.empty()) return !models.empty();
    if (!provider.has("models"))
      report_error(reading, provider.field(),
                   "preset " + in_quotes(preset.name) + " knows no models; list them, as models: {NAME: {}}");
    return false;
  }
  const auto entries = read_entries(reading, *field, "a map from a model's name to its settings");
  if (!entries) return false;
  bool complete = true;
  for (const NamedField& entry : *entries) {
    if (!is_model_name(entry.name)) {
      reading.report.error(entry.place, field->path + ": expected a name without spaces and in ASCII, got " +
                                            in_quotes(entry.name));
      complete = false;
      continue;
    }
    const auto [known, fresh] = places.emplace(entry.name, models.size());
    if (fresh) {
      Model& model = models.emplace_back();
      model.name = entry.name;
      model.id = entry.name;
      model.billing = assumed_billing(preset);
      model.training = preset.training;
    }
    if (entry.field.node->kind != Node::Kind::invalid)
      read_model(reading, entry.field, models[known->second]);
  }
  if (complete && models.empty() && !preset.name.empty()) {
    report_error(reading, *field, "expected at least one model");
    complete = false;
  }
  return complete && !preset.name.empty();
}

Model to_model(const providers::PresetModel& model, const providers::PresetPlan* plan) {
  Model out{.name = std::string(model.name),
            .id = std::string(model.id.empty() ? model.name : model.id),
            .family = std::string(model.family),
            .context = model.context,
            .max_output = model.max_output,
            .capabilities = model.capabilities,
            .capabilities_known = true,
            .billing = model.billing,
            .training = model.training,
            .weight = 1,
            .limits = {}};
  for (const providers::PresetLimit& limit : limits_under(plan, model)) out.limits.push_back(to_limit(limit));
  return out;
}

quota::Limit to_limit(const providers::PresetLimit& limit) {
  return {.dimension = limit.dimension,
          .amount = limit.amount,
          .period = limit.period,
          .window = limit.window,
          .zone = limit.zone.empty() ? "UTC" : std::string(limit.zone),
          .expires = std::nullopt,
          .models = {limit.models.begin(), limit.models.end()},
          .source = quota::Source::preset,
          .as_of = std::string(limit.as_of)};
}

bool is_model_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= 256 &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7F; });
}

std::string_view word_of(Billing billing) noexcept {
  return std::ranges::find(kBillings, billing, &Choice<Billing>::value)->word;
}

std::vector<std::string_view> words_of(Capabilities capabilities) {
  std::vector<std::string_view> words;
  for (const Choice<Capability>& choice : kCapabilities)
    if ((capabilities & static_cast<Capabilities>(choice.value)) != 0) words.push_back(choice.word);
  return words;
}

}  // namespace weir::config
