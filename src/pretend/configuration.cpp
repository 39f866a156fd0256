#include <string>
#include <string_view>

#include "pretend/manner.hpp"
#include "weir/pretend/pretend.hpp"

// What a weir.yaml says of pretend providers.
namespace weir::pretend {
namespace {

// {rpm: {limit: 10, window: fixed}, concurrency: 2}.
std::string short_limits(const ProviderSpec& spec, KnownLimit::Of of) {
  std::string out;
  const auto add = [&](std::string_view key, const std::string& value) {
    out += (out.empty() ? "" : ", ") + std::string(key) + ": " + value;
  };
  for (const KnownLimit& known : parts_of(spec.manner).known_limits)
    if (const std::uint64_t limit = spec.limits.*known.amount; limit != 0 && known.of == of)
      add(known.key, "{limit: " + std::to_string(limit) + ", window: " + std::string(known.window) + "}");
  if (spec.manner == Manner::plain && of == KnownLimit::Of::account && spec.limits.concurrency != 0)
    add("concurrency", std::to_string(spec.limits.concurrency));
  return "{" + out + "}";
}

std::string pool_limits(const Limits& limits) {
  std::string out;
  const auto add = [&](std::uint64_t limit, const std::string& window) {
    if (limit == 0) return;
    out += "        - {requests: " + std::to_string(limit) + ", " + window + ", models: [\"*:free\"]}\n";
  };
  add(limits.requests_per_minute, "per: minute, window: fixed");
  add(limits.requests_per_day, "per: day, window: fixed");
  return out.empty() ? "    limits: {}\n" : "    limits:\n      other:\n" + out;
}

// All is said, so that nothing of a preset's model of that name is left; and they take whatever is asked.
std::string models_of(const ProviderSpec& spec) {
  std::string out = "    models:\n";
  for (const std::string& id : spec.models)
    out += "      \"" + id + "\": {context: " + std::to_string(spec.context) +
           ", billing: free, capabilities: [tools, images, json_schema, reasoning], limits: " +
           short_limits(spec, KnownLimit::Of::model) + "}\n";
  return out;
}

std::string provider_yaml(const ProviderSpec& spec, const std::string& base_url) {
  std::string out = "  " + spec.name + ":\n    preset: " + std::string(parts_of(spec.manner).preset) +
                    "\n    base_url: " + base_url +
                    "\n    api_key: " + (spec.api_key.empty() ? "none" : spec.api_key) + "\n";
  if (spec.manner == Manner::openrouter) return out + pool_limits(spec.limits) + models_of(spec);
  out += "    limits: " + short_limits(spec, KnownLimit::Of::account) + "\n";
  if (spec.manner == Manner::groq)
    out += "    charge: {tokens: prompt+max_tokens, default_max_tokens: " +
           std::to_string(spec.default_max_tokens) + ", settle: usage}\n";
  return out + models_of(spec);
}

}  // namespace

std::string PretendProviders::weir_yaml() const {
  std::string yaml = "providers:\n";
  std::string targets;
  for (std::size_t i = 0; i < size(); ++i) {
    yaml += provider_yaml(spec(i), base_url(i));
    if (!spec(i).models.empty())
      targets += "      - \"" + spec(i).name + "/" + spec(i).models.front() + "\"\n";
  }
  // "smart" goes where most is left; "in-order" shows how one runs dry and the next takes over.
  yaml += "models:\n  smart:\n    targets:\n" + targets;
  yaml += "  in-order:\n    strategy: priority\n    targets:\n" + targets;
  return yaml + "aliases: {gpt-4o: smart}\n";
}

}  // namespace weir::pretend
