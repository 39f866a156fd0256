#include "config/interpolation.hpp"

#include <gtest/gtest.h>

#include "fixture.hpp"

namespace weir::config {
namespace {

struct Case {
  std::string_view text;
  std::string_view value;
  std::string_view unset = {};
  std::string_view problem = {};
};

TEST(Interpolation, PutsVariablesInAsWritten) {
  MapEnvironment environment;
  environment.variables = {{"A", "one"}, {"B_2", "two"}, {"EMPTY", ""}, {"DOLLAR", "${A}"}};
  const Case cases[] = {
      {"plain", "plain"},
      {"", ""},
      {"${A}", "one"},
      {"x${A}y${B_2}z", "xoneytwoz"},
      {"${EMPTY}", ""},
      {"${DOLLAR}", "${A}"},  // values are not looked into
      {"$$", "$"},
      {"$${A}", "${A}"},
      {"a}b", "a}b"},
      {"${A:-d}", "one"},
      {"${NONE:-d}", "d"},
      {"${NONE:-}", ""},
      {"${EMPTY:-d}", "d"},
      {"${NONE:-a b:c}", "a b:c"},
      {"${NONE:-${A}}", "one"},
      {"${NONE:-x${ALSO:-y}z}", "xyz"},
      {"${A:-${NONE}}", "one"},  // a default that isn't taken needs nothing
      {"${A:?must be set}", "one"},
      {"${NONE}", "", "NONE"},
      {"${NONE}${OTHER}", "", "NONE"},
      {"${NONE:-${OTHER}}", "", "OTHER"},
      {"${NONE:?set it in .env}", "", "", "set it in .env (NONE is not set)"},
      {"${EMPTY:?set it}", "", "", "set it (EMPTY is not set)"},
      {"${NONE:?}", "", "", "NONE is not set"},
      {"$A", "", "", "a lone \"$\": write ${VAR} for a variable, $$ for a dollar"},
      {"cost: 5$", "", "", "a lone \"$\": write ${VAR} for a variable, $$ for a dollar"},
      {"${", "", "", "expected a variable's name after \"${\""},
      {"${}", "", "", "expected a variable's name after \"${\""},
      {"${1A}", "", "", "expected a variable's name after \"${\""},
      {"${A", "", "", "\"${A\" is not closed by \"}\""},
      {"${A:-x", "", "", "\"${A\" is not closed by \"}\""},
      {"${A:=x}", "", "", "expected ${A}, ${A:-default} or ${A:?message}"},
      {"${A-x}", "", "", "expected ${A}, ${A:-default} or ${A:?message}"},
  };
  for (const Case& one : cases) {
    const Expansion expansion = expand(one.text, environment);
    EXPECT_EQ(expansion.value, one.value) << one.text;
    EXPECT_EQ(expansion.unset, one.unset) << one.text;
    EXPECT_EQ(expansion.problem, one.problem) << one.text;
  }
}

TEST(Interpolation, EndsOnAnyNesting) {
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += "${N:-";
  EXPECT_EQ(expand(deep, MapEnvironment()).problem, "variables are nested too deep");
}

}  // namespace
}  // namespace weir::config
