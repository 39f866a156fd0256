// The weir.yaml of the demo is one that weir takes, and promises nothing that the pretend providers refuse.
#include <gtest/gtest.h>

#include <algorithm>

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

}  // namespace
}  // namespace weir::test
