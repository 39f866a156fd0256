#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/report.hpp"
#include "fixture.hpp"

namespace weir::config {
namespace {

// The two of the contract, in one run.
TEST(Problems, ReadAsTheContractShowsThem) {
  const Loaded loaded = load_snippet(R"(# line 1
providers:
  groq:
    api_key: none
    limits:
      rpm: thirty
models:
  smart:
    targets: [groq/dear]
    fallback: fast
)");
  EXPECT_FALSE(loaded.ok());
  EXPECT_EQ(format_problems(loaded.problems),
            "weir.yaml:6:12: error: providers.groq.limits.rpm: expected a count, got \"thirty\"\n"
            "   6 |       rpm: thirty\n"
            "     |            ^\n"
            "weir.yaml:10:5: error: unknown key \"fallback\" in models.smart; did you mean \"targets\"?\n"
            "  10 |     fallback: fast\n"
            "     |     ^\n"
            "2 errors\n");
}

TEST(Problems, CountWarningsApart) {
  Loaded loaded = load_snippet("providers: {groq: {}, openrouter: {}}\nlog: {levle: info}");
  EXPECT_THAT(format_problems(loaded.problems), testing::EndsWith("\n1 error, 3 warnings\n"));
  std::erase_if(loaded.problems, [](const Problem& p) { return p.severity == Problem::Severity::error; });
  EXPECT_TRUE(loaded.ok());
  EXPECT_THAT(format_problems(loaded.problems), testing::EndsWith("\n3 warnings\n"));
  EXPECT_EQ(format_problems({}), "");
}

TEST(Problems, PutTheCaretBehindTabsAndLongLetters) {
  const Loaded loaded = load_snippet("log: {file: é, \"süß\": 1,\t\"größe\": 1}");
  EXPECT_THAT(format_problems(loaded.problems),
              testing::HasSubstr("weir.yaml:1:26: error: unknown key \"größe\" in log\n"
                                 "   1 | log: {file: é, \"süß\": 1,\t\"größe\": 1}\n"
                                 "     |                         \t^\n"));
}

TEST(Problems, AreOneJsonObject) {
  const Loaded loaded = load_snippet("log: {\"a\\\"b\\tc\": 1}\nproviders: {groq: {api_key: none}}");
  EXPECT_EQ(format_problems_json(loaded.problems),
            R"({"problems":[{"severity":"error","file":"weir.yaml","line":1,"column":7,)"
            R"("message":"unknown key \"a\"b\\tc\" in log"}],"errors":1,"warnings":0})");
  EXPECT_EQ(format_problems_json({}), R"({"problems":[],"errors":0,"warnings":0})");
}

TEST(Problems, NeverLetATerminalObeyTheFile) {
  const Loaded loaded = load_snippet("\"\\e[31mred\": 1\n\"x\x1B[2J\": 1\n");
  const std::string shown = format_problems(loaded.problems);
  EXPECT_EQ(shown.find('\x1B'), std::string::npos) << shown;
  EXPECT_THAT(shown, testing::HasSubstr("unknown key \"\\x1b[31mred\""));
}

TEST(Problems, AreCutOffWithoutHidingErrors) {
  Report report("weir.yaml", "");
  for (int i = 0; i < 200; ++i) report.warning({}, "small");
  report.error({}, "big");
  const std::vector<Problem> problems = report.take();
  EXPECT_EQ(problems.size(), 101U);
  EXPECT_EQ(problems.back().severity, Problem::Severity::error);
  EXPECT_EQ(problems.back().message, "too many problems: the rest is not shown");
}

TEST(Problems, StandInTheOrderOfTheFile) {
  const Loaded loaded = load_snippet("log: {x: 1}\nserver: {y: 1}\nauth: {z: 1}\nproviders: {}\n");
  EXPECT_THAT(
      lines_of(loaded),
      testing::ElementsAre("1:7: error: unknown key \"x\" in log", "2:10: error: unknown key \"y\" in server",
                           "3:8: error: unknown key \"z\" in auth",
                           "4:12: warning: no provider can be used; set a key variable such "
                           "as GROQ_API_KEY, or add one under providers"));
}

// A report goes into logs and bug reports.
TEST(Problems, ShowNoSecret) {
  MapEnvironment environment;
  environment.variables["SECRET_COUNT"] = "hunter2-from-environment";
  for (const std::string_view text : {
           "providers: {groq: {api_key: hunter2-written, plan: 5, wrong: 1}}",
           "providers: {groq: {apikey: hunter2-written}}",
           "providers: {groq: {keys: [{value: hunter2-written, valeu: hunter2-again}]}}",
           "providers: {groq: {api_key: \"hunter2 with space\", wrong: 1}}",
           "auth: {keys: [{name: a b, key: hunter2-written}]}",
           "admin: {key: hunter2-written}",
           "metrics: {token: hunter2-written}",
           "server: {max_connections: \"${SECRET_COUNT}\"}",
           "routing: {max_attempts: \"${SECRET_COUNT}\"}",
           "providers: {groq: {api_key: \"${SECRET_COUNT}\", plan: gold}}",
           "providers: {groq: {api_key: none, proxy: \"http://me:hunter2-pass@h h\"}}",
       }) {
    const Loaded loaded = load_snippet(text, environment);
    EXPECT_FALSE(loaded.problems.empty()) << text;
    EXPECT_EQ(format_problems(loaded.problems).find("hunter2"), std::string::npos)
        << format_problems(loaded.problems);
  }
}

}  // namespace
}  // namespace weir::config
