#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/addresses.hpp"
#include "fixture.hpp"

namespace weir::config {
namespace {

using providers::Provider;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

MapEnvironment with_keys() {
  MapEnvironment environment;
  environment.variables = {
      {"GROQ_API_KEY", "gsk-main"}, {"ROUTER_API_KEY", "or-main"}, {"SECOND", "or-second"}};
  environment.files = {{"key.txt", "from-file\n"}};
  return environment;
}

Provider first_provider(std::string_view text, const MapEnvironment& environment = with_keys()) {
  const Loaded loaded = load_snippet("providers:\n" + std::string(text), environment);
  EXPECT_TRUE(loaded.ok()) << format_problems(loaded.problems);
  return loaded.config.providers.empty() ? Provider() : loaded.config.providers.front();
}

std::vector<std::string> messages(std::string_view text, const MapEnvironment& environment = with_keys()) {
  std::vector<std::string> out;
  for (const Problem& problem : load_snippet("providers: " + std::string(text), environment).problems)
    out.push_back(problem.message);
  return out;
}

TEST(Provider, IsThePresetOfItsName) {
  const Provider groq = first_provider("  groq: {}");
  EXPECT_EQ(groq.name, "groq");
  EXPECT_EQ(groq.preset, &preset_tables::kAll[0]);
  EXPECT_EQ(format_base_url(groq.base_url), "https://api.groq.com/openai/v1");
  ASSERT_EQ(groq.keys.size(), 1U);
  EXPECT_EQ(groq.keys[0].label, "main");
  EXPECT_EQ(groq.keys[0].value.reveal(), "gsk-main");
  ASSERT_EQ(groq.models.size(), 3U);
  EXPECT_EQ(groq.models[0].name, "openai/gpt-oss-120b");
  EXPECT_EQ(groq.models[0].id, "openai/gpt-oss-120b");
  EXPECT_EQ(groq.models[0].family, "gpt-oss-120b");
  EXPECT_TRUE(groq.models[0].capabilities_known);
  ASSERT_EQ(groq.models[0].limits.size(), 1U);
  EXPECT_EQ(groq.models[0].limits[0].source, quota::Source::preset);
  EXPECT_EQ(groq.models[0].limits[0].as_of, "2026-09-12");
  EXPECT_EQ(groq.models[2].billing, providers::Billing::paid);
  ASSERT_EQ(groq.limits.size(), 1U);
  EXPECT_EQ(groq.limits[0].amount, 100U);
  EXPECT_EQ(groq.charge, preset_tables::kGroqCharge);
  EXPECT_EQ(groq.proxy, "");
  EXPECT_EQ(first_provider("  groq:").keys.size(), 1U);  // a name alone will do
}

TEST(Provider, MayUseThePresetOfAnother) {
  const Provider work = first_provider(R"(
  work: {preset: groq, base_url: "http://127.0.0.1:9101/v1", api_key: none, limits: {}})");
  EXPECT_EQ(work.name, "work");
  EXPECT_EQ(work.preset->name, "groq");
  EXPECT_EQ(format_base_url(work.base_url), "http://127.0.0.1:9101/v1");
  ASSERT_EQ(work.keys.size(), 1U);
  EXPECT_TRUE(work.keys[0].value.empty());
  EXPECT_THAT(work.limits, IsEmpty());          // {} replaces the preset's
  EXPECT_EQ(work.models[0].limits.size(), 1U);  // of the account only
  EXPECT_EQ(first_provider("  groq: {limits: }").limits.size(), 1U);
  EXPECT_EQ(first_provider("  groq: {limits: {rpm: 5}}").limits.at(0).amount, 5U);
}

TEST(Provider, MayChooseAPlan) {
  const Provider topped_up = first_provider("  openrouter: {plan: topped_up}");
  EXPECT_EQ(topped_up.plan, "topped_up");
  EXPECT_EQ(topped_up.limits.at(0).amount, 1000U);
  EXPECT_THAT(topped_up.limits.at(0).models, ElementsAre("*:free"));
  EXPECT_EQ(first_provider("  openrouter: {}").limits.at(0).amount, 50U);
  EXPECT_EQ(first_provider("  openrouter: {plan: topped_up, limits: {rpd: 7}}").limits.at(0).amount, 7U);
}

MapEnvironment with_tiered_account() {
  MapEnvironment environment;
  environment.variables = {{"TIERED_API_KEY", "t"}, {"TIERED_ACCOUNT", "abc-123"}};
  return environment;
}

TEST(Provider, HasItsModelsLimitsFromThePlanToo) {
  const MapEnvironment environment = with_tiered_account();
  const Provider now = first_provider("  tiered: {}", environment);
  EXPECT_EQ(now.models.at(0).limits.at(0).amount, 4U);
  const Provider old = first_provider("  tiered: {plan: old, models: {large: {}, mine: {}}}", environment);
  EXPECT_EQ(old.models.at(0).limits.at(0).amount, 60U);
  EXPECT_EQ(old.models.at(0).limits.at(0).as_of, "2026-02-01");
  EXPECT_THAT(old.models.at(1).limits, IsEmpty());  // the plan says nothing of it
  EXPECT_THAT(old.models.at(2).limits, IsEmpty());
  EXPECT_THAT(old.limits, IsEmpty());
  const Provider pool =
      first_provider("  tiered: {plan: pool, models: {large: {limits: {rpm: 7}}}}", environment);
  EXPECT_EQ(pool.limits.at(0).amount, 60U);
  EXPECT_THAT(pool.models.at(0).limits, IsEmpty());
  EXPECT_EQ(pool.models.at(1).limits.at(0).amount, 7U);
}

TEST(Provider, FillsTheVariablesOfItsAddress) {
  MapEnvironment environment = with_tiered_account();
  EXPECT_EQ(format_base_url(first_provider("  tiered: {}", environment).base_url),
            "https://tiered.example/accounts/abc-123/v1");
  environment.variables["TIERED_ACCOUNT"] = "../other";
  EXPECT_THAT(
      messages("{tiered: {}}", environment),
      ElementsAre("providers.tiered: TIERED_ACCOUNT holds a character that can't stand in an address; "
                  "set it, or give a base_url"));
  environment.variables.erase("TIERED_ACCOUNT");
  EXPECT_THAT(messages("{tiered: {}}", environment),
              ElementsAre("providers.tiered: TIERED_ACCOUNT is not set; set it, or give a base_url"));
  EXPECT_EQ(format_base_url(first_provider("  tiered: {base_url: \"https://h/v1\"}", environment).base_url),
            "https://h/v1");
  // Without a key it is skipped, and needs no address.
  EXPECT_THAT(messages("{tiered: {}, ollama: {models: {m: {}}}}", {}),
              ElementsAre("provider \"tiered\" is skipped: TIERED_API_KEY is not set"));
}

TEST(ProviderKeys, ShareAnAccountUnlessTheyNameOne) {
  const Provider router = first_provider(R"(
  openrouter:
    keys:
      - {value: "${ROUTER_API_KEY}"}
      - {value: "${SECOND}"}
      - {value: third, name: spare, account: other}
      - {value_file: key.txt})");
  ASSERT_EQ(router.keys.size(), 4U);
  EXPECT_EQ(router.keys[0].label, "main");
  EXPECT_EQ(router.keys[1].label, "key2");
  EXPECT_EQ(router.keys[2].label, "spare");
  EXPECT_EQ(router.keys[3].label, "key4");
  EXPECT_EQ(router.keys[0].account, router.keys[1].account);
  EXPECT_EQ(router.keys[2].account, "other");
  EXPECT_EQ(router.keys[1].value.reveal(), "or-second");
  EXPECT_EQ(router.keys[3].value.reveal(), "from-file");
}

TEST(ProviderKeys, ComeFromTheFirstVariableThatIsSet) {
  MapEnvironment environment;
  environment.variables = {{"GROQ_API_KEY", ""}, {"GROQ_KEY", "second-name\n"}};
  EXPECT_EQ(first_provider("  groq: {}", environment).keys.at(0).value.reveal(), "second-name");
  EXPECT_EQ(first_provider("  groq: {api_key: \"${GROQ_KEY}\"}", environment).keys.at(0).value.reveal(),
            "second-name");
  EXPECT_EQ(first_provider("  groq: {api_key_file: key.txt}").keys.at(0).value.reveal(), "from-file");
}

TEST(ProviderKeys, WhenUnsetSkipTheProviderWithOneWarning) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"groq: {}", "provider \"groq\" is skipped: GROQ_API_KEY or GROQ_KEY is not set"},
      {"openrouter: {}", "provider \"openrouter\" is skipped: ROUTER_API_KEY is not set"},
      {"groq: {api_key: \"${MINE}\"}", "provider \"groq\" is skipped: MINE is not set"},
      {"groq: {api_key: \"${MINE:-}\"}", "provider \"groq\" is skipped: its key is empty"},
      {"groq: {keys: [{value: \"${A}\"}, {value: \"${B}\"}]}", "provider \"groq\" is skipped: A is not set"},
      {"groq: {keys: [{value: \"\"}, {value: \"${B:-}\"}]}",
       "provider \"groq\" is skipped: its key is empty"},
  };
  for (const auto& [text, message] : cases) {
    const Loaded loaded =
        load_snippet("providers:\n  " + std::string(text) + std::string("\n  ollama: {models: {m: {}}}"));
    EXPECT_TRUE(loaded.ok()) << text;
    EXPECT_THAT(lines_of(loaded), ElementsAre("2:3: warning: " + std::string(message))) << text;
    ASSERT_EQ(loaded.config.providers.size(), 1U) << text;
    EXPECT_EQ(loaded.config.providers[0].name, "ollama") << text;
  }
}

