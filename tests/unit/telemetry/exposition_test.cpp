#include "weir/telemetry/exposition.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "support/prometheus_text.hpp"
#include "unit/telemetry/records.hpp"

namespace weir::telemetry {
namespace {

using test::make_attempt;
using test::make_record;
using test::PrometheusText;

std::string text_of(const Telemetry& telemetry) {
  Exposition out;
  write_counters(telemetry, out);
  return out.take();
}

TEST(Exposition, ValuesAreEscaped) {
  Exposition out;
  out.begin("weir_build_info");
  out.sample({{"version", "a\"b\\c\nd"}}, std::uint64_t{1});
  const PrometheusText text(out.take());
  EXPECT_EQ(text.problem(), "");
  EXPECT_EQ(text.value("weir_build_info{version=\"a\\\"b\\\\c\\nd\"}"), 1);
}

TEST(Exposition, HistogramsAddUpToInfinity) {
  Histogram<OwnTime> histogram;
  histogram.observe(25'000);  // a bound belongs to its bucket
  histogram.observe(26'000);
  histogram.observe(60'000'000'000);
  Exposition out;
  out.begin("weir_overhead_seconds");
  out.histogram({}, histogram);
  const PrometheusText text(out.take());
  EXPECT_EQ(text.problem(), "");
  EXPECT_EQ(text.value("weir_overhead_seconds_bucket{le=\"2.5e-05\"}"), 1);
  EXPECT_EQ(text.value("weir_overhead_seconds_bucket{le=\"5e-05\"}"), 2);
  EXPECT_EQ(text.value("weir_overhead_seconds_bucket{le=\"0.0512\"}"), 2);
  EXPECT_EQ(text.value("weir_overhead_seconds_bucket{le=\"+Inf\"}"), 3);
  EXPECT_EQ(text.value("weir_overhead_seconds_count"), 3);
  EXPECT_NEAR(text.value("weir_overhead_seconds_sum"), 60.000051, 1e-9);
}

TEST(Exposition, WhatWasCountedIsThereByItsLabels) {
  Telemetry telemetry(1);
  RequestRecord record = make_record("a");
  record.attempts = {make_attempt(telemetry.number_of("p", "v/m"), "p/v/m", AttemptClass::rate_limited),
                     make_attempt(telemetry.number_of("q", "m"), "q/m")};
  record.stream = true;
  record.prompt_tokens = 9;
  record.completion_tokens = 2;
  telemetry.count(0, record);
  const PrometheusText text(text_of(telemetry));
  EXPECT_EQ(text.problem(), "");
  EXPECT_EQ(text.value("weir_http_requests_total{route=\"chat\",status=\"200\"}"), 1);
  EXPECT_EQ(text.value("weir_upstream_attempts_total{provider=\"p\",model=\"v/m\",outcome=\"rate_limited\"}"),
            1);
  EXPECT_EQ(text.value("weir_failovers_total{from_provider=\"p\",to_provider=\"q\",reason=\"rate_limited\"}"),
            1);
  EXPECT_EQ(text.value("gen_ai_client_token_usage_sum{gen_ai_operation_name=\"chat\",gen_ai_provider_name="
                       "\"q\",gen_ai_request_model=\"m\",gen_ai_response_model=\"m\",gen_ai_token_type="
                       "\"input\"}"),
            9);
  EXPECT_EQ(text.value("gen_ai_client_operation_duration_seconds_count{gen_ai_operation_name=\"chat\","
                       "gen_ai_provider_name=\"p\",gen_ai_request_model=\"v/m\",gen_ai_response_model="
                       "\"v/m\",error_type=\"rate_limited\"}"),
            1);
}

TEST(Exposition, WhatAClientSaysIsNoLabel) {
  Telemetry telemetry(1);
  RequestRecord record = make_record("client-chosen-id");
  record.model = "client-chosen-model";
  record.client = "client-name";
  record.path = "/client/path";
  telemetry.count(0, record);
  const std::string text = text_of(telemetry);
  EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr("client-")));
  EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr("/client")));
}

TEST(Families, HaveGoodNamesEachOnce) {
  std::set<std::string_view> names;
  for (const Family& family : families()) {
    EXPECT_TRUE(names.insert(family.name).second) << family.name;
    EXPECT_EQ(family.type == MetricType::counter, family.name.ends_with("_total")) << family.name;
    EXPECT_FALSE(family.help.empty()) << family.name;
    EXPECT_THAT(std::string(family.name), ::testing::MatchesRegex("(weir|gen_ai|process)_[a-z_]+"));
  }
}

}  // namespace
}  // namespace weir::telemetry
