#include <string>
#include <string_view>
#include <vector>

#include "weir/pretend/pretend.hpp"

// The pretend providers of `weir demo`, and what a weir.yaml says of them.
namespace weir::pretend {
namespace {

std::string preset_of(Manner manner) {
  switch (manner) {
    case Manner::groq:
      return "groq";
    case Manner::openrouter:
      return "openrouter";
    case Manner::plain:
      break;
  }
  return "openai_compatible";
}

// {rpm: {limit: 10, window: fixed}, concurrency: 2}.
std::string short_limits(const ProviderSpec& spec) {
  const std::string window = spec.manner == Manner::groq ? "refill" : "fixed";
  std::string out = "{";
  const auto add = [&](std::string_view name, std::uint64_t limit) {
    if (limit == 0) return;
    if (out.back() != '{') out += ", ";
    out += std::string(name) + ": {limit: " + std::to_string(limit) + ", window: " + window + "}";
  };
  add("rpm", spec.limits.requests_per_minute);
  add("rpd", spec.limits.requests_per_day);
  add("tpm", spec.limits.tokens_per_minute);
  add("tpd", spec.limits.tokens_per_day);
  if (spec.limits.concurrency != 0)
    out += (out.back() == '{' ? "" : ", ") + ("concurrency: " + std::to_string(spec.limits.concurrency));
  return out + "}";
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

std::string models_of(const ProviderSpec& spec) {
  std::string out = "    models:\n";
  for (const std::string& id : spec.models) {
    out += "      \"" + id + "\": {context: " + std::to_string(spec.context) + ", billing: free";
    if (spec.manner == Manner::groq) out += ", limits: " + short_limits(spec);
    out += "}\n";
  }
  return out;
}

std::string provider_yaml(const ProviderSpec& spec, const std::string& base_url) {
  std::string out = "  " + spec.name + ":\n    preset: " + preset_of(spec.manner) +
                    "\n    base_url: " + base_url +
                    "\n    api_key: " + (spec.api_key.empty() ? "none" : spec.api_key) + "\n";
  switch (spec.manner) {
    case Manner::groq:
      out += "    limits: {}\n    charge: {tokens: prompt+max_tokens, default_max_tokens: " +
             std::to_string(spec.default_max_tokens) + ", settle: usage}\n";
      break;
    case Manner::openrouter:
      out += pool_limits(spec.limits);
      break;
    case Manner::plain:
      out += "    limits: " + short_limits(spec) + "\n";
      break;
  }
  return out + models_of(spec);
}

}  // namespace

std::vector<ProviderSpec> demo_specs() {
  ProviderSpec groq;
  groq.name = "groq";
  groq.manner = Manner::groq;
  groq.models = {"openai/gpt-oss-120b", "openai/gpt-oss-20b", "qwen/qwen3.8-27b"};
  groq.limits = {.requests_per_minute = 6,
                 .requests_per_day = 200,
                 .tokens_per_minute = 6000,
                 .tokens_per_day = 100'000};
  groq.api_key = "pretend-groq-key";
  ProviderSpec openrouter;
  openrouter.name = "openrouter";
  openrouter.manner = Manner::openrouter;
  openrouter.models = {"openai/gpt-oss-120b:free", "openai/gpt-oss-20b:free", "google/gemma-4-31b-it:free",
                       "google/gemma-4-26b-a4b-it:free", "cohere/north-mini-code:free"};
  openrouter.limits = {.requests_per_minute = 8, .requests_per_day = 50};
  openrouter.api_key = "pretend-openrouter-key";
  ProviderSpec plain;
  plain.name = "plain";
  plain.models = {"chatty-1"};
  plain.limits = {.requests_per_minute = 10, .tokens_per_minute = 4000, .concurrency = 2};
  plain.api_key = "pretend-plain-key";
  return {groq, openrouter, plain};
}

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
