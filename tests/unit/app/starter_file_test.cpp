#include "app/starter_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "weir/config/config.hpp"

namespace weir::app {
namespace {

using testing::HasSubstr;
using testing::Not;

using Map = std::map<std::string, std::string, std::less<>>;

class Variables final : public config::Environment {
 public:
  explicit Variables(Map variables) : variables_(std::move(variables)) {}
  [[nodiscard]] std::optional<std::string> variable(std::string_view name) const override {
    const auto found = variables_.find(name);
    return found == variables_.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] std::optional<std::string> read_file(const std::filesystem::path&) const override {
    return std::nullopt;
  }

 private:
  Map variables_;
};

// Takes the # off the lines that begin with `begins` after it.
std::string uncommented(std::string text, std::string_view begins) {
  std::size_t taken = 0;
  for (std::size_t at = text.find("\n  #"); at != std::string::npos; at = text.find("\n  #", at + 1)) {
    if (!std::string_view(text).substr(at + 4).starts_with(begins)) continue;
    text.erase(at + 3, 1);
    ++taken;
  }
  EXPECT_GT(taken, 0U) << begins;
  return text;
}

config::Loaded load(const std::string& text, const config::Environment& environment) {
  return config::load_text(text, "weir.yaml", {}, environment);
}

std::vector<std::string> names(const config::Loaded& loaded) {
  std::vector<std::string> names;
  for (const providers::Provider& provider : loaded.config.providers) names.push_back(provider.name);
  return names;
}

TEST(StarterFileTest, WithoutKeysIsRightAndTakesWhatComesLater) {
  const StarterFile starter = starter_file(Variables(Map()));
  EXPECT_EQ(starter.found, 0U);
  EXPECT_TRUE(load(starter.text, Variables(Map())).ok());
  const Variables later(Map{{"GROQ_API_KEY", "gsk-0123456789"}, {"MISTRAL_API_KEY", "sk-0123456789"}});
  EXPECT_THAT(names(load(starter.text, later)), testing::ElementsAre("groq", "mistral"));
  const config::Loaded one = load(uncommented(starter.text, "groq:"), later);
  EXPECT_TRUE(one.ok()) << config::format_problems(one.problems);
  EXPECT_THAT(names(one), testing::ElementsAre("groq"));
}

TEST(StarterFileTest, EverythingInItWorksOnceItsNumberSignIsOff) {
  const Variables environment(Map{{"GROQ_API_KEY", "gsk-0123456789"}});
  for (const auto& variables : {Variables(Map()), environment}) {
    std::string text = starter_file(variables).text;
    for (const char* begins : {"mistral:", "local:", "        models: {qwen3",
                               "smart:", "  strategy:", "  targets:", "    - ", "gpt-4o:"})
      text = uncommented(text, begins);
    if (text.find("\n  #groq:") != std::string::npos) text = uncommented(text, "groq:");
    const config::Loaded loaded = load(text, environment);
    EXPECT_TRUE(loaded.ok()) << text << config::format_problems(loaded.problems);
    EXPECT_THAT(names(loaded), testing::UnorderedElementsAre("groq", "local"));
    ASSERT_EQ(loaded.config.models.size(), 1U);
    EXPECT_EQ(loaded.config.models.front().targets.size(), 2U);
    EXPECT_EQ(loaded.config.aliases.size(), 1U);
  }
}

TEST(StarterFileTest, NamesTheProvidersWhoseKeyIsSetAndNoKey) {
  const Variables environment(Map{{"GROQ_KEY", "gsk-planted"}, {"GEMINI_API_KEY", "sk-planted"}});
  const StarterFile starter = starter_file(environment);
  EXPECT_EQ(starter.found, 2U);
  EXPECT_THAT(starter.text, testing::ContainsRegex("\n  groq: \\{\\} +# key: GROQ_KEY\n"));
  EXPECT_THAT(starter.text, testing::ContainsRegex("\n  #mistral: \\{\\} +# set MISTRAL_API_KEY\n"));
  EXPECT_THAT(starter.text, Not(HasSubstr("planted")));
}

TEST(StarterFileTest, AProviderWhoseAddressLacksAVariableIsLeftOut) {
  const Variables key_alone(Map{{"CLOUDFLARE_API_TOKEN", "0123456789"}});
  const StarterFile starter = starter_file(key_alone);
  EXPECT_EQ(starter.found, 0U);
  EXPECT_THAT(starter.text, testing::ContainsRegex("\n  #cloudflare: \\{\\} +# set CLOUDFLARE_ACCOUNT_ID\n"));
  EXPECT_TRUE(load(starter.text, key_alone).ok());
  const Variables both(Map{{"CLOUDFLARE_API_TOKEN", "0123456789"}, {"CLOUDFLARE_ACCOUNT_ID", "abc"}});
  EXPECT_EQ(starter_file(both).found, 1U);
}

}  // namespace
}  // namespace weir::app
