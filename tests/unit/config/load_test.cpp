#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "fixture.hpp"

namespace weir::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string level(std::string_view word) {
  return "log:\n  level: " + std::string(word) + std::string(kLocal);
}

TEST(EnvironmentOf, HasTheVariablesOfTheEnvFileUnderTheRealOnes) {
  MapEnvironment environment;
  environment.variables = {{"REAL", "real"}};
  environment.files = {{".env", "REAL=file\nHERE=here\n"}, {"/there/.env", "THERE=there\n"}};
  std::vector<Problem> problems;
  const auto here = environment_of({}, environment, problems);
  EXPECT_EQ(here->variable("REAL"), "real");
  EXPECT_EQ(here->variable("HERE"), "here");
  LoadOptions options;
  options.file = "/there/weir.yaml";  // one that is still to be written
  EXPECT_EQ(environment_of(options, environment, problems)->variable("THERE"), "there");
  options.env_file = ".env";
  EXPECT_EQ(environment_of(options, environment, problems)->variable("HERE"), "here");
  EXPECT_THAT(problems, IsEmpty());
  environment.files[".env"] = "no line of a kind";
  EXPECT_EQ(environment_of(options, environment, problems)->variable("HERE"), std::nullopt);
  EXPECT_EQ(problems.size(), 1U);
}

// Without its variables keys would be left out as if nobody had wanted any.
TEST(EnvFile, ThatWasTakenMustBeThereWhenItIsReadAgain) {
  MapEnvironment environment;
  environment.files = {{"weir.yaml", level("info")}, {".env", "A=1\n"}};
  const Loaded first = load(test_options(), environment);
  ASSERT_EQ(first.env_file, ".env");
  environment.files.erase(".env");
  EXPECT_EQ(load(test_options(), environment).env_file, std::nullopt);
  LoadOptions again = test_options();
  again.env_file = first.env_file;
  EXPECT_FALSE(load(again, environment).ok());
}

TEST(Search, GoesFromTheFlagToTheSystem) {
  MapEnvironment environment;
  environment.variables = {{"WEIR_CONFIG", "/named.yaml"}, {"XDG_CONFIG_HOME", "/xdg"}, {"HOME", "/home/u"}};
  environment.files = {{"/flag.yaml", level("debug")},
                       {"/named.yaml", level("warn")},
                       {"weir.yaml", level("error")},
                       {"/xdg/weir/weir.yaml", level("off")},
                       {"/home/u/.config/weir/weir.yaml", level("info")},
                       {"/etc/weir/weir.yaml", level("debug")}};
  LoadOptions options = test_options();
  options.file = "/flag.yaml";
  EXPECT_EQ(load(options, environment).config.file, "/flag.yaml");
  EXPECT_EQ(load(options, environment).config.log.level, log::Level::debug);
  options.file.reset();
  EXPECT_EQ(load(options, environment).config.file, "/named.yaml");
  environment.variables["WEIR_CONFIG"] = "";
  EXPECT_EQ(load(options, environment).config.file, "weir.yaml");
  environment.files.erase("weir.yaml");
  EXPECT_EQ(load(options, environment).config.file, "/xdg/weir/weir.yaml");
  environment.variables["XDG_CONFIG_HOME"] = "relative";  // the specification: to be ignored
  EXPECT_EQ(load(options, environment).config.file, "/home/u/.config/weir/weir.yaml");
  environment.variables.erase("HOME");
  EXPECT_EQ(load(options, environment).config.file, "/etc/weir/weir.yaml");
  environment.files.clear();
  const Loaded bare = load(options, environment);
  EXPECT_EQ(bare.config.file, "");
  EXPECT_TRUE(bare.ok());
}

TEST(Search, NeverPassesOverAFileThatIsThere) {
  MapEnvironment environment;
  environment.files = {{"/etc/weir/weir.yaml", level("debug")}};
  environment.unreadable = {"weir.yaml"};
  EXPECT_THAT(lines_of(load(test_options(), environment)),
              ElementsAre("0:0: error: can't read the configuration"));
  environment.variables["WEIR_CONFIG"] = "/none.yaml";
  EXPECT_THAT(lines_of(load(test_options(), environment)),
              ElementsAre("/none.yaml:0:0: error: can't read the configuration that WEIR_CONFIG names"));
  LoadOptions options = test_options();
  options.file = "/missing.yaml";
  const Loaded missing = load(options, environment);
  EXPECT_EQ(format_problems(missing.problems),
            "/missing.yaml: error: can't read the configuration that --config names\n1 error\n");
  EXPECT_FALSE(missing.ok());
}

