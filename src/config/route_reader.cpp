#include "config/route_reader.hpp"

#include <array>
#include <cstdint>
#include <set>
#include <string_view>
#include <utility>

#include "config/model_reader.hpp"

namespace weir::config {
namespace {

using routing::Strategy;

constexpr std::string_view kAuto = "auto";
constexpr std::uint64_t kMostTiers = 100;
constexpr std::string_view kTargetExpected = "a target like groq/openai/gpt-oss-120b";

constexpr std::array kStrategies{
    Choice<Strategy>{"headroom", Strategy::headroom},
    Choice<Strategy>{"priority", Strategy::priority},
    Choice<Strategy>{"weighted", Strategy::weighted},
    Choice<Strategy>{"fastest", Strategy::fastest},
};

enum class Standing : std::uint8_t { served, left_out, wrong };

class RouteReader {
 public:
  RouteReader(Reading& reading, const Providers& providers) : reading_(reading), providers_(providers) {
    for (const providers::Provider& provider : providers.usable)
      for (const providers::Model& model : provider.models)
        if (!model.family.empty()) families_.insert(model.family);
  }

  Routes run(const std::optional<Field>& models, const std::optional<Field>& aliases) {
    if (models) read_models(*models);
    if (aliases) read_aliases(*aliases);
    return std::move(out_);
  }

 private:
  using NamedAliases = std::map<std::string, std::pair<std::string, Field>, std::less<>>;

  void read_models(const Field& field) {
    const auto entries = read_entries(reading_, field, "a map from a model's name to its targets");
    if (!entries) return;
    bool wrong = false;
    for (const NamedField& entry : *entries) {
      routes_.emplace(entry.name, Standing::wrong);
      if (!check_name(entry)) continue;
      ModelRoute route{.name = entry.name, .strategy = Strategy::headroom, .targets = {}};
      const Standing standing = read_route(entry, route);
      routes_[entry.name] = standing;
      wrong = wrong || standing == Standing::wrong;
      if (standing == Standing::served) out_.models.push_back(std::move(route));
    }
    if (!entries->empty() && out_.models.empty() && !wrong)
      report_error(reading_, field, "none of the models has a target left; set a key, or name other targets");
  }

  Standing read_route(const NamedField& entry, ModelRoute& route) {
    if (entry.field.node->kind == Node::Kind::invalid) return Standing::wrong;
    MapReader map(reading_, entry.field, "a map like {targets: [groq/openai/gpt-oss-120b]}");
    map.word<Strategy>("strategy", route.strategy, kStrategies);
    const auto targets = map.require("targets", "a list of targets like groq/openai/gpt-oss-120b");
    const auto items = targets ? read_items(reading_, *targets, "a list of targets") : std::nullopt;
    bool good = items.has_value();
    if (items && items->empty()) {
      report_unexpected(reading_, *targets, "at least one target");
      good = false;
    }
    seen_.clear();
    for (const Field& item : items.value_or(std::vector<Field>())) good = read_target(item, route) && good;
    map.finish();
    if (!good) return Standing::wrong;
    if (!route.targets.empty()) return Standing::served;
    reading_.report.warning(entry.place, entry.field.path + ": left out: none of its targets can be used");
    return Standing::left_out;
  }

  // False where something is wrong with it.
  bool read_target(const Field& field, ModelRoute& route) {
    ModelTarget target;
    std::optional<std::string> name;
    Field name_field = field;
    if (field.node->kind == Node::Kind::map) {
      MapReader map(reading_, field);
      if (const auto given = map.require("target", kTargetExpected)) {
        name_field = *given;
        name = read_text(reading_, *given, kTargetExpected);
      }
      if (const auto weight = map.take("weight")) target.weight = read_weight(reading_, *weight);
      map.count("tier", target.tier, {.least = 1, .most = kMostTiers});
      map.finish();
    } else {
      name = read_text(reading_, field, kTargetExpected);
    }
    if (!name) return false;
    const auto slash = name->find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == name->size()) {
      report_unexpected(reading_, name_field, kTargetExpected);
      return false;
    }
    target.provider = name->substr(0, slash);
    target.model = name->substr(slash + 1);
    const Standing standing = check_target(name_field, target.provider, target.model);
    if (standing == Standing::wrong) return false;
    if (!seen_.insert(*name).second) {
      report_error(reading_, name_field, in_quotes(*name) + " is a target of this model already");
      return false;
    }
    if (standing == Standing::served) {
      route.targets.push_back(std::move(target));
    } else {
      reading_.report.warning(name_field.node->place, name_field.path + ": left out: provider " +
                                                          in_quotes(target.provider) + " is skipped");
    }
    return true;
  }

