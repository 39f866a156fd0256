#include "config/provider_reader.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "config/addresses.hpp"
#include "config/key_reader.hpp"
#include "config/limits_reader.hpp"
#include "config/model_reader.hpp"

namespace weir::config {
namespace {

using providers::Preset;
using providers::Provider;

// Which preset is meant, where the name is near none.
constexpr std::string_view kAnyOther = "openai_compatible for an address that none of them has";
constexpr Duration kLongestTimeout = std::chrono::hours(24);

std::optional<std::string> first_variable(const Environment& environment, std::string_view a,
                                          std::string_view b) {
  auto value = environment.variable(a);
  return value ? value : environment.variable(b);
}

// HTTPS_PROXY, as curl and Go have it: for https only, and never for this machine.
Result<std::string> proxy_from_environment(const providers::BaseUrl& url, const Environment& environment) {
  if (!url.tls || is_loopback(url.host)) return std::string();
  const auto proxy = first_variable(environment, "https_proxy", "HTTPS_PROXY");
  if (!proxy || proxy->empty()) return std::string();
  const auto no_proxy = first_variable(environment, "no_proxy", "NO_PROXY");
  if (no_proxy && bypasses_proxy(*no_proxy, url.host, url.port)) return std::string();
  return parse_proxy(*proxy);
}

std::vector<quota::Limit> to_limits(std::span<const providers::PresetLimit> limits) {
  std::vector<quota::Limit> out;
  for (const providers::PresetLimit& limit : limits) out.push_back(to_limit(limit));
  return out;
}

class ProviderReader {
 public:
  ProviderReader(Reading& reading, const NamedField& entry, const ProviderSurroundings& surroundings)
      : reading_(reading),
        map_(reading, entry.field, "a map, {} for the preset of that name"),
        name_place_(entry.place),
        surroundings_(surroundings) {
    provider_.name = entry.name;
  }

  void run(Providers& out) {
    const Preset& preset = read_preset();
    provider_.preset = &preset;
    read_plan(preset);
    bool required = false;
    map_.flag("required", required);
    ProviderKeys keys = read_keys(map_, preset, required);
    read_base_url(preset, keys.missing.empty());
    provider_.keys = std::move(keys.keys);
    provider_.charge = preset.charge;
    if (const auto charge = map_.take("charge")) read_charge(reading_, *charge, provider_.charge);
    known_.complete = read_models(map_, preset, plan_, provider_.models) && known_.complete;
    provider_.timeouts = surroundings_.timeouts;
    if (const auto timeouts = map_.take("timeouts")) read_timeouts(reading_, *timeouts, provider_.timeouts);
    read_proxy();
    check_secrecy();
    map_.finish();
    for (const providers::Model& model : provider_.models) known_.models.insert(model.name);
    if (!keys.missing.empty()) {
      reading_.report.warning(name_place_,
                              "provider " + in_quotes(provider_.name) + " is skipped: " + keys.missing);
      known_.usable = false;
    }
    out.known.emplace(provider_.name, known_);
    if (known_.usable) {
      out.usable.push_back(std::move(provider_));
    } else {
      for (const providers::Model& model : provider_.models)
        if (!model.family.empty()) out.skipped_families.insert(model.family);
    }
  }

 private:
  const Preset& read_preset() {
    std::string wanted = provider_.name;
    const auto field = map_.take("preset");
    if (field) {
      const auto text = read_text(reading_, *field, "a preset's name");
      if (!text) return unknown_preset();
      wanted = *text;
    }
    if (const Preset* found = find_preset(surroundings_.presets, wanted)) return *found;
    std::vector<std::string_view> names;
    for (const Preset& preset : surroundings_.presets) names.push_back(preset.name);
    const std::string near = did_you_mean(nearest(wanted, names));
    const auto or_any = [&near](std::string remedy) {
      return near.empty() ? remedy.append(kAnyOther) : near;
    };
    if (field) {
      report_error(reading_, *field, "unknown preset " + in_quotes(wanted) + or_any("; choose "));
    } else {
      reading_.report.error(name_place_, map_.path() + ": no preset is named " + in_quotes(wanted) +
                                             or_any("; name one with preset:, "));
    }
    return unknown_preset();
  }

