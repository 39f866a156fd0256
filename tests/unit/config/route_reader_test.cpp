#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "fixture.hpp"

namespace weir::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

// groq is skipped: its key is not set.
constexpr std::string_view kProviders = R"(
providers:
  groq: {}
  local: {preset: openai_compatible, base_url: "http://127.0.0.1:1/v1", models: {m: {}, "a/b:c": {}}}
)";
constexpr std::string_view kSkipped = "provider \"groq\" is skipped: GROQ_API_KEY or GROQ_KEY is not set";

Loaded load_routes(std::string_view text) {
  return load_snippet(std::string(text) + std::string(kProviders));
}

// Without the warning that groq is skipped.
std::vector<std::string> messages(std::string_view text) {
  std::vector<std::string> out;
  for (const Problem& problem : load_routes(text).problems)
    if (problem.message != kSkipped) out.push_back(problem.message);
  return out;
}

TEST(Routes, HaveTargetsWithWeightAndTier) {
  const Loaded loaded = load_routes(R"(
models:
  smart:
    strategy: priority
    targets:
      - local/m
      - {target: local/a/b:c, weight: 2, tier: 3}
  "openai/gpt-4o": {strategy: weighted, targets: [local/m]}
  fast: {strategy: fastest, targets: [local/m]}
)");
  ASSERT_TRUE(loaded.ok()) << format_problems(loaded.problems);
  ASSERT_EQ(loaded.config.models.size(), 3U);
  EXPECT_EQ(loaded.config.models[2].strategy, routing::Strategy::fastest);
  const ModelRoute& smart = loaded.config.models[0];
  EXPECT_EQ(smart.name, "smart");
  EXPECT_EQ(smart.strategy, routing::Strategy::priority);
  ASSERT_EQ(smart.targets.size(), 2U);
  EXPECT_EQ(smart.targets[0].provider, "local");
  EXPECT_EQ(smart.targets[0].model, "m");
  EXPECT_EQ(smart.targets[0].weight, std::nullopt);
  EXPECT_EQ(smart.targets[0].tier, 1U);
  EXPECT_EQ(smart.targets[1].model, "a/b:c");
  EXPECT_EQ(smart.targets[1].weight, 2.0);
  EXPECT_EQ(smart.targets[1].tier, 3U);
  EXPECT_EQ(loaded.config.models[1].name, "openai/gpt-4o");
}

struct Case {
  std::string_view text;
  std::string_view problem;
};

TEST(Routes, SayWhatIsWrong) {
  const Case cases[] = {
      {"models: [smart]", "models: expected a map from a model's name to its targets, got a list"},
      {"models: {smart: [local/m]}",
       "models.smart: expected a map like {targets: [groq/openai/gpt-oss-120b]}, got a list"},
      {"models: {smart: {}}",
       "models.smart.targets: expected a list of targets like groq/openai/gpt-oss-120b, got nothing"},
      {"models: {smart: {targets: []}}", "models.smart.targets: expected at least one target, got a list"},
      {"models: {smart: {targets: local/m}}", "models.smart.targets: expected a list of targets, got a text"},
      {"models: {smart: {targets: [m]}}",
       "models.smart.targets[0]: expected a target like groq/openai/gpt-oss-120b, got \"m\""},
      {"models: {smart: {targets: [/m]}}",
       "models.smart.targets[0]: expected a target like groq/openai/gpt-oss-120b, got \"/m\""},
      {"models: {smart: {targets: [{weight: 2}]}}",
       "models.smart.targets[0].target: expected a target like groq/openai/gpt-oss-120b, got nothing"},
      {"models: {smart: {targets: [locale/m]}}",
       "models.smart.targets[0]: unknown provider \"locale\"; did you mean \"local\"?"},
      {"models: {smart: {targets: [elsewhere/m]}}",
       "models.smart.targets[0]: unknown provider \"elsewhere\"; add it under providers"},
      {"models: {smart: {targets: [local/a/b:d]}}",
       "models.smart.targets[0]: provider \"local\" has no model \"a/b:d\"; did you mean \"a/b:c\"?"},
      {"models: {smart: {targets: [local/llama]}}",
       "models.smart.targets[0]: provider \"local\" has no model \"llama\"; add it under "
       "providers.local.models"},
      {"models: {smart: {targets: [groq/openai/gpt-oss-121b]}}",
       "models.smart.targets[0]: provider \"groq\" has no model \"openai/gpt-oss-121b\"; did you mean "
       "\"openai/gpt-oss-120b\"?"},
      {"models: {smart: {targets: [{target: nobody/m, tier: 2}]}}",
       "models.smart.targets[0].target: unknown provider \"nobody\"; add it under providers"},
      {"models: {smart: {targets: [local/m, {target: local/m, tier: 2}]}}",
       "models.smart.targets[1].target: \"local/m\" is a target of this model already"},
      {"models: {smart: {targets: [{target: local/m, weight: 0}]}}",
       "models.smart.targets[0].weight: expected a number above 0, got \"0\""},
      {"models: {smart: {targets: [{target: local/m, tier: 0}]}}",
       "models.smart.targets[0].tier: expected a count from 1 to 100, got \"0\""},
      {"models: {smart: {targets: [{model: local/m}]}}",
       "models.smart.targets[0].target: expected a target like groq/openai/gpt-oss-120b, got nothing"},
      {"models: {smart: {strategy: random, targets: [local/m]}}",
       "models.smart.strategy: expected headroom, priority, weighted or fastest, got \"random\""},
      {"models: {\"a b\": {targets: [local/m]}}",
       "models.a b: expected a name without spaces and in ASCII, got \"a b\""},
  };
  for (const Case& one : cases) EXPECT_THAT(messages(one.text), testing::Contains(one.problem)) << one.text;
}

