// Limits that were told wrong or not at all, and keys that somebody else uses too.

#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "sim_fixture.hpp"

namespace weir::sim {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

// What refusals and heads say.
enum class Voice : std::uint8_t { silent, wait, window, heads };

void speak(Truth& truth, Voice voice) {
  truth.says_wait = voice != Voice::silent;
  truth.names_window = voice == Voice::window;
  if (voice == Voice::heads) truth.told = {{Dimension::requests, quota::kMinutePeriod}};
}

std::string name(Voice voice) {
  switch (voice) {
    case Voice::silent:
      return "silent";
    case Voice::wait:
      return "wait";
    case Voice::window:
      return "window";
    case Voice::heads:
      return "heads";
  }
  return "";
}

using Param = std::tuple<WindowKind, Voice, double>;

std::string name_of(const ::testing::TestParamInfo<Param>& info) {
  const auto& [kind, voice, load] = info.param;
  return std::string(quota::name(kind)) + "_" + name(voice) + "_" + std::to_string(std::lround(100 * load));
}

class WrongLimits : public ::testing::TestWithParam<Param> {
 protected:
  // The provider takes 60 a minute, and is said to take so many; 0: nothing is said.
  static void expect_learnt(std::uint64_t told) {
    const auto& [kind, voice, load] = GetParam();
    quota::Limit said = rpm(kind, told);
    said.source = quota::Source::preset;
    for (const std::uint64_t seed : {1U, 2U}) {
      Scenario made = scenario({told == 0 ? Limits{} : Limits{said}}, load, seed);
      speak(made.truths["p0"], voice);
      made.truths["p0"].limits = Limits{rpm(kind, 60)};
      made.settling_in = minutes(10);
      made.time = minutes(70);
      const Report report = run(std::move(made));
      EXPECT_LT(report.all().refused_per_thousand(), 20) << format(report);
      EXPECT_GE(report.share(), 0.9) << format(report);
    }
  }
};

TEST_P(WrongLimits, TwiceTooHighAreLearntInTenWindows) {
  expect_learnt(120);
}

TEST_P(WrongLimits, HalfTooLowAreLearntInTenWindows) {
  expect_learnt(30);
}

using UntoldLimits = WrongLimits;

TEST_P(UntoldLimits, AreLearntInTenWindows) {
  expect_learnt(0);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, WrongLimits,
    ::testing::Combine(::testing::Values(WindowKind::sliding, WindowKind::fixed, WindowKind::first_use,
                                         WindowKind::refill, WindowKind::interval),
                       ::testing::Values(Voice::silent, Voice::wait, Voice::window, Voice::heads),
                       ::testing::Values(0.9, 3.0)),
    name_of);

// All but the interval: a gap that nobody has told of looks like a limit that is different each time.
INSTANTIATE_TEST_SUITE_P(Kinds, UntoldLimits,
                         ::testing::Combine(::testing::Values(WindowKind::sliding, WindowKind::fixed,
                                                              WindowKind::first_use, WindowKind::refill),
                                            ::testing::Values(Voice::silent, Voice::wait, Voice::window,
                                                              Voice::heads),
                                            ::testing::Values(0.9, 3.0)),
                         name_of);

class WrongTokenLimits : public ::testing::TestWithParam<Param> {};

TEST_P(WrongTokenLimits, AreLearntInTenWindows) {
  const auto& [kind, voice, load] = GetParam();
  for (const std::uint64_t told : {120'000U, 30'000U}) {
    quota::Limit said = tpm(kind, told);
    said.source = quota::Source::preset;
    Scenario made = scenario({{said}}, load);
    speak(made.truths["p0"], voice);
    if (voice == Voice::heads) made.truths["p0"].told = {{Dimension::tokens, quota::kMinutePeriod}};
    made.truths["p0"].limits = Limits{tpm(kind, 60'000)};
    vary_sizes(made);
    made.settling_in = minutes(10);
    made.time = minutes(70);
    const Report report = run(std::move(made));
    EXPECT_LT(report.all().refused_per_thousand(), 20) << format(report);
    EXPECT_GE(report.share(), 0.9) << format(report);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, WrongTokenLimits,
    ::testing::Combine(::testing::Values(WindowKind::sliding, WindowKind::fixed, WindowKind::first_use),
                       ::testing::Values(Voice::silent, Voice::wait, Voice::window, Voice::heads),
                       ::testing::Values(0.9, 3.0)),
    name_of);

class Stranger : public ::testing::TestWithParam<Param> {};

// Three tenths of the pool, taken without asking. How much is left to us in one run is a matter of chance:
// when the two meet decides how long the learner stays careful.
TEST_P(Stranger, OnTheSameKeyHardlyEverGetsUsRefused) {
  const auto& [kind, voice, load] = GetParam();
  constexpr std::uint64_t kSeeds = 6;
  double shares = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Scenario made = scenario({{rpm(kind, 60)}}, load, seed);
    speak(made.truths["p0"], voice);
    made.truths["p0"].foreign_rate = 0.3;
    made.time = hours(3);
    const Report report = run(std::move(made));
    EXPECT_LT(report.all().refused_per_thousand(), 20) << format(report);
    shares += report.share();
  }
  EXPECT_GE(shares / kSeeds, 0.5);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Stranger,
                         ::testing::Combine(::testing::Values(WindowKind::sliding, WindowKind::fixed,
                                                              WindowKind::first_use, WindowKind::refill),
                                            ::testing::Values(Voice::silent, Voice::wait, Voice::window,
                                                              Voice::heads),
                                            ::testing::Values(0.6, 0.9, 3.0)),
                         name_of);

}  // namespace
}  // namespace weir::sim
