#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "weir/telemetry/exposition.hpp"

// What people import must speak of metrics that there are.
namespace weir::telemetry {
namespace {

std::string read(const std::string& name) {
  std::ifstream file(std::string(WEIR_TEST_DATA) + "/../../contrib/" + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string> names_in(const std::string& text) {
  static const std::regex pattern("\\b(weir|gen_ai_client|process)_[a-z_]+");
  std::set<std::string> names;
  for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match)
    names.insert(match->str());
  return names;
}

bool is_known(const std::string& name) {
  return std::ranges::any_of(families(), [&](const Family& family) {
    if (family.type != MetricType::histogram) return name == family.name;
    return std::ranges::any_of(
        std::initializer_list<std::string_view>{"_bucket", "_sum", "_count"},
        [&](std::string_view suffix) { return name == std::string(family.name) + std::string(suffix); });
  });
}

bool is_a_label(const std::string& name) {
  return std::ranges::any_of(families(), [&](const Family& family) {
    const std::string labels = " " + std::string(family.labels) + " ";
    return labels.find(" " + name + " ") != std::string::npos;
  });
}

TEST(Contrib, RulesAndTheDashboardNameMetricsThatThereAre) {
  for (const char* const file : {"prometheus/rules.yml", "grafana/weir.json"}) {
    const auto names = names_in(read(file));
    EXPECT_GT(names.size(), 5U) << file;
    for (const std::string& name : names)
      EXPECT_TRUE(is_known(name) || is_a_label(name)) << file << ": " << name;
  }
}

TEST(Contrib, TheRuleForQuotaKnowsEachLongWindow) {
  const std::string rules = read("prometheus/rules.yml");
  static const std::regex pattern("window=~\"([^\"]+)\"");
  int places = 0;
  for (std::sregex_iterator match(rules.begin(), rules.end(), pattern), end; match != end;
       ++match, ++places) {
    const std::regex window((*match)[1].str());
    for (const char* const label : {"rpd", "tpmo", "rph", "credits credit", "output_tokens per day",
                                    "input_tokens per month", "requests per 1h30m", "tokens per 7d"})
      EXPECT_TRUE(std::regex_match(label, window)) << label;
    for (const char* const label : {"rpm", "tpm", "concurrency", "output_tokens per 1m", "requests per 30m"})
      EXPECT_FALSE(std::regex_match(label, window)) << label;
  }
  EXPECT_EQ(places, 2);
}

TEST(Contrib, TheDashboardShowsWhatMatters) {
  const auto names = names_in(read("grafana/weir.json"));
  for (const char* const name : {"weir_quota_remaining", "weir_failovers_total", "weir_key_state",
                                 "gen_ai_client_operation_time_to_first_chunk_seconds_bucket"})
    EXPECT_TRUE(names.contains(name)) << name;
}

}  // namespace
}  // namespace weir::telemetry