TEST(ProviderKeys, WhenUnsetAreAnErrorWhereTheProviderIsRequired) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"{groq: {required: true}}",
       "providers.groq: GROQ_API_KEY or GROQ_KEY is not set, and required is true"},
      {"{groq: {required: true, api_key: \"${MINE}\"}}",
       "providers.groq.api_key: MINE is not set, and required is true"},
      {"{groq: {required: true, keys: [{value: \"${MINE}\"}]}}",
       "providers.groq.keys[0].value: MINE is not set, and required is true"},
  };
  for (const auto& [text, message] : cases)
    EXPECT_THAT(messages(text, {}), testing::Contains(message)) << text;
}

TEST(ProviderKeys, OfWhichSomeAreUnsetServeWithTheOthers) {
  const std::string_view text = "{groq: {keys: [{value: a1}, {value: \"${NONE}\"}, {value: \"${NONE:-}\"}]}}";
  EXPECT_THAT(messages(text), ElementsAre("providers.groq.keys[1].value: left out: NONE is not set"));
}

TEST(ProviderModels, AreLaidOverThePresets) {
  const Provider groq = first_provider(R"(
  groq:
    models:
      openai/gpt-oss-120b: {context: 32k, limits: {rpm: 5}, weight: 2.5, capabilities: [tools, images]}
      dear: {billing: trial, limits: {}}
      new: {}
      renamed: {id: "upstream/Name:1", max_output: 8k})");
  ASSERT_EQ(groq.models.size(), 5U);
  EXPECT_EQ(groq.models[0].context, 32'000U);
  EXPECT_EQ(groq.models[0].max_output, 65536U);
  EXPECT_EQ(groq.models[0].weight, 2.5);
  EXPECT_EQ(groq.models[0].capabilities, 3);
  ASSERT_EQ(groq.models[0].limits.size(), 1U);
  EXPECT_EQ(groq.models[0].limits[0].amount, 5U);
  EXPECT_EQ(groq.models[0].limits[0].source, quota::Source::config);
  EXPECT_EQ(groq.models[2].billing, providers::Billing::trial);
  EXPECT_EQ(groq.models[3].name, "new");
  EXPECT_EQ(groq.models[3].id, "new");
  EXPECT_FALSE(groq.models[3].capabilities_known);
  EXPECT_EQ(groq.models[4].id, "upstream/Name:1");
  // Nothing is spent by guess: this preset has paid models.
  EXPECT_EQ(groq.models[3].billing, providers::Billing::paid);
  EXPECT_EQ(first_provider("  ollama: {models: {m: {}}}").models.at(0).billing, providers::Billing::free);
}

TEST(ProviderTimeouts, AreLaidOverTheGeneralOnes) {
  const Loaded loaded = load_snippet(R"(
timeouts: {idle: 7s}
providers:
  ollama: {models: {m: {}}, timeouts: {first_byte: 120s}}
)");
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.config.providers.at(0).timeouts.idle, seconds(7));
  EXPECT_EQ(loaded.config.providers.at(0).timeouts.first_byte, seconds(120));
  EXPECT_EQ(loaded.config.providers.at(0).timeouts.connect, seconds(5));
}

