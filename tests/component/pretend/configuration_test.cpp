// The weir.yaml of the demo is one that weir takes, and promises nothing that the pretend providers refuse.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>

#include "component/pretend/pretend_fixture.hpp"
#include "weir/config/config.hpp"

namespace weir::test {
namespace {

class EmptyEnvironment final : public config::Environment {
 public:
  std::optional<std::string> variable(std::string_view /*name*/) const override { return std::nullopt; }
  std::optional<std::string> read_file(const std::filesystem::path& /*path*/) const override {
    return std::nullopt;
  }
};

config::Loaded load(const pretend::PretendProviders& providers) {
  return config::load_text(providers.weir_yaml(), "demo", {}, EmptyEnvironment());
}

std::uint64_t amount_of(const std::vector<quota::Limit>& limits, quota::Dimension dimension,
                        quota::Period period) {
  for (const quota::Limit& limit : limits)
    if (limit.dimension == dimension && limit.period == period) return limit.amount;
  return 0;
}

TEST(DemoConfiguration, IsOneThatWeirTakes) {
  RunningPretend pretend(pretend::demo_specs());
  const config::Loaded loaded = load(pretend.providers());
  EXPECT_TRUE(loaded.problems.empty()) << config::format_problems(loaded.problems);
  EXPECT_EQ(loaded.config.providers.size(), 3U);
  EXPECT_TRUE(
      std::ranges::any_of(loaded.config.models, [](const auto& route) { return route.name == "smart"; }));
}

// A preset that gains a model must not lead the demo to one that answers 404.
TEST(DemoConfiguration, NamesOnlyModelsThatAnswer) {
  RunningPretend pretend(pretend::demo_specs());
  const config::Loaded loaded = load(pretend.providers());
  for (std::size_t i = 0; i < pretend.providers().size(); ++i) {
    const pretend::ProviderSpec& spec = pretend.providers().spec(i);
    const auto provider = std::ranges::find(loaded.config.providers, spec.name, &providers::Provider::name);
    ASSERT_NE(provider, loaded.config.providers.end()) << spec.name;
    EXPECT_EQ(provider->base_url.port, pretend.providers().port(i));
    for (const providers::Model& model : provider->models)
      EXPECT_NE(std::ranges::find(spec.models, model.id), spec.models.end()) << spec.name << "/" << model.id;
  }
}

TEST(DemoConfiguration, KnowsTheLimitsAsTheyAre) {
  RunningPretend pretend(pretend::demo_specs());
  const config::Loaded loaded = load(pretend.providers());
  for (const providers::Provider& provider : loaded.config.providers) {
    const auto specs = pretend::demo_specs();
    const auto spec = std::ranges::find(specs, provider.name, &pretend::ProviderSpec::name);
    ASSERT_NE(spec, specs.end());
    for (const providers::Model& model : provider.models) {
      const auto& limits = spec->manner == pretend::Manner::groq ? model.limits : provider.limits;
      EXPECT_EQ(amount_of(limits, quota::Dimension::requests, quota::kMinutePeriod),
                spec->limits.requests_per_minute);
      EXPECT_EQ(amount_of(limits, quota::Dimension::requests, quota::kDayPeriod),
                spec->limits.requests_per_day);
      EXPECT_EQ(amount_of(limits, quota::Dimension::tokens, quota::kMinutePeriod),
                spec->limits.tokens_per_minute);
    }
  }
}

// Of each manner the limits that it has, and none of those that the preset's model of that name has.
TEST(Configuration, OfEachManner) {
  const std::tuple<pretend::Manner, std::string, std::size_t, std::size_t> cases[] = {
      {pretend::Manner::groq, "openai/gpt-oss-20b", 0, 4},
      {pretend::Manner::mistral, "mistral-small-latest", 0, 3},
      {pretend::Manner::gemini, "gemini-3.5-flash", 0, 3},
      {pretend::Manner::cerebras, "gpt-oss-120b", 0, 6},
      {pretend::Manner::cohere, "command-a-03-2025", 1, 1},
      {pretend::Manner::nvidia, "openai/gpt-oss-120b", 1, 0},
      {pretend::Manner::plain, "m", 5, 0},
  };
  for (const auto& [manner, model, of_account, of_model] : cases) {
    for (const std::uint64_t limit : {std::uint64_t{0}, std::uint64_t{7}}) {
      pretend::ProviderSpec spec =
          instant_spec(manner, {limit, limit, limit, limit, limit, limit, limit, limit, limit});
      spec.models = {model};
      RunningPretend pretend(spec);
      const config::Loaded loaded = load(pretend.providers());
      EXPECT_TRUE(loaded.problems.empty()) << config::format_problems(loaded.problems);
      const providers::Provider& provider = loaded.config.providers.at(0);
      const auto found = std::ranges::find(provider.models, model, &providers::Model::id);
      ASSERT_NE(found, provider.models.end());
      EXPECT_EQ(provider.limits.size(), limit == 0 ? 0 : of_account) << pretend::name(manner);
      EXPECT_EQ(found->limits.size(), limit == 0 ? 0 : of_model) << pretend::name(manner);
    }
  }
}

}  // namespace
}  // namespace weir::test
