// What providers answered, and more in their manner (tests/data/wire_answers): each file's `expect` is in the
// words of `weir diagnose --json`.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "app/verdict_text.hpp"
#include "weir/base/random.hpp"
#include "weir/providers/signals.hpp"

namespace weir::providers {
namespace {

using nlohmann::json;

json samples_of(const std::string& file) {
  std::ifstream stream(std::string(WEIR_TEST_DATA "/wire_answers/") + file);
  return json::parse(stream);
}

http::Fields fields_of(const json& headers) {
  http::Fields fields;
  for (const auto& [name, value] : headers.items()) fields.add(name, value.get<std::string>());
  return fields;
}

json diagnosed(const json& sample, const std::string& body) {
  const Signals* signals = find_signals(sample["provider"].get<std::string>());
  EXPECT_NE(signals, nullptr) << sample["provider"];
  if (signals == nullptr) return {};
  constexpr WallTime kNow = std::chrono::sys_days(std::chrono::year(2026) / 10 / 2) + std::chrono::hours(17);
  const Verdict verdict =
      diagnose(*signals, sample["status"].get<int>(), fields_of(sample["headers"]), body, kNow);
  return json::parse(app::verdict_json(verdict));
}

// Numbers that are one to a nanosecond are the same; a member that isn't expected may be there.
bool agrees(const json& expected, const json& got) {
  if (expected.is_number() && got.is_number())
    return std::abs(expected.get<double>() - got.get<double>()) < 1e-6;
  if (!expected.is_object()) return expected == got;
  for (const auto& [name, value] : expected.items())
    if (!agrees(value, got.value(name, json()))) return false;
  return got.is_object();
}

// In any order.
bool windows_agree(const json& expected, json got) {
  if (expected.size() != got.size()) return false;
  for (const json& window : expected) {
    const auto found = std::find_if(got.begin(), got.end(), [&](const json& w) { return agrees(window, w); });
    if (found == got.end()) return false;
    got.erase(found);
  }
  return true;
}

void expect_all(const std::string& file, std::size_t least) {
  const json samples = samples_of(file);
  ASSERT_GE(samples.size(), least);
  for (const json& sample : samples) {
    const json got = diagnosed(sample, sample["body"].get<std::string>());
    for (const auto& [name, value] : sample["expect"].items()) {
      const bool same =
          name == "windows" ? windows_agree(value, got["windows"]) : agrees(value, got.value(name, json()));
      EXPECT_TRUE(same) << sample["name"] << " " << name << "\n  expected " << value << "\n  got      "
                        << got.value(name, json());
    }
  }
}

TEST(WireAnswers, MeanWhatTheirProviderMeans) {
  expect_all("seen.json", 81);
}

// Other numbers, orders, spaces and words of the same grammar: no case was written for them.
TEST(WireAnswers, OfTheSameGrammarMeanTheSame) {
  expect_all("more.json", 40);
}

// A proxy may encode a body once more.
TEST(WireAnswers, EncodedTwiceMeanTheSame) {
  for (const json& sample : samples_of("seen.json")) {
    const auto body = sample["body"].get<std::string>();
    if (sample["status"] == 200 || !json::accept(body)) continue;
    EXPECT_EQ(diagnosed(sample, json(body).dump())["class"], sample["expect"]["class"]) << sample["name"];
  }
}

TEST(WireAnswers, HeaderNamesMayHaveCapitals) {
  for (json sample : samples_of("seen.json")) {
    json headers;
    for (const auto& [name, value] : sample["headers"].items()) {
      std::string shouted = name;
      for (char& c : shouted) c = static_cast<char>(std::toupper(c));
      headers[shouted] = value;
    }
    const json small = diagnosed(sample, sample["body"]);
    sample["headers"] = headers.is_null() ? json::object() : headers;
    EXPECT_TRUE(windows_agree(small["windows"], diagnosed(sample, sample["body"])["windows"]))
        << sample["name"];
  }
}

// Whatever is cut off or garbled, the wait is within bounds and the output is JSON.
TEST(WireAnswers, GarbledOnesAreStillRead) {
  SystemRandom random;
  for (const json& sample : samples_of("seen.json")) {
    const auto body = sample["body"].get<std::string>();
    for (int i = 0; i < 60 && !body.empty(); ++i) {
      std::string garbled = body.substr(0, random.bits() % body.size());
      for (int j = 0; j < 3 && !garbled.empty(); ++j)
        garbled[random.bits() % garbled.size()] = static_cast<char>(random.bits());
      const json got = diagnosed(sample, garbled);
      ASSERT_TRUE(got.is_object());
      ASSERT_TRUE(got["wait_s"].is_null() || got["wait_s"].get<double>() >= 0);
    }
  }
}

}  // namespace
}  // namespace weir::providers