  // Reading goes on, so that all problems are seen in one run.
  const Preset& unknown_preset() {
    static constexpr Preset kUnknown{};
    known_.complete = false;
    return kUnknown;
  }

  void read_plan(const Preset& preset) {
    provider_.limits = to_limits(preset.limits);
    if (const auto plan = map_.take("plan")) {
      const auto text = read_text(reading_, *plan, "a plan's name");
      const auto found =
          text ? std::ranges::find(preset.plans, std::string_view(*text), &providers::PresetPlan::name)
               : preset.plans.end();
      if (found != preset.plans.end()) {
        plan_ = &*found;
        provider_.plan = *text;
        provider_.limits = to_limits(found->limits);
      } else if (text && known_.complete) {
        report_unknown_plan(*plan, preset);
      }
    }
    const auto limits = map_.take("limits");
    if (limits && limits->node->kind != Node::Kind::null) provider_.limits = read_limits(reading_, *limits);
  }

  void report_unknown_plan(const Field& plan, const Preset& preset) {
    std::vector<std::string_view> names;
    for (const providers::PresetPlan& known : preset.plans) names.push_back(known.name);
    if (names.empty())
      return report_error(reading_, plan, "preset " + in_quotes(preset.name) + " has no plans; remove it");
    report_unexpected(reading_, plan, one_of(names));
  }

  // A provider that is skipped for lack of a key needs no address either.
  void read_base_url(const Preset& preset, bool has_key) {
    const auto field = map_.take("base_url");
    std::optional<std::string> text;
    if (field) {
      text = read_text(reading_, *field, "a URL");
    } else if (!preset.base_url.empty()) {
      auto filled = fill_variables(preset.base_url, reading_.environment);
      if (filled)
        text = *std::move(filled);
      else if (has_key)
        report_error(reading_, map_.field(), filled.error().message + "; set it, or give a base_url");
    } else if (known_.complete && !map_.has("base_url")) {
      reading_.report.error(name_place_, map_.path() + ": preset " + in_quotes(preset.name) +
                                             " has no address of its own; give a base_url");
    }
    if (!text) return;
    auto url = parse_base_url(*text);
    const Field where = field ? *field : map_.field();
    if (!url) return report_error(reading_, where, url.error().message);
    if (points_at(*url, surroundings_.listen))
      report_error(reading_, where,
                   "this is weir's own address, " +
                       format_address(surroundings_.listen.host, surroundings_.listen.port) +
                       "; give the provider's, or change server.listen");
    provider_.base_url = *std::move(url);
  }

  void read_proxy() {
    const auto field = map_.take("proxy");
    std::string text;
    if (field) {
      auto given = read_text(reading_, *field, "a proxy like http://host:3128");
      if (!given) return;
      text = *std::move(given);
      if (text.find('@') != std::string::npos) {
        reading_.report.mask(text);
        check_own_privacy(reading_, *field);
      }
    }
    if (text == "none") return;
    auto proxy =
        text.empty() ? proxy_from_environment(provider_.base_url, reading_.environment) : parse_proxy(text);
    if (!proxy) {
      const std::string source = text.empty() ? "HTTPS_PROXY: " : "";
      return report_error(reading_, field ? *field : map_.field(), source + proxy.error().message);
    }
    provider_.proxy = *std::move(proxy);
  }

  // A key in clear text is anyone's who shares the network.
  void check_secrecy() {
    if (provider_.base_url.tls || provider_.base_url.host.empty() || is_loopback(provider_.base_url.host))
      return;
    const bool secret =
        std::ranges::any_of(provider_.keys, [](const auto& key) { return !key.value.empty(); });
    if (secret)
      reading_.report.warning(name_place_, map_.path() + ": the key goes to " +
                                               in_quotes(provider_.base_url.host) +
                                               " unencrypted; use https");
  }

