// What providers really answered (tests/data/wire_samples), read by the preset of each file's name.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "weir/providers/signals.hpp"

namespace weir::providers {
namespace {

using nlohmann::json;

struct Sample {
  std::string preset;
  json words;
};

std::vector<Sample> all_samples() {
  std::vector<Sample> samples;
  for (const auto& entry : std::filesystem::directory_iterator(WEIR_TEST_DATA "/wire_samples")) {
    std::ifstream file(entry.path());
    for (const json& sample : json::parse(file)) samples.push_back({entry.path().stem().string(), sample});
  }
  return samples;
}

std::string period_name(quota::Period period) {
  if (period == quota::kMinutePeriod) return "minute";
  if (period == quota::kHourPeriod) return "hour";
  if (period == quota::kDayPeriod) return "day";
  if (period == quota::kMonthPeriod) return "month";
  return std::to_string(period.length / std::chrono::seconds(1)) + "s";
}

// "requests/minute".
std::string window_name(quota::Dimension dimension, quota::Period period) {
  return std::string(quota::name(dimension)) + "/" + period_name(period);
}
std::string window_name(const json& window) {
  return window[0].get<std::string>() + "/" + window[1].get<std::string>();
}

double seconds_of(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// A field that a sample doesn't name must stay unknown.
void expect_observation(const quota::Observation& observed, const json& expected) {
  const std::string window = window_name(observed.dimension, observed.period);
  EXPECT_EQ(window, window_name(expected["window"]));
  for (const auto& [field, value] : {std::pair{"limit", observed.limit}, {"remaining", observed.remaining}}) {
    EXPECT_EQ(value.has_value(), expected.contains(field)) << window << " " << field;
    if (value && expected.contains(field)) {
      EXPECT_EQ(*value, expected[field].get<std::uint64_t>()) << window;
    }
  }
  EXPECT_EQ(observed.reset.has_value(), expected.contains("reset_s")) << window;
  if (observed.reset && expected.contains("reset_s")) {
    EXPECT_NEAR(seconds_of(*observed.reset), expected["reset_s"].get<double>(), 1e-6) << window;
  }
}

void expect_windows(const std::vector<quota::Observation>& observed, const json& expected) {
  EXPECT_EQ(observed.size(), expected.size());
  for (const json& window : expected) {
    const auto found = std::ranges::find_if(observed, [&](const quota::Observation& o) {
      return window_name(o.dimension, o.period) == window_name(window["window"]);
    });
    if (found == observed.end()) {
      ADD_FAILURE() << "not seen: " << window_name(window["window"]);
    } else {
      expect_observation(*found, window);
    }
  }
}

void expect_verdict(const Verdict& verdict, const json& expected) {
  EXPECT_EQ(name(verdict.answer_class), expected["class"].get<std::string>());
  const bool named = verdict.dimension && verdict.period;
  EXPECT_EQ(named, expected.contains("violated"));
  if (named && expected.contains("violated")) {
    EXPECT_EQ(window_name(*verdict.dimension, *verdict.period), window_name(expected["violated"]));
  }
  EXPECT_EQ(verdict.wait.has_value(), expected.contains("wait_s"));
  if (verdict.wait && expected.contains("wait_s")) {
    EXPECT_NEAR(seconds_of(*verdict.wait), expected["wait_s"].get<double>(), 1e-6);
  }
  EXPECT_EQ(verdict.stated.has_value(), expected.contains("stated"));
  if (verdict.stated && expected.contains("stated")) expect_observation(*verdict.stated, expected["stated"]);
}

WallTime time_of(const json& sample) {
  constexpr WallTime kEarlier = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
  return kEarlier +
         parse_wait(sample.value("now", "2026-10-02T17:00:00Z"), ValueFormat::rfc3339, kEarlier).value();
}

TEST(WireSamples, MeanWhatTheirProviderMeans) {
  const std::vector<Sample> samples = all_samples();
  ASSERT_GT(samples.size(), 30U);
  for (const auto& [preset_name, sample] : samples) {
    SCOPED_TRACE(preset_name + ": " + sample["name"].get<std::string>());
    const Signals* signals = find_signals(preset_name);
    ASSERT_NE(signals, nullptr);
    http::Fields fields;
    for (const auto& [name, value] : sample["headers"].items()) fields.add(name, value.get<std::string>());
    const WallTime now = time_of(sample);
    const auto observed = observations(*signals, fields, now);
    const json& expected = sample["expect"];
    expect_windows(observed, expected.value("windows", json::array()));
    const auto status = sample["status"].get<int>();
    expect_verdict(classify(*signals, {status, fields, sample["body"].get<std::string>()}, now), expected);
  }
}

// Bytes cut anywhere, or none at all, are still an answer of that status.
TEST(WireSamples, CutBodiesNeverWidenTheBlame) {
  for (const auto& [preset_name, sample] : all_samples()) {
    const auto body = sample["body"].get<std::string>();
    const auto status = sample["status"].get<int>();
    if (status != 429) continue;
    for (std::size_t size = 0; size < body.size(); ++size) {
      const Verdict verdict =
          classify(*find_signals(preset_name),
                   {status, http::Fields{}, std::string_view(body).substr(0, size)}, WallTime{});
      EXPECT_FALSE(verdict.whole_account) << preset_name << ": " << body.substr(0, size);
    }
  }
}

}  // namespace
}  // namespace weir::providers
