#include "config/dotenv.hpp"

#include <gtest/gtest.h>

#include "fixture.hpp"

namespace weir::config {
namespace {

struct Case {
  std::string_view text;
  Variables variables;
};

TEST(Dotenv, ReadsTheFormsPeopleWrite) {
  const Case cases[] = {
      {"", {}},
      {"A=1", {{"A", "1"}}},
      {"A=1\nB=2\n", {{"A", "1"}, {"B", "2"}}},
      {"A=1\r\nB=2\r\n", {{"A", "1"}, {"B", "2"}}},
      {"\xEF\xBB\xBF"
       "A=1",
       {{"A", "1"}}},
      {"# comment\n\n  A = spaced \n", {{"A", "spaced"}}},
      {"export A=1\nexport\tB=2", {{"A", "1"}, {"B", "2"}}},
      {"A=", {{"A", ""}}},
      {"A=x # comment", {{"A", "x"}}},
      {"A=x#y", {{"A", "x#y"}}},
      {"A=#y", {{"A", ""}}},
      {"A=a=b==", {{"A", "a=b=="}}},
      {"A=\"x y\" # comment", {{"A", "x y"}}},
      {R"(A="q\"b\\n\n$\$x\z")", {{"A", "q\"b\\n\n$$x\\z"}}},
      {R"(A='as \n "it" $stands')", {{"A", R"(as \n "it" $stands)"}}},
      {"A=${B}", {{"A", "${B}"}}},
      {"A=1\nA=2", {{"A", "2"}}},
      {"A='#'", {{"A", "#"}}},
      {"A=\"two\nlines\" # c\nB=2", {{"A", "two\nlines"}, {"B", "2"}}},
      {"A='x\n#y\n'\r\nB=2\r\n", {{"A", "x\n#y\n"}, {"B", "2"}}},
      {"A='x'\r\nB=2\r\n", {{"A", "x"}, {"B", "2"}}},
      {"my.key-2=x", {{"my.key-2", "x"}}},
  };
  for (const Case& one : cases) {
    std::vector<Problem> problems;
    EXPECT_EQ(parse_dotenv(one.text, ".env", problems), one.variables) << one.text;
    EXPECT_TRUE(problems.empty()) << one.text;
  }
}

TEST(Dotenv, NamesTheLineThatIsWrongAndNoValue) {
  std::vector<Problem> problems;
  const auto variables = parse_dotenv(
      "GOOD=1\nsecret-text\n1A=x\nB='x' y\n=z\nC='q\nr'\nA=\"sk-open\nLAST=2\n", "a/.env", problems);
  EXPECT_EQ(variables, (Variables{{"GOOD", "1"}, {"C", "q\nr"}, {"LAST", "2"}}));
  EXPECT_EQ(format_problems(problems),
            "a/.env:2:1: error: expected NAME=value\n"
            "a/.env:3:1: error: expected NAME=value\n"
            "a/.env:4:1: error: the quotes of B are not closed, or text follows them\n"
            "a/.env:5:1: error: expected NAME=value\n"
            "a/.env:8:1: error: the quotes of A are not closed, or text follows them\n"
            "5 errors\n");
}

TEST(Dotenv, ARealVariableWinsEvenWhenEmpty) {
  MapEnvironment real;
  real.variables = {{"A", "real"}, {"E", ""}};
  const LayeredEnvironment layered(real, {{"A", "file"}, {"E", "file"}, {"F", "file"}});
  EXPECT_EQ(layered.variable("A"), "real");
  EXPECT_EQ(layered.variable("E"), "");
  EXPECT_EQ(layered.variable("F"), "file");
  EXPECT_EQ(layered.variable("G"), std::nullopt);
}

}  // namespace
}  // namespace weir::config