// What was in force is not replaced by what the search would find now.
TEST(Search, IsNotMadeAgainForAFileThatWasTaken) {
  MapEnvironment environment;
  environment.files = {{"weir.yaml", level("error")}, {"/etc/weir/weir.yaml", level("debug")}};
  LoadOptions options = test_options();
  options.again = "weir.yaml";
  const Loaded there = load(options, environment);
  EXPECT_TRUE(there.ok());
  EXPECT_EQ(there.config.file, "weir.yaml");
  environment.files.erase("weir.yaml");
  const Loaded gone = load(options, environment);
  EXPECT_FALSE(gone.ok());
  EXPECT_EQ(
      format_problems(gone.problems),
      "weir.yaml: error: can't read the configuration again; it must be there still, as a regular file\n"
      "1 error\n");
}

TEST(EnvFile, LiesBesideTheConfiguration) {
  MapEnvironment environment;
  environment.files = {
      {"/c/weir.yaml", level("${LEVEL}")}, {"/c/.env", "LEVEL=warn\n"}, {"/x.env", "LEVEL=error"}};
  LoadOptions options = test_options();
  options.file = "/c/weir.yaml";
  EXPECT_EQ(load(options, environment).config.log.level, log::Level::warn);
  options.env_file = "/x.env";
  EXPECT_EQ(load(options, environment).config.log.level, log::Level::error);
  environment.variables["LEVEL"] = "debug";
  EXPECT_EQ(load(options, environment).config.log.level, log::Level::debug);
}

TEST(EnvFile, IsCheckedInTheSameRun) {
  MapEnvironment environment;
  environment.files = {{"/c/weir.yaml", level("loud")}, {"/c/.env", "A=1\nnonsense\n"}};
  LoadOptions options = test_options();
  options.file = "/c/weir.yaml";
  EXPECT_THAT(
      lines_of(load(options, environment)),
      ElementsAre("/c/.env:2:1: error: expected NAME=value",
                  "/c/weir.yaml:2:10: error: log.level: expected debug, info, warn, error or off, got "
                  "\"loud\""));
  options.env_file = "/none.env";
  EXPECT_THAT(lines_of(load(options, environment)),
              testing::Contains("/none.env:0:0: error: can't read the env file"));
}

// A demo in any folder must not read what lies there.
TEST(EnvFile, IsNotLookedForBesideTextAtHand) {
  MapEnvironment environment;
  environment.files = {{".env", "nonsense"}, {"x.env", "LEVEL=error"}};
  EXPECT_THAT(load_text(kLocal, "demo", test_options(), environment).problems, IsEmpty());
  LoadOptions options = test_options();
  options.env_file = "x.env";
  EXPECT_EQ(load_text(level("${LEVEL}"), "demo", options, environment).config.log.level, log::Level::error);
}

TEST(Privacy, OfEachFileThatOthersCanReadAKeyInIsAskedFor) {
  constexpr std::string_view kText = R"(
server: {tls: {cert_file: tls.crt, key_file: tls.key}}
admin: {key_file: admin.key}
providers:
  groq: {keys: [{name: a, value: literal-1}, {name: b, value: literal-2}]}
  openrouter: {api_key_file: router.key}
)";
  MapEnvironment environment;
  environment.files = {
      {"/w/weir.yaml", std::string(kText)}, {"/w/.env", "X=1\n"},  {"/w/tls.crt", "c"}, {"/w/tls.key", "k"},
      {"/w/admin.key", "abcdef"},           {"/w/router.key", "r"}};
  LoadOptions options = test_options();
  options.file = "/w/weir.yaml";
  EXPECT_THAT(lines_of(load(options, environment)), IsEmpty());
  environment.open = {"/w/weir.yaml", "/w/.env", "/w/tls.crt", "/w/tls.key", "/w/admin.key", "/w/router.key"};
  std::vector<std::string> messages;
  for (const Problem& problem : load(options, environment).problems) {
    EXPECT_EQ(problem.severity, Problem::Severity::warning);
    messages.push_back(problem.message);
  }
  EXPECT_THAT(
      messages,
      testing::UnorderedElementsAre(
          "other users can read this file: chmod 600 /w/.env",
          "server.tls: other users can read /w/tls.key: chmod 600 /w/tls.key",
          "admin.key_file: other users can read /w/admin.key: chmod 600 /w/admin.key",
          "providers.groq.keys[0].value: other users can read /w/weir.yaml: chmod 600 /w/weir.yaml",
          "providers.openrouter.api_key_file: other users can read /w/router.key: chmod 600 /w/router.key"));
}

