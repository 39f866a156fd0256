// Token windows where prompts are only estimated: hardly ever refused, and nearly all of what is granted is
// used.

#include <string>
#include <tuple>

#include "sim_fixture.hpp"

namespace weir::sim {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

// Window kind, and the provider's tokens for one of ours.
class TokenBars : public ::testing::TestWithParam<std::tuple<WindowKind, double>> {
 protected:
  static Scenario made(bool by_max_tokens) {
    const auto [kind, ratio] = GetParam();
    Scenario made = scenario({{tpm(kind, 60'000)}}, 3);
    made.time = hours(2);
    vary_sizes(made);
    made.traffic.tokens_for_ours = ratio;
    if (!by_max_tokens) return made;
    made.parts.providers[0].charge.tokens = quota::ChargeRule::Tokens::prompt_plus_max_tokens;
    for (Size& size : made.traffic.sizes) size.max_tokens = 2 * size.output;
    return made;
  }
  static void expect_kept(const Report& report) {
    EXPECT_LT(report.all().refused_per_thousand(), 1.0) << format(report);
    EXPECT_GE(report.share(), 0.95) << format(report);
    EXPECT_GT(report.all().accepted, 500U);
  }
};

TEST_P(TokenBars, AreKeptWhereUsageIsCharged) {
  expect_kept(run(made(false)));
}

TEST_P(TokenBars, AreKeptWhereMaxTokensAreCharged) {
  expect_kept(run(made(true)));
}

std::string name_of(const ::testing::TestParamInfo<TokenBars::ParamType>& info) {
  const auto [kind, ratio] = info.param;
  return std::string(quota::name(kind)) + (ratio < 1 ? "_less" : ratio > 1 ? "_more" : "_as_ours");
}

INSTANTIATE_TEST_SUITE_P(Kinds, TokenBars,
                         ::testing::Combine(::testing::Values(WindowKind::sliding, WindowKind::fixed,
                                                              WindowKind::first_use, WindowKind::refill),
                                            ::testing::Values(0.8, 1.0, 1.3)),
                         name_of);

}  // namespace
}  // namespace weir::sim