  // Reports a provider or model that isn't there.
  Standing check_target(const Field& field, std::string_view provider, std::string_view model) {
    const auto known = providers_.known.find(provider);
    if (known == providers_.known.end()) {
      if (reading_.report.full()) return Standing::wrong;
      std::vector<std::string_view> names;
      for (const auto& [name, unused] : providers_.known) names.push_back(name);
      std::string remedy = did_you_mean(nearest(provider, names));
      if (remedy.empty()) remedy = "; add it under providers";
      report_error(reading_, field, "unknown provider " + in_quotes(provider) + remedy);
      return Standing::wrong;
    }
    // What is wrong with a provider was said there.
    if (!known->second.complete) return Standing::wrong;
    if (!known->second.models.contains(model)) {
      if (reading_.report.full()) return Standing::wrong;
      const std::vector<std::string_view> names(known->second.models.begin(), known->second.models.end());
      std::string remedy = did_you_mean(nearest(model, names));
      if (remedy.empty()) remedy = "; add it under providers." + std::string(provider) + ".models";
      report_error(reading_, field,
                   "provider " + in_quotes(provider) + " has no model " + in_quotes(model) + remedy);
      return Standing::wrong;
    }
    return known->second.usable ? Standing::served : Standing::left_out;
  }

  void read_aliases(const Field& field) {
    const auto entries = read_entries(reading_, field, "a map from an alias to a model's name");
    if (!entries) return;
    NamedAliases named;
    for (const NamedField& entry : *entries) {
      if (!check_name(entry)) continue;
      if (routes_.contains(entry.name)) {
        reading_.report.error(entry.place, entry.field.path + ": " + in_quotes(entry.name) +
                                               " stands under models already; name the alias otherwise");
        continue;
      }
      auto target = read_text(reading_, entry.field, "a model's name");
      if (target) named.emplace(entry.name, std::pair(std::move(*target), entry.field));
    }
    for (const auto& [alias, target] : named) resolve_alias(alias, target.second, named);
  }

  // The name that an alias leads to, over others where need be; nothing where it leads nowhere.
  static std::optional<std::string_view> end_of(std::string_view alias, const NamedAliases& named) {
    constexpr int kLongestChain = 8;
    std::string_view name = alias;
    for (int steps = 0;; ++steps) {
      const auto next = named.find(name);
      if (next == named.end()) return name;
      if (steps == kLongestChain || next->second.first == alias) return std::nullopt;
      name = next->second.first;
    }
  }

  void resolve_alias(const std::string& alias, const Field& field, const NamedAliases& named) {
    const auto end = end_of(alias, named);
    if (!end)
      return report_error(reading_, field, "this alias leads back to itself, or over more than 8 others");
    const std::string_view name = *end;
    const Standing standing = check_alias_target(field, name, named);
    if (standing == Standing::served) out_.aliases.emplace(alias, name);
    if (standing == Standing::left_out)
      reading_.report.warning(field.node->place,
                              field.path + ": left out: " + in_quotes(name) + " can't be served");
  }

  // In the order in which names are looked up when a client asks.
  Standing check_alias_target(const Field& field, std::string_view name, const NamedAliases& named) {
    if (const auto route = routes_.find(name); route != routes_.end()) return route->second;
    const auto slash = name.find('/');
    const bool is_target =
        slash != std::string_view::npos && providers_.known.contains(name.substr(0, slash));
    if (is_target) return check_target(field, name.substr(0, slash), name.substr(slash + 1));
    if (families_.contains(name) || name == kAuto) return Standing::served;
    if (providers_.skipped_families.contains(name)) return Standing::left_out;
    if (reading_.report.full()) return Standing::wrong;
    std::vector<std::string_view> names(families_.begin(), families_.end());
    for (const auto& [route, unused] : routes_) names.push_back(route);
    // Not those that lead to the name that isn't there.
    for (const auto& [alias, unused] : named)
      if (end_of(alias, named) != name) names.push_back(alias);
    report_error(reading_, field, "unknown model " + in_quotes(name) + did_you_mean(nearest(name, names)));
    return Standing::wrong;
  }

  bool check_name(const NamedField& entry) {
    if (is_model_name(entry.name)) return true;
    reading_.report.error(
        entry.place,
        entry.field.path + ": expected a name without spaces and in ASCII, got " + in_quotes(entry.name));
    return false;
  }

  Reading& reading_;
  const Providers& providers_;
  std::set<std::string, std::less<>> families_;  // that can be served
  std::map<std::string, Standing, std::less<>> routes_;
  std::set<std::string, std::less<>> seen_;  // targets of the route at hand
  Routes out_;
};

}  // namespace

Routes read_routes(Reading& reading, const std::optional<Field>& models, const std::optional<Field>& aliases,
                   const Providers& providers) {
  return RouteReader(reading, providers).run(models, aliases);
}

}  // namespace weir::config