  Reading& reading_;
  MapReader map_;
  Place name_place_;
  const ProviderSurroundings& surroundings_;
  const providers::PresetPlan* plan_ = nullptr;
  Provider provider_;
  KnownProvider known_;
};

}  // namespace

Providers read_providers(Reading& reading, const Field& field, const ProviderSurroundings& surroundings) {
  Providers out;
  const auto entries = read_entries(reading, field, "a map from a provider's name to its settings");
  if (!entries) return out;
  for (const NamedField& entry : *entries) {
    if (!is_plain_name(entry.name)) {
      reading.report.error(entry.place, field.path + ": expected " + std::string(kPlainName) + ", got " +
                                            in_quotes(entry.name));
    } else if (entry.field.node->kind == Node::Kind::invalid) {
      out.known[entry.name] = {.models = {}, .usable = false, .complete = false};
    } else {
      ProviderReader(reading, entry, surroundings).run(out);
    }
  }
  return out;
}

Providers providers_from_environment(Reading& reading, const ProviderSurroundings& surroundings) {
  Providers out;
  for (const Preset& preset : surroundings.presets) {
    if (preset.key_variables.empty()) continue;
    auto key = key_from_variables(preset, reading.environment);
    if (!key) continue;
    if (!is_header_text(key->value.reveal())) {
      const std::vector<std::string_view> names(preset.key_variables.begin(), preset.key_variables.end());
      reading.report.warning({}, "preset " + in_quotes(preset.name) + " is left out: the key in " +
                                     one_of(names) +
                                     " holds a space or a character that can't stand in a header");
      continue;
    }
    const auto address = fill_variables(preset.base_url, reading.environment);
    if (!address) {
      // Not an error: nobody has named this provider, and its key may be there for something else.
      reading.report.warning({},
                             "preset " + in_quotes(preset.name) + " is left out: " + address.error().message);
      continue;
    }
    auto url = parse_base_url(*address);
    if (!url) continue;
    Provider provider;
    provider.name = preset.name;
    provider.preset = &preset;
    provider.base_url = *std::move(url);
    provider.keys.push_back(*std::move(key));
    for (const providers::PresetModel& model : preset.models)
      if (surroundings.allow_paid || model.billing == providers::Billing::free)
        provider.models.push_back(to_model(model));
    if (provider.models.empty()) {
      out.costly.push_back(preset.name);
      continue;
    }
    provider.limits = to_limits(preset.limits);
    provider.charge = preset.charge;
    provider.timeouts = surroundings.timeouts;
    auto proxy = proxy_from_environment(provider.base_url, reading.environment);
    if (!proxy) {
      reading.report.error({}, "HTTPS_PROXY: " + proxy.error().message);
      return {};
    }
    provider.proxy = *std::move(proxy);
    KnownProvider known;
    for (const providers::Model& model : provider.models) known.models.insert(model.name);
    out.known.emplace(provider.name, std::move(known));
    out.usable.push_back(std::move(provider));
  }
  return out;
}

void read_timeouts(Reading& reading, const Field& field, providers::Timeouts& timeouts) {
  constexpr Duration kShortest = std::chrono::milliseconds(1);
  MapReader map(reading, field);
  map.duration("connect", timeouts.connect, kShortest, kLongestTimeout);
  map.duration("tls", timeouts.tls, kShortest, kLongestTimeout);
  map.duration("first_byte", timeouts.first_byte, kShortest, kLongestTimeout);
  map.duration("idle", timeouts.idle, kShortest, kLongestTimeout);
  map.duration("total", timeouts.total, kShortest, kLongestTimeout);
  map.finish();
}

const Preset* find_preset(std::span<const Preset> presets, std::string_view name) {
  const auto found = std::ranges::find(presets, name, &Preset::name);
  return found == presets.end() ? nullptr : &*found;
}

}  // namespace weir::config
