#include <algorithm>
#include <cstring>
#include <utility>

#include "weir/base/digest.hpp"
#include "weir/base/text.hpp"
#include "weir/routing/memory.hpp"
#include "weir/routing/route.hpp"

namespace weir::routing {

std::string_view name(Strategy strategy) noexcept {
  switch (strategy) {
    case Strategy::headroom:
      return "headroom";
    case Strategy::priority:
      return "priority";
    case Strategy::weighted:
      return "weighted";
    case Strategy::fastest:
      return "fastest";
  }
  return "";
}

std::string_view name(Sticky sticky) noexcept {
  return sticky == Sticky::off ? "off" : "conversation";
}

namespace {

// What is known of a key ends where another stands in its place: it is told by 64 bits of its digest. They
// are kept in the state directory, which only its owner reads; a provider's key is too long to be guessed by
// them.
std::string id_of(const providers::Key& key) {
  constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::size_t kBytes = 8;
  std::string id = key.label + ":";
  const Sha256 digest = sha256(key.value.reveal());
  for (std::size_t i = 0; i < kBytes; ++i) id += {kHex[digest[i] / 16U], kHex[digest[i] % 16U]};
  return id;
}

// Its id says most; an alias of the owner's may say nothing.
tokens::Family tokenizer_of(const providers::Model& model) {
  for (const std::string_view name : {model.id, model.family, model.name})
    if (const auto family = tokens::family_of(name); family != tokens::Family::unknown) return family;
  return tokens::Family::unknown;
}

// By its own id a provider counts a model: names that share one share its windows, under the limits of all.
// Of one window the ledger takes the smallest.
std::map<std::string_view, std::vector<quota::Limit>> limits_of(const providers::Provider& provider) {
  std::map<std::string_view, std::vector<quota::Limit>> limits;
  for (const providers::Model& model : provider.models) {
    std::vector<quota::Limit>& of_id = limits[model.id];
    of_id.insert(of_id.end(), model.limits.begin(), model.limits.end());
  }
  return limits;
}

std::uint64_t number_of(std::string_view text) {
  const Sha256 digest = sha256(text);
  std::uint64_t number = 0;
  std::memcpy(&number, digest.data(), sizeof number);
  return number;
}

}  // namespace

Catalogue::Catalogue(Parts parts, quota::Ledger& ledger, Memory* memory) : parts_(std::move(parts)) {
  bind_targets(ledger, memory);
  // Whoever adds a name first keeps it: a configured route may be called like a family or like "auto".
  add_configured_routes();
  add_models();
  add_families();
  add_aliases();
  list_models();
}

void Catalogue::bind_targets(quota::Ledger& ledger, Memory* memory) {
  for (const providers::Provider& provider : parts_.providers) {
    const auto limits = limits_of(provider);
    for (const providers::Key& key : provider.keys) {
      const std::string account = provider.name + "/" + key.account;
      const std::string key_id = id_of(key);
      for (const providers::Model& model : provider.models) {
        const std::string name = provider.name + "/" + model.name;
        targets_.push_back(
            {.provider = &provider,
             .model = &model,
             .key = &key,
             .pool = ledger.bind(account, model.id, provider.limits, limits.at(model.id), provider.charge)
                         .with_key(key_id),
             .speed = memory == nullptr ? nullptr : &memory->speeds.of(name),
             .counting = memory == nullptr ? nullptr : &memory->calibrations.of(name, tokenizer_of(model)),
             .off = memory == nullptr ? nullptr : &memory->switches.of(provider.name + "#" + key.label),
             .id = number_of(name + "#" + key_id)});
      }
    }
  }
}

void Catalogue::add_candidates(Route& route, const providers::Model& model, double weight,
                               std::uint32_t tier) const {
  for (const Target& target : targets_) {
    if (target.model != &model) continue;
    const auto sharing =
        std::ranges::count(target.provider->keys, target.key->account, &providers::Key::account);
    route.candidates.push_back(
        {.target = &target, .weight = weight / static_cast<double>(sharing), .tier = tier});
  }
}

void Catalogue::add_costly(Route& route, const providers::Model& model) const {
  for (const Target& target : targets_)
    if (target.model == &model) route.costly.push_back(&target);
}

// Once it has all its candidates.
void Catalogue::arrange(Route& route) {
  std::ranges::stable_sort(route.candidates, {}, &Candidate::tier);
  const Candidate* before = nullptr;
  for (Candidate& candidate : route.candidates) {
    const bool begins = before == nullptr || before->tier != candidate.tier;
    candidate.weight_so_far = candidate.weight + (begins ? 0 : before->weight_so_far);
    before = &candidate;
  }
}

Route& Catalogue::add_route(std::string name, Strategy strategy) {
  Route& route = routes_.emplace_back();
  route.name = std::move(name);
  route.strategy = strategy;
  names_.emplace(route.name, &route);
  return route;
}

void Catalogue::add_configured_routes() {
  for (const RouteSpec& spec : parts_.routes) {
    Route& route = add_route(spec.name, spec.strategy);
    for (const TargetSpec& wanted : spec.targets) {
      const auto provider = std::ranges::find(parts_.providers, wanted.provider, &providers::Provider::name);
      if (provider == parts_.providers.end()) continue;  // skipped for lack of a key: said when it was loaded
      const auto model = std::ranges::find(provider->models, wanted.model, &providers::Model::name);
      if (model == provider->models.end()) continue;
      add_candidates(route, *model, wanted.weight.value_or(model->weight), wanted.tier);
    }
    arrange(route);
    listed_.push_back({.id = spec.name, .owner = "weir", .route = &route});
  }
}

void Catalogue::add_models() {
  for (const providers::Provider& provider : parts_.providers) {
    for (const providers::Model& model : provider.models) {
      Route& route = add_route(provider.name + "/" + model.name, Strategy::headroom);
      add_candidates(route, model, model.weight, 1);
      arrange(route);
      ++model_count_;
    }
  }
}

void Catalogue::add_families() {
  const auto may_use = [&](const providers::Model& model) {
    return parts_.allow_paid || model.billing == providers::Billing::free;
  };
  std::map<std::string, std::vector<const providers::Model*>> families;
  for (const providers::Provider& provider : parts_.providers) {
    for (const providers::Model& model : provider.models) {
      families["auto"].push_back(&model);
      if (!model.family.empty()) families[model.family].push_back(&model);
    }
  }
  for (const auto& [family, models] : families) {
    if (names_.contains(family)) continue;
    Route& route = add_route(family, Strategy::headroom);
    for (const providers::Model* model : models) {
      if (may_use(*model))
        add_candidates(route, *model, model->weight, 1);
      else
        add_costly(route, *model);
    }
    arrange(route);
  }
}

void Catalogue::add_aliases() {
  // All are looked up before the first is added: what one means may be called like another.
  std::vector<std::pair<std::string, const Route*>> found;
  for (const auto& [alias, meant] : parts_.aliases) {
    const Route* const route = find(meant);
    if (route == nullptr) continue;  // its providers were skipped for lack of a key: said when it was loaded
    if (std::ranges::find(parts_.routes, alias, &RouteSpec::name) != parts_.routes.end()) continue;
    found.emplace_back(alias, route);
  }
  for (auto& [alias, route] : found) {
    names_.insert_or_assign(alias, route);
    listed_.push_back({.id = std::move(alias), .owner = "weir", .route = route});
  }
}

void Catalogue::list_models() {
  const std::size_t others = listed_.size();
  for (const providers::Provider& provider : parts_.providers) {
    for (const providers::Model& model : provider.models) {
      std::string name = provider.name + "/" + model.name;
      const Route* const route = find(name);
      // A route or an alias of that name goes before it, and is listed already.
      if (std::ranges::count(std::span(listed_).first(others), name, &Listed::id) > 0) continue;
      listed_.push_back({.id = std::move(name), .owner = provider.name, .route = route});
    }
  }
}

const Route* Catalogue::find(std::string_view asked) const {
  const auto found = names_.find(asked);
  return found == names_.end() ? nullptr : found->second;
}

std::vector<std::string> Catalogue::similar(std::string_view asked) const {
  constexpr std::size_t kMost = 3;
  std::vector<std::pair<std::size_t, std::string_view>> near;
  for (const auto& [name, route] : names_) {
    // People leave out the provider, or the vendor in a model's id.
    const bool ends_alike =
        name.size() > asked.size() && name.ends_with(asked) && name[name.size() - asked.size() - 1] == '/';
    const std::size_t distance = ends_alike ? 0 : edit_distance(asked, name);
    if (distance <= std::max<std::size_t>(2, asked.size() / 3)) near.emplace_back(distance, name);
  }
  std::ranges::sort(near);
  std::vector<std::string> names;
  for (const auto& [distance, name] : near) {
    if (names.size() == kMost) break;
    names.emplace_back(name);
  }
  return names;
}

}  // namespace weir::routing
