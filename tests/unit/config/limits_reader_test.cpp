#include "config/limits_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fixture.hpp"

namespace weir::config {
namespace {

using quota::Dimension;
using quota::Limit;
using quota::Period;
using quota::WindowKind;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

struct Read {
  std::vector<Limit> limits;
  std::vector<std::string> problems;  // errors as they are, warnings with "warning: "
};

MapEnvironment with_zones() {
  MapEnvironment environment;
  environment.files = {{"/usr/share/zoneinfo/UTC", ""}, {"/usr/share/zoneinfo/America/Los_Angeles", ""}};
  environment.variables = {{"LIMIT", "12"}};
  return environment;
}

Read read(std::string_view text) {
  Report report("weir.yaml", text);
  const MapEnvironment environment = with_zones();
  Reading reading{.report = report, .environment = environment, .folder = {}, .said = {}};
  Read out;
  const auto tree = parse_yaml(text, report);
  if (tree && tree->root != nullptr) out.limits = read_limits(reading, {tree->root, "limits"});
  for (const Problem& problem : report.take())
    out.problems.push_back((problem.severity == Problem::Severity::warning ? "warning: " : "") +
                           problem.message);
  return out;
}

struct Good {
  std::string_view text;
  Limit limit;
};

TEST(Limits, HaveShortFormsThatSlide) {
  const Good cases[] = {
      {"rps: 5", {Dimension::requests, 5, quota::kSecondPeriod}},
      {"rpm: 30", {Dimension::requests, 30, quota::kMinutePeriod}},
      {"rph: 1k", {Dimension::requests, 1000, quota::kHourPeriod}},
      {"rpd: 14400", {Dimension::requests, 14400, quota::kDayPeriod}},
      {"rpmo: 2M", {Dimension::requests, 2'000'000, quota::kMonthPeriod}},
      {"tpm: 8k", {Dimension::tokens, 8000, quota::kMinutePeriod}},
      {"tph: 1.5M", {Dimension::tokens, 1'500'000, quota::kHourPeriod}},
      {"tpd: 1B", {Dimension::tokens, 1'000'000'000, quota::kDayPeriod}},
      {"tpmo: 0", {Dimension::tokens, 0, quota::kMonthPeriod}},
      {"itpm: 250k", {Dimension::input_tokens, 250'000, quota::kMinutePeriod}},
      {"otpm: \"40\"", {Dimension::output_tokens, 40, quota::kMinutePeriod}},
      {"rpm: ${LIMIT}", {Dimension::requests, 12, quota::kMinutePeriod}},
      {"rpm: ${NONE:-3}", {Dimension::requests, 3, quota::kMinutePeriod}},
      {"concurrency: 4", {.dimension = Dimension::in_flight, .amount = 4, .window = WindowKind::concurrency}},
  };
  for (const Good& one : cases) EXPECT_THAT(read(one.text).limits, ElementsAre(one.limit)) << one.text;
}

TEST(Limits, HaveALongForm) {
  const Good cases[] = {
      {"rpm: {limit: 30}", {Dimension::requests, 30, quota::kMinutePeriod}},
      {"rpd: {limit: 1000, window: calendar, zone: America/Los_Angeles}",
       {Dimension::requests, 1000, quota::kDayPeriod, WindowKind::calendar, "America/Los_Angeles"}},
      {"rpd: {limit: 50, window: calendar}",
       {Dimension::requests, 50, quota::kDayPeriod, WindowKind::calendar, "UTC"}},
      {"rpmo: {limit: 1k, window: calendar}",
       {Dimension::requests, 1000, quota::kMonthPeriod, WindowKind::calendar, "UTC"}},
      {"tpm: {limit: 8k, window: refill}",
       {Dimension::tokens, 8000, quota::kMinutePeriod, WindowKind::refill}},
      {"tpm: {limit: 8k, window: sliding}", {Dimension::tokens, 8000, quota::kMinutePeriod}},
      {"rpm: {limit: 20, window: fixed}", {Dimension::requests, 20, quota::kMinutePeriod, WindowKind::fixed}},
      {"rpd: {limit: 20, window: first_use}",
       {Dimension::requests, 20, quota::kDayPeriod, WindowKind::first_use}},
      {"rpm: {limit: 20, window: interval}",
       {Dimension::requests, 20, quota::kMinutePeriod, WindowKind::interval}},
      {"rpm: {limit: 20, models: [\"*:free\", a]}",
       {.dimension = Dimension::requests, .amount = 20, .models = {"*:free", "a"}}},
      {"concurrency: {limit: 2, models: [a]}",
       {.dimension = Dimension::in_flight, .amount = 2, .window = WindowKind::concurrency, .models = {"a"}}},
  };
  for (const Good& one : cases) EXPECT_THAT(read(one.text).limits, ElementsAre(one.limit)) << one.text;
}

TEST(Limits, TakeAnyDimensionOverAnyPeriod) {
  const auto span = [](Duration length) { return Period{Period::Unit::span, length}; };
  const Good cases[] = {
      {"{requests: 5, per: 2s, window: fixed}",
       {Dimension::requests, 5, span(seconds(2)), WindowKind::fixed}},
      {"{requests: 5, per: 2}", {Dimension::requests, 5, span(seconds(2))}},
      {"{tokens: 5k, per: 1h30m}", {Dimension::tokens, 5000, span(seconds(5400))}},
      {"{input_tokens: 1M, per: second}", {Dimension::input_tokens, 1'000'000, quota::kSecondPeriod}},
      {"{output_tokens: 7, per: minute}", {Dimension::output_tokens, 7, quota::kMinutePeriod}},
      {"{requests: 7, per: 60s}", {Dimension::requests, 7, quota::kMinutePeriod}},
      {"{requests: 7, per: hour}", {Dimension::requests, 7, quota::kHourPeriod}},
      {"{requests: 7, per: day}", {Dimension::requests, 7, quota::kDayPeriod}},
      {"{requests: 7, per: 24h}", {Dimension::requests, 7, quota::kDayPeriod}},
      {"{requests: 7, per: 1d, window: calendar}",
       {Dimension::requests, 7, quota::kDayPeriod, WindowKind::calendar, "UTC"}},
      {"{requests: 7, per: 7d}", {Dimension::requests, 7, span(seconds(604800))}},
      {"{requests: 7, per: month}", {Dimension::requests, 7, quota::kMonthPeriod}},
      {"{requests: 50, per: day, window: calendar, zone: UTC, models: [\"*:free\"]}",
       {.dimension = Dimension::requests,
        .amount = 50,
        .period = quota::kDayPeriod,
        .window = WindowKind::calendar,
        .models = {"*:free"}}},
      {"{tokens: 5M, window: credit, expires: 2026-12-24}",
       {.dimension = Dimension::tokens,
        .amount = 5'000'000,
        .window = WindowKind::credit,
        .expires = std::chrono::sys_days(std::chrono::year(2026) / 12 / 24)}},
      {"{requests: 100, window: credit}",
       {.dimension = Dimension::requests, .amount = 100, .window = WindowKind::credit}},
  };
  for (const Good& one : cases)
    EXPECT_THAT(read("other: [" + std::string(one.text) + "]").limits, ElementsAre(one.limit)) << one.text;
}

TEST(Limits, StandSideBySide) {
  const Read got =
      read("rpm: 30\nother: [{requests: 2, per: 1s}, {requests: 3, per: 2s}]\ntpm: 5\nconcurrency: 1");
  EXPECT_EQ(got.limits.size(), 5U);
  EXPECT_THAT(got.problems, IsEmpty());
  EXPECT_THAT(read("{}").limits, IsEmpty());
}

struct Bad {
  std::string_view text;
  std::string_view problem;
};

TEST(Limits, SayWhatIsWrong) {
  const Bad cases[] = {
      {"[1]", "limits: expected a map of limits, got a list"},
      {"5", "limits: expected a map of limits, got a text"},
      {"rpm: thirty", "limits.rpm: expected a count, got \"thirty\""},
      {"rpm:", "limits.rpm: expected a count, got nothing"},
      {"rpm: -1", "limits.rpm: expected a count, got \"-1\""},
      {"rpm: 1.5", "limits.rpm: expected a count, got \"1.5\""},
      {"rpm: 30/min", "limits.rpm: expected a count, got \"30/min\""},
      {"rpm: [30]", "limits.rpm: expected a count, got a list"},
      {"rpm: ${NONE}", "limits.rpm: NONE is not set; set it, or give a default: ${NONE:-...}"},
      {"rmp: 30", "unknown key \"rmp\" in limits; did you mean \"rpm\"?"},
      {"tps: 30", "unknown key \"tps\" in limits; did you mean \"rps\"?"},
      {"rpm: {}", "limits.rpm.limit: expected a count, got nothing"},
      {"rpm: {limit: x}", "limits.rpm.limit: expected a count, got \"x\""},
      {"rpm: {limit: 1, per: 2s}", "unknown key \"per\" in limits.rpm"},
      {"rpm: {limit: 1, window: rolling}",
       "limits.rpm.window: expected sliding, fixed, first_use, calendar, refill, interval or credit, got "
       "\"rolling\""},
      {"rpm: {limit: 1, window: calendar}",
       "limits.rpm.window: a calendar window is a day or a month; use fixed for other periods"},
      {"tpd: {limit: 1, window: credit}",
       "limits.tpd.window: a credit has no period; write it under other, as {tokens: ..., window: credit}"},
      {"rpd: {limit: 1, zone: UTC}",
       "limits.rpd.zone: only window: calendar has a zone; remove it, or change the window"},
      {"rpd: {limit: 1, window: calendar, zone: Mars/Olympus}",
       "limits.rpd.zone: expected a time zone like America/Los_Angeles, got \"Mars/Olympus\""},
      {"rpd: {limit: 1, window: calendar, zone: ../../etc/passwd}",
       "limits.rpd.zone: expected a time zone like America/Los_Angeles, got \"../../etc/passwd\""},
      {"rpd: {limit: 1, expires: 2026-12-24}",
       "limits.rpd.expires: only window: credit expires; remove it, or change the window"},
      {"rpd: {limit: 1, models: free}", "limits.rpd.models: expected a list, got a text"},
      {"rpd: {limit: 1, models: [\"\"]}",
       "limits.rpd.models[0]: expected a model's id, or a pattern like \"*:free\", got \"\""},
      {"concurrency: 0", "limits.concurrency: expected a count of at least 1, got \"0\""},
      {"concurrency: {limit: 1, window: fixed}", "unknown key \"window\" in limits.concurrency"},
      {"other: {requests: 1}", "limits.other: expected a list, got a map"},
      {"other: [5]", "limits.other[0]: expected a map like {requests: 5, per: 2s}, got a text"},
      {"other: [{per: 2s}]",
       "limits.other[0]: expected one of requests, tokens, input_tokens and output_tokens, got none"},
      {"other: [{requests: 1, tokens: 1, per: 2s}]",
       "limits.other[0]: expected one of requests, tokens, input_tokens and output_tokens, got 2"},
      {"other: [{requests: 1}]",
       "limits.other[0].per: expected a period like 2s, minute or day, got nothing"},
      {"other: [{requests: 1, per: fortnight}]",
       "limits.other[0].per: expected second, minute, hour, day, month or a duration like 2s, got "
       "\"fortnight\""},
      {"other: [{requests: 1, per: 0s}]",
       "limits.other[0].per: expected second, minute, hour, day, month or a duration like 2s, got \"0s\""},
      {"other: [{requests: 1, per: 2s, window: calendar}]",
       "limits.other[0].window: a calendar window is a day or a month; use fixed for other periods"},
      {"other: [{requests: 1, per: day, window: credit}]",
       "limits.other[0].per: a credit has no period; remove it"},
      {"other: [{requests: 1, window: credit, expires: 24.12.2026}]",
       "limits.other[0].expires: expected a date like 2026-12-24, got \"24.12.2026\""},
      {"other: [{requests: 1, window: credit, expires: 2026-02-30}]",
       "limits.other[0].expires: expected a date like 2026-12-24, got \"2026-02-30\""},
      {"other: [{requests: 1, per: 2s, window: concurrency}]",
       "limits.other[0].window: expected sliding, fixed, first_use, calendar, refill, interval or credit, "
       "got "
       "\"concurrency\""},
  };
  for (const Bad& one : cases) {
    const Read got = read(one.text);
    EXPECT_THAT(got.problems, ElementsAre(one.problem)) << one.text;
  }
}

TEST(Limits, WarnOnceWhereTheEngineMetersInAnotherWay) {
  const Read got = read("tpm: {limit: 30, window: interval}\ntph: {limit: 8k, window: interval}");
  EXPECT_EQ(got.limits.size(), 2U);
  const std::string reason(quota::engine_window(got.limits[0]).reason);
  ASSERT_FALSE(reason.empty());
  EXPECT_THAT(got.problems, ElementsAre("warning: limits.tpm: " + reason));
  EXPECT_THAT(read("rpm: {limit: 30, window: fixed}\nrpd: 5").problems, IsEmpty());
}

TEST(Limits, TakeAnyZoneWhereTheSystemHasNone) {
  const std::string_view text = "rpd: {limit: 1, window: calendar, zone: Europe/Berlin}";
  Report report("weir.yaml", text);
  const MapEnvironment bare;
  Reading reading{.report = report, .environment = bare, .folder = {}, .said = {}};
  const auto tree = parse_yaml(text, report);
  EXPECT_EQ(read_limits(reading, {tree->root, "limits"}).at(0).zone, "Europe/Berlin");
}

TEST(Charge, IsLaidOverThePresets) {
  using quota::ChargeRule;
  const auto read_over = [](std::string_view text, std::vector<std::string>& problems) {
    Report report("weir.yaml", text);
    const MapEnvironment environment;
    Reading reading{.report = report, .environment = environment, .folder = {}, .said = {}};
    ChargeRule rule = preset_tables::kGroqCharge;
    const auto tree = parse_yaml(text, report);
    read_charge(reading, {tree->root, "charge"}, rule);
    for (const Problem& problem : report.take()) problems.push_back(problem.message);
    return rule;
  };
  std::vector<std::string> problems;
  EXPECT_EQ(read_over("{}", problems), preset_tables::kGroqCharge);
  EXPECT_EQ(
      read_over("{tokens: input, default_max_tokens: 16384, settle: usage, failures: true, cached: full}",
                problems),
      (ChargeRule{.tokens = ChargeRule::Tokens::input,
                  .settle = ChargeRule::Settle::usage,
                  .default_max_tokens = 16384,
                  .failures_count = true,
                  .cached_free = false}));
  EXPECT_EQ(read_over("{tokens: prompt+max_tokens, cached: free}", problems).tokens,
            ChargeRule::Tokens::prompt_plus_max_tokens);
  EXPECT_THAT(problems, IsEmpty());
  (void)read_over("{tokens: all, failures: maybe, cached: half, setle: usage}", problems);
  EXPECT_THAT(problems, ElementsAre("charge.tokens: expected usage, prompt+max_tokens or input, got \"all\"",
                                    "charge.failures: expected true or false, got \"maybe\"",
                                    "charge.cached: expected free or full, got \"half\"",
                                    "unknown key \"setle\" in charge; did you mean \"settle\"?"));
}

}  // namespace
}  // namespace weir::config