TEST(Routes, LeaveOutTargetsOfSkippedProviders) {
  const Loaded loaded = load_routes(R"(
models:
  smart: {targets: [groq/openai/gpt-oss-120b, local/m]}
  fast: {targets: [groq/openai/gpt-oss-20b]}
aliases: {quick: fast, tiny: groq/openai/gpt-oss-20b, family: gpt-oss-120b, good: smart}
)");
  EXPECT_TRUE(loaded.ok());
  std::vector<std::string> said;
  for (const Problem& problem : loaded.problems) said.push_back(problem.message);
  EXPECT_THAT(said, testing::UnorderedElementsAre(
                        kSkipped, "models.smart.targets[0]: left out: provider \"groq\" is skipped",
                        "models.fast.targets[0]: left out: provider \"groq\" is skipped",
                        "models.fast: left out: none of its targets can be used",
                        "aliases.quick: left out: \"fast\" can't be served",
                        "aliases.tiny: left out: \"groq/openai/gpt-oss-20b\" can't be served",
                        "aliases.family: left out: \"gpt-oss-120b\" can't be served"));
  ASSERT_EQ(loaded.config.models.size(), 1U);
  EXPECT_EQ(loaded.config.models[0].targets.size(), 1U);
  EXPECT_THAT(loaded.config.aliases, ElementsAre(Pair("good", "smart")));
}

TEST(Routes, AreAnErrorWhereNoneIsLeft) {
  EXPECT_THAT(
      messages("models: {smart: {targets: [groq/openai/gpt-oss-120b]}}"),
      testing::Contains("models: none of the models has a target left; set a key, or name other targets"));
  EXPECT_FALSE(load_routes("models: {smart: {targets: [groq/openai/gpt-oss-120b]}}").ok());
}

TEST(Aliases, LeadToAnyNameThatClientsMayAskFor) {
  MapEnvironment environment;
  environment.variables["GROQ_API_KEY"] = "gsk";
  const Loaded loaded = load_snippet(R"(
models: {smart: {targets: [local/m]}}
aliases: {a: smart, b: local/a/b:c, c: gpt-oss-120b, d: auto, e: a, f: e}
)" + std::string(kProviders),
                                     environment);
  ASSERT_TRUE(loaded.ok()) << format_problems(loaded.problems);
  EXPECT_THAT(loaded.config.aliases,
              ElementsAre(Pair("a", "smart"), Pair("b", "local/a/b:c"), Pair("c", "gpt-oss-120b"),
                          Pair("d", "auto"), Pair("e", "smart"), Pair("f", "smart")));
}

TEST(Aliases, SayWhatIsWrong) {
  const std::string models = "models: {smart: {targets: [local/m]}}\n";
  const Case cases[] = {
      {"aliases: {fast: fst}", "aliases.fast: unknown model \"fst\""},
      {"aliases: {a: smarty}", "aliases.a: unknown model \"smarty\"; did you mean \"smart\"?"},
      {"aliases: {a: nothing-like-it}", "aliases.a: unknown model \"nothing-like-it\""},
      {"aliases: {a: local/x}", "aliases.a: provider \"local\" has no model \"x\"; did you mean \"m\"?"},
      {"aliases: {a: [smart]}", "aliases.a: expected a model's name, got a list"},
      {"aliases: [a]", "aliases: expected a map from an alias to a model's name, got a list"},
      {"aliases: {smart: local/m}",
       "aliases.smart: \"smart\" stands under models already; name the alias otherwise"},
      {"aliases: {a: a}", "aliases.a: this alias leads back to itself, or over more than 8 others"},
  };
  for (const Case& one : cases)
    EXPECT_THAT(messages(models + std::string(one.text)), ElementsAre(one.problem)) << one.text;
  EXPECT_THAT(messages(models + "aliases: {fest: fast, fast: fst}"),
              ElementsAre("aliases.fest: unknown model \"fst\"", "aliases.fast: unknown model \"fst\""));
  EXPECT_EQ(messages(models + "aliases: {a: b, b: c, c: a, d: a}").size(), 4U);
}

// What is wrong with a provider or a model is said there, and not again at each use.
TEST(Aliases, ToWhatIsWrongAreNotReportedTwice) {
  const Loaded loaded = load_snippet(R"(
providers: {nope: {}}
models: {smart: {targets: [nope/x]}}
aliases: {a: smart, b: nope/x}
)");
  EXPECT_THAT(lines_of(loaded),
              ElementsAre("2:13: error: providers.nope: no preset is named \"nope\"; name one with preset:, "
                          "openai_compatible for an address that none of them has"));
}

}  // namespace
}  // namespace weir::config
