#include <gmock/gmock.h>

#include "support/prometheus_text.hpp"
#include "unit/admin/admin_fixture.hpp"
#include "weir/tokens/estimator.hpp"

namespace weir::admin {
namespace {

using nlohmann::json;

class CountingTest : public Admin {
 protected:
  // So many prompts that a provider counts half as much again.
  void teach(std::size_t target, int answers, tokens::Method method = tokens::Method::bytes) {
    tokens::PromptSize size{.method = method};
    size.tokens.fill(1000);
    for (int i = 0; i < answers; ++i) {
      catalogue_.targets()[target].counting->learn_prompt(size, 1500);
      catalogue_.targets()[target].counting->learn_output(300);
    }
  }
};

TEST_F(CountingTest, IsToldOfWhatHasTaughtAndOnceAModel) {
  EXPECT_EQ(get("/admin/v1/status")["counting"], json::array());
  teach(0, 20);
  const json counting = get("/admin/v1/status")["counting"];
  ASSERT_EQ(counting.size(), 1U) << "the two keys count alike";
  const json& one = counting[0];
  EXPECT_EQ(one["target"], "p/vendor/m");
  EXPECT_EQ(one["tokenizer"], "unknown");
  EXPECT_EQ(one["method"], "bytes");
  EXPECT_NEAR(one["ratio"].get<double>() * 1000 + one["overhead"].get<double>(), 1500, 40);
  EXPECT_GT(one["spread"], 0.0);
  EXPECT_EQ(one["answers"], 20);
  EXPECT_GT(one["output_p95"], one["output_p50"]);
}

TEST_F(CountingTest, IsOfTheMethodThatMostWereEstimatedBy) {
  teach(0, 2);
  teach(0, 3, tokens::Method::encoder);
  const json one = get("/admin/v1/status")["counting"][0];
  EXPECT_EQ(one["method"], "encoder");
  EXPECT_EQ(one["answers"], 3);
}

TEST_F(CountingTest, StandsAtEachTargetOfAModel) {
  teach(0, 20);
  const json report = get("/admin/v1/models");
  for (const json& model : report["models"])
    for (const json& target : model["targets"])
      EXPECT_EQ(target["counting"]["answers"], target["target"] == "p/vendor/m" ? 20 : 0) << target;
}

TEST_F(CountingTest, IsMeasuredWhereSomethingWasLearned) {
  teach(0, 20);
  const test::PrometheusText text(api_.metrics(context(), clock_.now()));
  EXPECT_EQ(text.problem(), "");
  const std::string model = R"({provider="p",model="vendor/m"})";
  EXPECT_NEAR(text.value("weir_token_ratio" + model) * 1000 + text.value("weir_token_overhead" + model), 1500,
              40);
  EXPECT_GT(text.value("weir_token_spread_ratio" + model), 0);
  EXPECT_EQ(text.value("weir_token_answers" + model), 20);
  EXPECT_THAT(api_.metrics(context(), clock_.now()),
              ::testing::Not(::testing::HasSubstr(R"(weir_token_ratio{provider="q")")));
}

}  // namespace
}  // namespace weir::admin
