#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "weir/base/text.hpp"
#include "weir/providers/preset.hpp"

namespace weir::providers {
namespace {

const PresetModel* find_model(const Preset& preset, std::string_view name) {
  for (const PresetModel& model : preset.models)
    if (model.name == name) return &model;
  return nullptr;
}

std::vector<std::string> limits_of(std::span<const PresetLimit> limits) {
  std::vector<std::string> names;
  for (const PresetLimit& preset : limits) {
    quota::Limit limit;
    limit.dimension = preset.dimension;
    limit.amount = preset.amount;
    limit.period = preset.period;
    limit.window = preset.window;
    names.push_back(std::to_string(limit.amount) + " " + quota::short_name(limit) + " " +
                    std::string(quota::name(limit.window)));
  }
  return names;
}

template <class Visit>
void each_limit(Visit visit) {
  for (const Preset& preset : builtin_presets()) {
    for (const PresetLimit& limit : preset.limits) visit(preset, limit);
    for (const PresetPlan& plan : preset.plans) {
      for (const PresetLimit& limit : plan.limits) visit(preset, limit);
      for (const PresetModelLimits& model : plan.models)
        for (const PresetLimit& limit : model.limits) visit(preset, limit);
    }
    for (const PresetModel& model : preset.models)
      for (const PresetLimit& limit : model.limits) visit(preset, limit);
  }
}

const PresetPlan* find_plan(const Preset& preset, std::string_view name) {
  const auto found = std::ranges::find(preset.plans, name, &PresetPlan::name);
  return found == preset.plans.end() ? nullptr : &*found;
}

std::set<std::string> providers_of(std::string_view family) {
  std::set<std::string> providers;
  for (const Preset& preset : builtin_presets())
    for (const PresetModel& model : preset.models)
      if (model.family == family) providers.emplace(preset.name);
  return providers;
}

// Tables of these can be constant: nothing is built at start.
static_assert(std::is_trivially_destructible_v<Preset> && std::is_trivially_destructible_v<PresetModel> &&
              std::is_trivially_destructible_v<PresetLimit>);

TEST(Presets, AreFoundByName) {
  for (const char* name : {"cerebras", "cloudflare", "codestral", "cohere", "fireworks", "gemini", "groq",
                           "huggingface", "llama_cpp", "mistral", "nvidia", "ollama", "openai",
                           "openai_compatible", "openrouter", "sambanova", "together", "vercel", "vllm"}) {
    const Preset* preset = find_preset(name);
    ASSERT_NE(preset, nullptr) << name;
    EXPECT_EQ(preset->name, name);
  }
  EXPECT_EQ(find_preset("Groq"), nullptr);
  EXPECT_EQ(find_preset(""), nullptr);
}

TEST(Presets, AreSortedAndUnique) {
  EXPECT_TRUE(std::ranges::is_sorted(builtin_presets(), {}, &Preset::name));
  std::set<std::string_view> names;
  for (const Preset& preset : builtin_presets()) EXPECT_TRUE(names.insert(preset.name).second) << preset.name;
}

TEST(Presets, EveryModelHasAContextThatHoldsItsOutput) {
  for (const Preset& preset : builtin_presets())
    for (const PresetModel& model : preset.models) {
      EXPECT_GT(model.context, 0U) << preset.name << "/" << model.name;
      EXPECT_LE(model.max_output, model.context) << preset.name << "/" << model.name;
    }
}

TEST(Presets, EveryLimitHasADate) {
  each_limit([](const Preset& preset, const PresetLimit& limit) {
    EXPECT_EQ(limit.as_of.size(), std::string_view("2026-09-12").size()) << preset.name;
    EXPECT_FALSE(limit.zone.empty()) << preset.name;
  });
}

// A pool that is limited to some models by a pattern that fits none would never count.
TEST(Presets, EveryPoolFitsAModel) {
  each_limit([](const Preset& preset, const PresetLimit& limit) {
    for (const std::string_view glob : limit.models)
      EXPECT_TRUE(std::ranges::any_of(preset.models,
                                      [&](const PresetModel& model) {
                                        return matches_glob(glob, model.id.empty() ? model.name : model.id);
                                      }))
          << preset.name << " " << glob;
  });
}

TEST(Presets, EveryOneServesChat) {
  for (const Preset& preset : builtin_presets())
    EXPECT_NE(preset.endpoints & endpoints_of({Endpoint::chat_completions}), 0U) << preset.name;
}

TEST(Presets, EveryPlanIsOfModelsThatExist) {
  for (const Preset& preset : builtin_presets())
    for (const PresetPlan& plan : preset.plans) {
      EXPECT_FALSE(plan.limits.empty() && plan.models.empty()) << preset.name << " " << plan.name;
      for (const PresetModelLimits& model : plan.models)
        EXPECT_NE(find_model(preset, model.model), nullptr) << preset.name << " " << model.model;
    }
}

// The same header means a day at Groq and a minute at OpenAI: who mixes them up benches a provider for a day.
TEST(Presets, RequestHeadersAreGroqsDayAndOpenAisMinute) {
  const auto period_of = [](std::string_view name) {
    for (const HeaderRule& rule : find_preset(name)->headers)
      if (rule.header == "x-ratelimit-limit-requests") return rule.period;
    return quota::Period{};
  };
  EXPECT_EQ(period_of("groq"), quota::kDayPeriod);
  EXPECT_EQ(period_of("openai"), quota::kMinutePeriod);
}

// An unknown server's windows are unknown.
TEST(Presets, NothingIsAssumedOfACompatibleServer) {
  const Preset& preset = *find_preset("openai_compatible");
  EXPECT_TRUE(preset.headers.empty());
  EXPECT_TRUE(preset.limits.empty());
  EXPECT_TRUE(preset.base_url.empty());
  EXPECT_TRUE(preset.key_variables.empty());
  EXPECT_TRUE(preset.models.empty());
}

TEST(Presets, GroqCountsPerModelAndRefills) {
  const PresetModel* model = find_model(*find_preset("groq"), "openai/gpt-oss-120b");
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(limits_of(model->limits), (std::vector<std::string>{"30 rpm refill", "1000 rpd refill",
                                                                "8000 tpm refill", "200000 tpd refill"}));
  EXPECT_TRUE(find_preset("groq")->limits.empty());
  EXPECT_EQ(find_preset("groq")->charge.tokens, quota::ChargeRule::Tokens::prompt_plus_max_tokens);
  EXPECT_TRUE(find_preset("groq")->charge.cached_free);
}

TEST(Presets, GroqsLlamaFamilyIsRetired) {
  for (const PresetModel& model : find_preset("groq")->models)
    EXPECT_EQ(model.name.find("llama"), std::string_view::npos) << model.name;
}

TEST(Presets, OpenRoutersPoolCountsOnlyFreeModels) {
  const Preset& preset = *find_preset("openrouter");
  ASSERT_EQ(preset.plans.size(), 2U);
  EXPECT_EQ(preset.plans[0].name, "free");
  EXPECT_EQ(preset.plans[1].name, "topped_up");
  EXPECT_EQ(limits_of(preset.limits), limits_of(preset.plans[0].limits));
  EXPECT_EQ(limits_of(preset.limits), (std::vector<std::string>{"20 rpm fixed", "50 rpd calendar"}));
  EXPECT_EQ(limits_of(preset.plans[1].limits),
            (std::vector<std::string>{"20 rpm fixed", "1000 rpd calendar"}));
  for (const PresetPlan& plan : preset.plans)
    for (const PresetLimit& limit : plan.limits) {
      ASSERT_EQ(limit.models.size(), 1U);
      EXPECT_EQ(limit.models[0], "*:free");
    }
  EXPECT_TRUE(preset.charge.failures_count);
  EXPECT_EQ(preset.stream_usage, StreamUsage::always);
}

TEST(Presets, GeminisDayIsThePacificOne) {
  const PresetModel* model = find_model(*find_preset("gemini"), "gemini-3.5-flash");
  ASSERT_NE(model, nullptr);
  const auto day = std::ranges::find(model->limits, quota::kDayPeriod, &PresetLimit::period);
  ASSERT_NE(day, model->limits.end());
  EXPECT_EQ(day->window, quota::WindowKind::calendar);
  EXPECT_EQ(day->zone, "America/Los_Angeles");
  EXPECT_TRUE(std::ranges::any_of(model->limits, [](const PresetLimit& limit) {
    return limit.dimension == quota::Dimension::input_tokens && limit.amount == 250'000;
  }));
}

TEST(Presets, AFamilyIsOneNameAtSeveralProviders) {
  using Names = std::set<std::string>;
  EXPECT_EQ(providers_of("gpt-oss-120b"), (Names{"cerebras", "cloudflare", "fireworks", "groq", "huggingface",
                                                 "nvidia", "openrouter", "sambanova", "vercel"}));
  EXPECT_EQ(providers_of("llama-3.3-70b"), (Names{"cloudflare", "nvidia", "sambanova", "together"}));
  EXPECT_EQ(providers_of("gemma-4-31b"), (Names{"gemini", "nvidia", "openrouter", "sambanova", "together"}));
  EXPECT_EQ(providers_of("qwen3.8-27b"), (Names{"cerebras", "groq"}));
  EXPECT_EQ(providers_of("codestral"), (Names{"codestral", "mistral"}));
}

// What older guides say stands beside what is known now.
TEST(Presets, OlderNumbersArePlans) {
  const Preset& cerebras = *find_preset("cerebras");
  EXPECT_TRUE(cerebras.limits.empty());
  EXPECT_EQ(limits_of(find_model(cerebras, "gpt-oss-120b")->limits).front(), "5 rpm refill");
  const PresetPlan* former = find_plan(cerebras, "former_free");
  ASSERT_NE(former, nullptr);
  EXPECT_EQ(limits_of(former->limits),
            (std::vector<std::string>{"30 rpm refill", "900 rph refill", "14400 rpd refill",
                                      "60000 tpm refill", "1000000 tph refill", "1000000 tpd refill"}));
  EXPECT_TRUE(former->models.empty());

  const Preset& mistral = *find_preset("mistral");
  EXPECT_EQ(limits_of(find_model(mistral, "mistral-large-latest")->limits),
            (std::vector<std::string>{"4 rpm fixed", "250000 tpm fixed"}));
  const PresetPlan* per_second = find_plan(mistral, "per_second");
  ASSERT_NE(per_second, nullptr);
  EXPECT_EQ(per_second->models.size(), mistral.models.size());
  EXPECT_EQ(limits_of(per_second->models.front().limits),
            (std::vector<std::string>{"1 rps sliding", "500000 tpm fixed", "1000000000 tpmo calendar"}));

  const Preset& cohere = *find_preset("cohere");
  EXPECT_EQ(limits_of(cohere.limits), std::vector<std::string>{"1000 rpmo calendar"});
  for (const PresetModel& model : cohere.models)
    EXPECT_EQ(limits_of(model.limits), std::vector<std::string>{"20 rpm sliding"});
}

TEST(Presets, SayWhoTrainsOnPrompts) {
  EXPECT_EQ(find_preset("groq")->training, Training::no);
  EXPECT_EQ(find_preset("gemini")->training, Training::yes);
  EXPECT_EQ(find_preset("mistral")->training, Training::yes);
  EXPECT_EQ(find_preset("nvidia")->training, Training::unknown);
  for (const PresetModel& model : find_preset("gemini")->models) EXPECT_EQ(model.training, Training::yes);
}

// What costs money, or may once a credit is gone, is never used unasked.
TEST(Presets, CreditsAreNotFree) {
  for (const char* name : {"cerebras", "huggingface", "vercel"})
    for (const PresetModel& model : find_preset(name)->models)
      EXPECT_EQ(model.billing, Billing::trial) << name;
  for (const char* name : {"fireworks", "sambanova", "together"})
    for (const PresetModel& model : find_preset(name)->models)
      EXPECT_EQ(model.billing, Billing::paid) << name;
}

TEST(Presets, OpenAiIsNeverFree) {
  for (const PresetModel& model : find_preset("openai")->models) EXPECT_EQ(model.billing, Billing::paid);
}

}  // namespace
}  // namespace weir::providers
