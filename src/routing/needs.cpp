#include "weir/routing/needs.hpp"

#include <algorithm>
#include <limits>

#include "weir/routing/planner.hpp"

namespace weir::routing {
namespace {

using providers::Capabilities;
using providers::Capability;

bool has(Capabilities set, Capability capability) noexcept {
  return (set & static_cast<Capabilities>(capability)) != 0;
}

Unfit lacking(Capabilities missing) noexcept {
  if (has(missing, Capability::tools)) return Unfit::tools;
  if (has(missing, Capability::images)) return Unfit::images;
  return has(missing, Capability::json_schema) ? Unfit::json_schema : Unfit::none;
}

}  // namespace

Unfit unfit(const Target& target, const Ask& ask) noexcept {
  const Needs& needs = ask.needs;
  const providers::Model& model = *target.model;
  if (target.is_off()) return Unfit::switched_off;
  if (needs.provider != nullptr && needs.provider != target.provider) return Unfit::other_provider;
  if (needs.no_training && model.training == providers::Training::yes) return Unfit::training;
  if (model.capabilities_known) {
    const auto missing = static_cast<Capabilities>(needs.capabilities & ~model.capabilities);
    if (const Unfit reason = lacking(missing); reason != Unfit::none) return reason;
  }
  return model.context > 0 && tokens_needed(target, ask) > model.context ? Unfit::context : Unfit::none;
}

std::string words_of(Unfit reason, const Target& target, const Ask& ask) {
  switch (reason) {
    case Unfit::none:
      break;
    case Unfit::costs:
      return target.model->billing == providers::Billing::trial ? "trial" : "paid";
    case Unfit::switched_off:
      return "disabled";
    case Unfit::other_provider:
      return "not " + (ask.needs.provider == nullptr ? std::string("asked for") : ask.needs.provider->name);
    case Unfit::training:
      return "trains on prompts";
    case Unfit::tools:
      return "no tools";
    case Unfit::images:
      return "no images";
    case Unfit::json_schema:
      return "no json_schema";
    case Unfit::context:
      return "context " + std::to_string(target.model->context) + " < " +
             std::to_string(tokens_needed(target, ask));
  }
  return "";
}

std::uint64_t tokens_needed(const Target& target, const Ask& ask) noexcept {
  const std::uint64_t most = target.model->max_output;
  const std::uint64_t usual = output_tokens(target, ask);
  const std::uint64_t expected = most > 0 ? std::min(usual, most) : usual;
  const auto fitted = ask.max_tokens ? fit_to_model(target, ask).max_tokens : std::nullopt;
  const std::uint64_t output = fitted ? *fitted : ask.max_tokens.value_or(expected);
  constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t prompt = prompt_tokens(target, ask);
  return output > kAll - prompt ? kAll : prompt + output;
}

}  // namespace weir::routing