TEST(Privacy, AProxysLoginIsASecretToo) {
  MapEnvironment environment;
  environment.variables = {{"GROQ_API_KEY", "key"}};
  environment.files = {{"/w/weir.yaml", R"(providers: {groq: {proxy: "http://u:p@proxy:3128"}})"}};
  environment.open = {"/w/weir.yaml"};
  LoadOptions options = test_options();
  options.file = "/w/weir.yaml";
  EXPECT_THAT(lines_of(load(options, environment)),
              ElementsAre("/w/weir.yaml:1:27: warning: providers.groq.proxy: other users can read "
                          "/w/weir.yaml: chmod 600 /w/weir.yaml"));
}

TEST(Privacy, AFileWithoutAKeyMayBeRead) {
  MapEnvironment environment;
  environment.variables = {{"K", "key"}};
  environment.files = {{"/w/weir.yaml", R"(providers: {groq: {api_key: "${K}"}, ollama: {api_key: none}})"}};
  environment.open = {"/w/weir.yaml"};
  LoadOptions options = test_options();
  options.file = "/w/weir.yaml";
  for (const Problem& problem : load(options, environment).problems)
    EXPECT_EQ(problem.message.find("other users"), std::string::npos) << problem.message;
}

TEST(NoFile, EnablesThePresetsWhoseKeyIsSetWithTheirFreeModels) {
  MapEnvironment environment;
  environment.variables = {{"GROQ_API_KEY", "gsk"}};
  const Loaded loaded = load(test_options(), environment);
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_EQ(loaded.config.file, "");
  ASSERT_EQ(loaded.config.providers.size(), 1U);
  const providers::Provider& groq = loaded.config.providers[0];
  EXPECT_EQ(groq.name, "groq");
  EXPECT_EQ(groq.keys.at(0).value.reveal(), "gsk");
  EXPECT_EQ(groq.limits.at(0).amount, 100U);
  EXPECT_EQ(groq.charge, preset_tables::kGroqCharge);
  ASSERT_EQ(groq.models.size(), 2U);  // not the paid one
  EXPECT_EQ(groq.models[1].name, "openai/gpt-oss-20b");
}

// The key may be there for something else.
TEST(NoFile, LeavesOutAPresetWhoseAddressNeedsAVariable) {
  MapEnvironment environment;
  environment.variables = {{"GROQ_API_KEY", "gsk"}, {"TIERED_API_KEY", "t"}};
  const Loaded without = load(test_options(), environment);
  EXPECT_THAT(lines_of(without),
              ElementsAre("weir:0:0: warning: preset \"tiered\" is left out: TIERED_ACCOUNT is not set"));
  EXPECT_EQ(without.config.providers.size(), 1U);
  environment.variables["TIERED_ACCOUNT"] = "abc";
  const Loaded with = load(test_options(), environment);
  EXPECT_THAT(with.problems, IsEmpty());
  ASSERT_EQ(with.config.providers.size(), 2U);
  EXPECT_EQ(with.config.providers[1].base_url.path, "/accounts/abc/v1");
  EXPECT_EQ(with.config.providers[1].models.size(), 1U);  // not the paid one
}

TEST(NoFile, TakesItsKeysFromAnEnvFileInTheWorkingDirectory) {
  MapEnvironment environment;
  environment.files = {{".env", "GROQ_API_KEY=gsk"}};
  const Loaded loaded = load(test_options(), environment);
  ASSERT_EQ(loaded.config.providers.size(), 1U);
  EXPECT_EQ(loaded.config.providers[0].name, "groq");
}

TEST(NoFile, TakesItsKeysFromAnEnvFileThatIsNamed) {
  MapEnvironment environment;
  environment.files = {{"keys.env", "ROUTER_API_KEY=or"}, {".env", "GROQ_API_KEY=gsk"}};
  LoadOptions options = test_options();
  options.env_file = "keys.env";
  const Loaded loaded = load(options, environment);
  ASSERT_EQ(loaded.config.providers.size(), 1U);
  EXPECT_EQ(loaded.config.providers[0].name, "openrouter");
}

TEST(NoFile, LeavesOutAKeyThatCantStandInAHeader) {
  MapEnvironment environment;
  environment.variables = {{"GROQ_API_KEY", "gsk two"}, {"ROUTER_API_KEY", "or"}};
  const Loaded loaded = load(test_options(), environment);
  EXPECT_THAT(
      lines_of(loaded),
      ElementsAre("weir:0:0: warning: preset \"groq\" is left out: the key in GROQ_API_KEY or GROQ_KEY "
                  "holds a space or a character that can't stand in a header"));
  EXPECT_EQ(loaded.config.providers.size(), 1U);
}

TEST(NoFile, SaysWhereAllModelsOfAProviderCost) {
  constexpr std::array kPaid{preset_tables::kGroqModels[2]};
  providers::Preset paid = preset_tables::kAll[0];
  paid.models = kPaid;
  const std::array presets{paid, preset_tables::kAll[3]};
  LoadOptions options = test_options();
  options.presets = presets;
  MapEnvironment environment;
  environment.variables = {{"GROQ_API_KEY", "gsk"}};
  EXPECT_THAT(
      lines_of(load(options, environment)),
      ElementsAre("weir:0:0: warning: no provider can be used: all models of groq cost; name it under "
                  "providers, set routing.allow_paid, or set a key variable such as ROUTER_API_KEY"));
  // Its key may be there for something else.
  environment.variables["ROUTER_API_KEY"] = "or";
  EXPECT_THAT(load(options, environment).problems, IsEmpty());
}

TEST(NoFile, WithoutAKeySaysWhatToDo) {
  const Loaded loaded = load(test_options(), MapEnvironment());
  EXPECT_TRUE(loaded.ok());
  EXPECT_THAT(lines_of(loaded),
              ElementsAre("weir:0:0: warning: no provider can be used; set a key variable such as "
                          "GROQ_API_KEY, or add one under providers"));
}

TEST(NoFile, IsWhatAFileWithoutProvidersMeansToo) {
  MapEnvironment environment;
  environment.variables = {{"GROQ_API_KEY", "gsk"}};
  for (const std::string_view text : {"", "# only a comment", "log: {level: warn}", "providers:"}) {
    const Loaded loaded = load_snippet(text, environment);
    EXPECT_TRUE(loaded.ok()) << text;
    EXPECT_EQ(loaded.config.providers.size(), 1U) << text;
  }
  EXPECT_THAT(load_snippet("providers: {}", environment).config.providers, IsEmpty());
  const Loaded generous = load_snippet("routing: {allow_paid: true}", environment);
  EXPECT_EQ(generous.config.providers.at(0).models.size(), 3U);
}

TEST(NoFile, HonoursTheProxyOrSaysThatItCant) {
  MapEnvironment environment;
  environment.variables = {{"GROQ_API_KEY", "gsk"}, {"HTTPS_PROXY", "http://proxy:3128"}};
  EXPECT_EQ(load(test_options(), environment).config.providers.at(0).proxy, "http://proxy:3128");
  environment.variables["HTTPS_PROXY"] = "socks5://proxy:1";
  EXPECT_FALSE(load(test_options(), environment).ok());
}

TEST(Listen, IsTakenFromTheFlagThenTheVariableThenTheFile) {
  MapEnvironment environment;
  environment.variables = {{"WEIR_LISTEN", "127.0.0.1:2"}};
  LoadOptions options = test_options();
  options.listen = "localhost:1";
  const std::string text = "server: {listen: \"127.0.0.1:3\"}" + std::string(kLocal);
  EXPECT_EQ(load_text(text, "weir.yaml", options, environment).config.listen.port, 1);
  options.listen.reset();
  EXPECT_EQ(load_text(text, "weir.yaml", options, environment).config.listen.port, 2);
  environment.variables.clear();
  EXPECT_EQ(load_text(text, "weir.yaml", options, environment).config.listen.port, 3);
  environment.variables = {{"WEIR_LISTEN", "nowhere"}};
  EXPECT_THAT(
      lines_of(load_text(text, "weir.yaml", options, environment)),
      ElementsAre("WEIR_LISTEN:0:0: error: expected an address like 127.0.0.1:8484 or [::1]:8484, got "
                  "\"nowhere\""));
  options.listen = "unix:/run/weir.sock";
  EXPECT_THAT(lines_of(load_text(text, "weir.yaml", options, environment)),
              ElementsAre("--listen:0:0: error: a unix socket is not supported yet; give an address like "
                          "127.0.0.1:8484"));
}

TEST(Text, MayStartWithAByteOrderMarkAndEndLinesAsWindowsDoes) {
  const Loaded loaded = load_snippet("\xEF\xBB\xBFlog:\r\n  level: loud\r\n");
  EXPECT_THAT(
      format_problems(loaded.problems),
      testing::HasSubstr("weir.yaml:2:10: error: log.level: expected debug, info, warn, error or off, got "
                         "\"loud\"\n"
                         "   2 |   level: loud\n"
                         "     |          ^\n"));
}

TEST(StateDirectory, IsLookedForInOrder) {
  MapEnvironment environment;
  EXPECT_EQ(state_directory(std::nullopt, environment), "/var/lib/weir");
  environment.variables["HOME"] = "/home/u";
  EXPECT_EQ(state_directory(std::nullopt, environment), "/home/u/.local/state/weir");
  environment.variables["XDG_STATE_HOME"] = "relative";
  EXPECT_EQ(state_directory(std::nullopt, environment), "/home/u/.local/state/weir");
  environment.variables["XDG_STATE_HOME"] = "/state";
  EXPECT_EQ(state_directory(std::nullopt, environment), "/state/weir");
  environment.variables["STATE_DIRECTORY"] = "/var/lib/weir-1:/var/lib/other";
  EXPECT_EQ(state_directory(std::nullopt, environment), "/var/lib/weir-1");
  environment.variables["WEIR_STATE_DIR"] = "/mine";
  EXPECT_EQ(state_directory(std::nullopt, environment), "/mine");
  EXPECT_EQ(state_directory("/flag", environment), "/flag");
}

TEST(SystemEnvironment, SeesWhoMayReadAFile) {
  const SystemEnvironment system;
  const auto path = std::filesystem::path(testing::TempDir()) / ("open_" + std::to_string(::getpid()));
  std::ofstream(path) << "key";
  for (const auto& [mode, is_open] : {std::pair(0600, false), {0640, true}, {0604, true}, {0711, false}}) {
    std::filesystem::permissions(path, static_cast<std::filesystem::perms>(mode));
    EXPECT_EQ(system.is_open_to_others(path), is_open) << mode;
  }
  std::filesystem::remove(path);
  EXPECT_FALSE(system.is_open_to_others(path));
  EXPECT_FALSE(system.is_open_to_others("/dev/null"));
}

TEST(SystemEnvironment, ReadsOnlyRegularFilesWhereThatIsWanted) {
  const SystemEnvironment system(Readable::regular_files);
  const auto path = std::filesystem::path(testing::TempDir()) / ("regular_" + std::to_string(::getpid()));
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(system.read_file(path), std::nullopt);  // nobody writes to it
  std::filesystem::remove(path);
  std::ofstream(path) << "key";
  EXPECT_EQ(system.read_file(path), "key");
  std::filesystem::remove(path);
  EXPECT_EQ(system.read_file("/dev/null"), std::nullopt);
  EXPECT_EQ(system.read_file("/"), std::nullopt);
}

TEST(SystemEnvironment, ReadsFilesAndStopsAtEndlessOnes) {
  const SystemEnvironment system;
  EXPECT_TRUE(system.read_file(std::string(WEIR_TEST_DATA) + "/../../config/weir.example.yaml"));
  EXPECT_EQ(system.read_file("/nowhere/at/all"), std::nullopt);
  EXPECT_EQ(system.read_file("/"), std::nullopt);
  EXPECT_TRUE(system.exists("/"));
  EXPECT_FALSE(system.exists("/nowhere/at/all"));
  const auto endless = system.read_file("/dev/zero");
  ASSERT_TRUE(endless);
  EXPECT_GT(endless->size(), 1U << 20U);
  EXPECT_LT(endless->size(), 2U << 20U);
  EXPECT_TRUE(system.variable("PATH"));
  EXPECT_EQ(system.variable("WEIR_NO_SUCH_VARIABLE"), std::nullopt);
}

}  // namespace
}  // namespace weir::config