TEST(ProviderProxy, IsTheOneWrittenOrTheEnvironments) {
  MapEnvironment environment = with_keys();
  environment.variables["HTTPS_PROXY"] = "http://user:pass@proxy:3128";
  EXPECT_EQ(first_provider("  groq: {}", environment).proxy, "http://user:pass@proxy:3128");
  EXPECT_EQ(first_provider("  groq: {proxy: \"\"}", environment).proxy, "http://user:pass@proxy:3128");
  EXPECT_EQ(first_provider("  groq: {proxy: none}", environment).proxy, "");
  EXPECT_EQ(first_provider("  groq: {proxy: \"http://other:8080\"}", environment).proxy, "http://other:8080");
  EXPECT_EQ(first_provider("  groq: {base_url: \"https://localhost:1/v1\"}", environment).proxy, "");
  EXPECT_EQ(first_provider("  groq: {base_url: \"http://h/v1\", api_key: none}", environment).proxy, "");
  environment.variables["https_proxy"] = "http://lower:1";
  EXPECT_EQ(first_provider("  groq: {}", environment).proxy, "http://lower:1");
  environment.variables["NO_PROXY"] = "localhost,.groq.com";
  EXPECT_EQ(first_provider("  groq: {}", environment).proxy, "");
  environment.variables = {{"GROQ_API_KEY", "x"}, {"HTTPS_PROXY", "socks5://proxy:1"}};
  EXPECT_THAT(messages("{groq: {}}", environment),
              ElementsAre("providers.groq: HTTPS_PROXY: only http:// proxies are supported, not \"socks5\""));
}

