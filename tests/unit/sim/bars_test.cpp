// The promises, for each kind of window and for mixes, a little below what the limits take and far above:
// hardly ever refused, and nearly all that an oracle could have been granted.

#include <functional>
#include <string>
#include <vector>

#include "sim_fixture.hpp"

namespace weir::sim {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

struct Case {
  std::string name;
  std::function<Scenario(double load)> make;
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name;
}

Scenario plain(const Limits& limits, double load) {
  Scenario made = scenario({limits}, load);
  made.time = hours(2);
  return made;
}

Scenario of_tokens(WindowKind kind, double load) {
  Scenario made = plain({tpm(kind, 60'000)}, load);
  vary_sizes(made);
  return made;
}

// Charged at admission by what the client allows, and given back by what was used.
Scenario by_max_tokens(WindowKind kind, double load) {
  Scenario made = of_tokens(kind, load);
  made.parts.providers[0].charge.tokens = quota::ChargeRule::Tokens::prompt_plus_max_tokens;
  for (Size& size : made.traffic.sizes) size.max_tokens = 2 * size.output;
  return made;
}

Scenario with_clock(Scenario made, Duration ahead) {
  made.truths["p0"].clock_ahead = ahead;
  return made;
}

Scenario of_a_day(quota::Limit limit, double load) {
  Scenario made = plain({std::move(limit)}, load);
  made.time = hours(24 * 4);
  return made;
}

// Slots are empty while an answer travels, so that answers must last: here six seconds.
Scenario of_concurrency(double load) {
  Scenario made = plain({concurrency(4)}, load);
  made.traffic.sizes[0].output = 600;
  return made;
}

Scenario mixed(const std::vector<Limits>& providers, double load) {
  Scenario made = scenario(providers, load);
  made.time = hours(1);
  vary_sizes(made);
  return made;
}

quota::Limit in_los_angeles(quota::Limit limit) {
  limit.zone = "America/Los_Angeles";
  return limit;
}

std::vector<Case> kinds() {
  using Kind = WindowKind;
  const auto short_period = [](Kind kind, std::uint64_t amount, Duration period) {
    return limit(kind, Dimension::requests, amount, {quota::Period::Unit::span, period});
  };
  const auto by_day = [](Kind kind) { return limit(kind, Dimension::requests, 500, quota::kDayPeriod); };
  return {
      {"sliding", [](double load) { return plain({rpm(Kind::sliding, 60)}, load); }},
      {"sliding_by_cells", [](double load) { return plain({rpm(Kind::sliding, 400)}, load); }},
      {"sliding_of_ten_seconds",
       [=](double load) { return plain({short_period(Kind::sliding, 20, seconds(10))}, load); }},
      {"sliding_day", [=](double load) { return of_a_day(by_day(Kind::sliding), load); }},
      {"fixed_clock_ahead",
       [](double load) { return with_clock(plain({rpm(Kind::fixed, 60)}, load), milliseconds(150)); }},
      {"fixed_clock_behind",
       [](double load) { return with_clock(plain({rpm(Kind::fixed, 60)}, load), -milliseconds(150)); }},
      {"fixed_of_two_seconds",
       [=](double load) { return plain({short_period(Kind::fixed, 5, seconds(2))}, load); }},
      {"first_use", [](double load) { return plain({rpm(Kind::first_use, 60)}, load); }},
      {"calendar", [=](double load) { return of_a_day(in_los_angeles(by_day(Kind::calendar)), load); }},
      {"calendar_with_a_day_of_25_hours",
       [=](double load) {
         Scenario made = of_a_day(in_los_angeles(by_day(Kind::calendar)), load);
         made.start =
             std::chrono::sys_days(std::chrono::year(2026) / 10 / 30);  // clocks go back on 1 November
         return made;
       }},
      {"refill", [](double load) { return plain({rpm(Kind::refill, 60)}, load); }},
      {"interval", [](double load) { return plain({rpm(Kind::interval, 60)}, load); }},
      {"credit",
       [](double load) { return plain({limit(Kind::credit, Dimension::requests, 4000, {})}, load); }},
      {"concurrency", of_concurrency},
      {"tokens_sliding", [](double load) { return of_tokens(Kind::sliding, load); }},
      {"tokens_fixed", [](double load) { return of_tokens(Kind::fixed, load); }},
      {"tokens_first_use", [](double load) { return of_tokens(Kind::first_use, load); }},
      {"tokens_refill", [](double load) { return of_tokens(Kind::refill, load); }},
      {"max_tokens_sliding", [](double load) { return by_max_tokens(Kind::sliding, load); }},
      {"max_tokens_fixed", [](double load) { return by_max_tokens(Kind::fixed, load); }},
      {"max_tokens_refill", [](double load) { return by_max_tokens(Kind::refill, load); }},
  };
}

std::vector<Case> mixes() {
  using Kind = WindowKind;
  return {
      {"requests_and_tokens",
       [](double load) {
         return mixed({{rpm(Kind::sliding, 60), tpm(Kind::sliding, 50'000)}}, load);
       }},
      {"fixed_requests_refilled_tokens_and_concurrency",
       [](double load) {
         return mixed({{rpm(Kind::fixed, 60), tpm(Kind::refill, 50'000), concurrency(8)}}, load);
       }},
      {"three_providers",
       [](double load) {
         return with_clock(mixed({{rpm(Kind::fixed, 30)},
                                  {rpm(Kind::sliding, 60), tpm(Kind::sliding, 60'000)},
                                  {rpm(Kind::refill, 60)}},
                                 load),
                           milliseconds(150));
       }},
      {"one_of_each_kind",
       [](double load) {
         return mixed({{rpm(Kind::sliding, 20)},
                       {rpm(Kind::fixed, 20)},
                       {rpm(Kind::first_use, 20)},
                       {rpm(Kind::refill, 20)},
                       {rpm(Kind::interval, 20)},
                       {concurrency(2)}},
                      load);
       }},
  };
}

class Bars : public ::testing::TestWithParam<Case> {
 protected:
  static void expect_kept(double load) {
    const Report report = run(GetParam().make(load));
    EXPECT_LT(report.all().refused_per_thousand(), 1.0) << format(report);
    EXPECT_GE(report.share(), 0.97) << format(report);
    EXPECT_GT(report.all().accepted, 500U);
  }
};

TEST_P(Bars, AreKeptJustBelowWhatTheLimitsTake) {
  expect_kept(0.9);
}

TEST_P(Bars, AreKeptAtThreeTimesThat) {
  expect_kept(3);
}

std::string name_of(const ::testing::TestParamInfo<Case>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Kinds, Bars, ::testing::ValuesIn(kinds()), name_of);
INSTANTIATE_TEST_SUITE_P(Mixes, Bars, ::testing::ValuesIn(mixes()), name_of);

}  // namespace
}  // namespace weir::sim
