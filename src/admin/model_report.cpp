#include "admin/model_report.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "admin/counting_report.hpp"
#include "admin/json_words.hpp"
#include "weir/base/units.hpp"

namespace weir::admin {
namespace {

using nlohmann::ordered_json;
using providers::Capability;

constexpr std::array<std::pair<Capability, std::string_view>, 4> kCapabilities{
    {{Capability::tools, "tools"},
     {Capability::images, "images"},
     {Capability::json_schema, "json_schema"},
     {Capability::reasoning, "reasoning"}}};

void put_reason(ordered_json& json, const routing::Skip& skip, Instant now) {
  json["why"] = word_or_null(skip.reason);
  put_moment(json, "until", skip.available_at, now);
  json["remedy"] = word_or_null(skip.remedy);
}

void put_no_reason(ordered_json& json, Instant now) {
  json["why"] = nullptr;
  put_moment(json, "until", std::nullopt, now);
  json["remedy"] = nullptr;
}

bool is_callable(const routing::Candidacy& one, Instant now) {
  return one.skip.unfit == routing::Unfit::none && one.skip.available_at <= now.boot;
}

ordered_json target_json(const routing::Candidacy& one, Instant now) {
  ordered_json json;
  json["target"] = one.target->name();
  json["key"] = one.target->key->label;
  json["tier"] = one.tier;
  json["callable"] = is_callable(one, now);
  if (is_callable(one, now))
    put_no_reason(json, now);
  else
    put_reason(json, one.skip, now);
  json["counting"] = counting_json(counting_of(*one.target));
  return json;
}

// Null where nobody has said.
ordered_json capabilities_json(const routing::Route& route) {
  const auto is_known = [](const routing::Candidate& candidate) {
    return candidate.target->model->capabilities_known;
  };
  if (std::ranges::none_of(route.candidates, is_known)) return nullptr;
  unsigned all = 0;
  for (const routing::Candidate& candidate : route.candidates) all |= candidate.target->model->capabilities;
  ordered_json names = ordered_json::array();
  for (const auto& [capability, name] : kCapabilities)
    if ((all & static_cast<unsigned>(capability)) != 0) names.push_back(name);
  return names;
}

ordered_json context_json(const routing::Route& route) {
  std::uint64_t context = 0;
  for (const routing::Candidate& candidate : route.candidates)
    context = std::max(context, candidate.target->model->context);
  return context == 0 ? ordered_json(nullptr) : ordered_json(context);
}

ordered_json model_json(const routing::Catalogue::Listed& listed, const routing::Ask& ask, Instant now) {
  const auto targets = routing::dry_run(*listed.route, ask, now);
  const auto is_ready = [now](const routing::Candidacy& one) { return is_callable(one, now); };
  const auto first = std::ranges::min_element(
      targets, {}, [](const routing::Candidacy& one) { return one.skip.available_at; });
  const bool ready = std::ranges::any_of(targets, is_ready);
  const bool returns = first != targets.end() && first->skip.available_at != BootTime::max();
  ordered_json json;
  json["id"] = listed.id;
  json["owner"] = listed.owner;
  json["callable"] = ready;
  json["state"] = ready ? "ready" : returns ? "limited" : "unavailable";
  if (ready || first == targets.end())
    put_no_reason(json, now);
  else
    put_reason(json, first->skip, now);
  json["context"] = context_json(*listed.route);
  json["capabilities"] = capabilities_json(*listed.route);
  json["targets"] = ordered_json::array();
  for (const routing::Candidacy& one : targets) json["targets"].push_back(target_json(one, now));
  return json;
}

}  // namespace

std::string model_report(const routing::Catalogue& catalogue, const routing::RoutingConfig& routing,
                         Instant now) {
  const routing::Ask ask{.needs = {.no_training = routing.no_training}};
  ordered_json json;
  json["as_of"] = format_utc(now.wall);
  json["models"] = ordered_json::array();
  for (const auto& listed : catalogue.listed()) json["models"].push_back(model_json(listed, ask, now));
  return text_of(json);
}

}  // namespace weir::admin