struct Case {
  std::string_view text;
  std::string_view problem;
};

TEST(Provider, SaysWhatIsWrong) {
  const Case cases[] = {
      {"[groq]", "providers: expected a map from a provider's name to its settings, got a list"},
      {"{groq: key}", "providers.groq: expected a map, {} for the preset of that name, got a text"},
      {"{\"my/groq\": {preset: groq}}",
       "providers: expected a name of letters, digits, \"-\", \"_\" and \".\", got \"my/groq\""},
      {"{grop: {}}", "providers.grop: no preset is named \"grop\"; did you mean \"groq\"?"},
      {"{something: {}}",
       "providers.something: no preset is named \"something\"; name one with preset:, openai_compatible for "
       "an "
       "address that none of them has"},
      {"{x: {preset: custom}}",
       "providers.x.preset: unknown preset \"custom\"; choose openai_compatible for an address that none of "
       "them "
       "has"},
      {"{x: {preset: openrouterr}}",
       "providers.x.preset: unknown preset \"openrouterr\"; did you mean \"openrouter\"?"},
      {"{openrouter: {plan: gold}}", "providers.openrouter.plan: expected free or topped_up, got \"gold\""},
      {"{groq: {plan: free}}", "providers.groq.plan: preset \"groq\" has no plans; remove it"},
      {"{x: {preset: openai_compatible, models: {m: {}}}}",
       "providers.x: preset \"openai_compatible\" has no address of its own; give a base_url"},
      {"{x: {preset: openai_compatible, base_url: \"http://127.0.0.1:1/v1\"}}",
       "providers.x: preset \"openai_compatible\" knows no models; list them, as models: {NAME: {}}"},
      {"{x: {preset: openai_compatible, base_url: \"http://127.0.0.1:1/v1\", models: {}}}",
       "providers.x.models: expected at least one model"},
      {"{ollama: {models: [m]}}",
       "providers.ollama.models: expected a map from a model's name to its settings, got a list"},
      {"{ollama: {models: {\"a b\": {}, m: {}}}}",
       "providers.ollama.models: expected a name without spaces and in ASCII, got \"a b\""},
      {"{groq: {base_url: \"ftp://x\"}}",
       "providers.groq.base_url: expected a URL that starts with https:// or http://, got \"ftp://x\""},
      {"{groq: {base_url: \"${NONE}\"}}",
       "providers.groq.base_url: NONE is not set; set it, or give a default: ${NONE:-...}"},
      {"{groq: {base_url: \"http://169.254.169.254/v1\"}}",
       "providers.groq.base_url: \"169.254.169.254\" is a cloud's metadata service; no provider is there"},
      {"{groq: {base_url: \"http://[::ffff:100.100.100.200]:80/v1\"}}",
       "providers.groq.base_url: \"::ffff:100.100.100.200\" is a cloud's metadata service; no provider is "
       "there"},
      {"{groq: {base_url: \"https://user:pw@h/v1\"}}",
       "providers.groq.base_url: no user or password can stand in a base_url"},
      {"{groq: {url: \"https://h/v1\"}}",
       "unknown key \"url\" in providers.groq; did you mean \"base_url\"?"},
      {"{groq: {api_key: abcdef, keys: [{value: abcdef}]}}",
       "providers.groq.keys: give api_key or keys, not both"},
      {"{groq: {api_key: [abcdef]}}", "providers.groq.api_key: expected text, got a list"},
      {"{groq: {api_key: }}", "providers.groq.api_key: expected text, got nothing"},
      {"{groq: {api_key_file: /none}}", "providers.groq.api_key_file: can't read /none"},
      {"{groq: {api_key: \"${MINE:?see the handbook}\"}}",
       "providers.groq.api_key: see the handbook (MINE is not set)"},
      {"{groq: {api_key: \"a\\nb\"}}",
       "providers.groq.api_key: the key holds a space or a character that can't stand in a header"},
      {"{groq: {keys: []}}", "providers.groq.keys: expected at least one key, or api_key: none"},
      {"{groq: {keys: [abc]}}",
       "providers.groq.keys[0]: expected a map like {value: \"${KEY}\"}, got a text"},
      {"{groq: {keys: [{name: a}]}}", "providers.groq.keys[0]: expected value or value_file, got neither"},
      {"{groq: {keys: [{name: \"a#b\", value: x}]}}",
       "providers.groq.keys[0].name: expected a name of letters, digits, \"-\", \"_\" and \".\", got "
       "\"a#b\""},
      {"{groq: {keys: [{name: a, value: x}, {name: a, value: y}]}}",
       "providers.groq.keys[1]: another key is named \"a\" already"},
      {"{groq: {keys: [{api_key: x, value: y}]}}",
       "unknown key \"api_key\" in providers.groq.keys[0]; did you mean \"value\"?"},
      {"{groq: {required: maybe}}", "providers.groq.required: expected true or false, got \"maybe\""},
      {"{groq: {proxy: \"socks5://h\"}}",
       "providers.groq.proxy: only http:// proxies are supported, not \"socks5\""},
      {"{groq: {timeouts: {first_byte: 1}, timeout: 5s}}",
       "unknown key \"timeout\" in providers.groq; did you mean \"timeouts\"?"},
      {"{groq: {models: {dear: {weight: 0}}}}",
       "providers.groq.models.dear.weight: expected a number above 0, got \"0\""},
      {"{groq: {models: {dear: {weight: -1}}}}",
       "providers.groq.models.dear.weight: expected a number above 0, got \"-1\""},
      {"{groq: {models: {dear: {context: big}}}}",
       "providers.groq.models.dear.context: expected a count, got \"big\""},
      {"{groq: {models: {dear: {id: \"\"}}}}",
       "providers.groq.models.dear.id: expected what the provider calls the model, got \"\""},
      {"{groq: {models: {dear: {capabilities: [fly]}}}}",
       "providers.groq.models.dear.capabilities[0]: expected tools, images, json_schema or reasoning, got "
       "\"fly\""},
      {"{groq: {models: {dear: {billing: cheap}}}}",
       "providers.groq.models.dear.billing: expected free, trial or paid, got \"cheap\""},
      {"{groq: {models: {dear: {context_window: 5}}}}",
       "unknown key \"context_window\" in providers.groq.models.dear; did you mean \"context\"?"},
      {"{groq: {base_url: \"http://example.com/v1\"}}",
       "providers.groq: the key goes to \"example.com\" unencrypted; use https"},
  };
  for (const Case& one : cases) EXPECT_THAT(messages(one.text), ElementsAre(one.problem)) << one.text;
}

TEST(Provider, MustNotLeadBackToUs) {
  const std::string message =
      "providers.x.base_url: this is weir's own address, 127.0.0.1:8484; give the provider's, or change "
      "server.listen";
  for (const std::string_view url :
       {"http://127.0.0.1:8484/v1", "http://localhost:8484", "http://[::1]:8484/v1"})
    EXPECT_THAT(messages("{x: {preset: groq, base_url: \"" + std::string(url) + "\"}}"), ElementsAre(message))
        << url;
  EXPECT_THAT(messages("{x: {preset: groq, base_url: \"http://localhost:8485/v1\"}}"), IsEmpty());
  LoadOptions options = test_options();
  options.listen = "127.0.0.1:11434";
  const Loaded loaded =
      load_text("providers: {ollama: {models: {m: {}}}}", "weir.yaml", options, MapEnvironment());
  EXPECT_THAT(lines_of(loaded), ElementsAre(HasSubstr("this is weir's own address, 127.0.0.1:11434")));
}

}  // namespace
}  // namespace weir::config
