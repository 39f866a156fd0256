#include "config/yaml_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::config {
namespace {

using testing::ElementsAre;

struct Parsed {
  bool tree = false;
  std::vector<std::string> problems;
};

Parsed parse(std::string_view text) {
  Report report("weir.yaml", text);
  Parsed parsed;
  parsed.tree = parse_yaml(text, report).has_value();
  for (const Problem& problem : report.take())
    parsed.problems.push_back(std::to_string(problem.line) + ":" + std::to_string(problem.column) + ": " +
                              problem.message);
  return parsed;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

struct Case {
  std::string_view text;
  std::string_view problem;
};

TEST(YamlSyntax, PointsAtTheCause) {
  const Case cases[] = {
      {"a: [1, 2\nb: 3\n", "1:4: this \"[\" is not closed before line 2"},
      {"a: {x: 1\nb: 3\n", "1:4: this \"{\" is not closed before line 2"},
      {"a: {x: \"1\" y: 2}\n", "1:12: expected \",\" or \"}\" here"},
      {"a: [\"1\" 2]\n", "1:9: expected \",\" or \"]\" here"},
      {"a: {x: ${VAR}}\n", "1:8: within [ ] and { } a variable needs quotes: \"${VAR}\""},
      {"a: [${A}, ${B}]\n", "1:5: within [ ] and { } a variable needs quotes: \"${VAR}\""},
      {"a: [{b: 1]\n", "1:10: this bracket doesn't match what is open here"},
      {"a: \"abc\nb: 3\n", "1:4: this quote is never closed"},
      {"a: &x 'abc\n", "1:7: this quote is never closed"},
      {"a: \"x\nb: \"y\"\n",
       "1:4: the text that starts here runs on to the next quote: a closing quote is missing"},
      {"a: 'it's'\n", "1:8: this doesn't belong to the map before it: check the indentation and the quotes"},
      {"a: b: c\n", "1:5: a \":\" can't stand here: check the indentation, or quote the text"},
      {"s:\n  l: x\n f: b\n",
       "3:2: this doesn't belong to the map before it: check the indentation and the quotes"},
      {"s:\n\tl: x\n", "2:1: tabs can't indent: use spaces"},
      {"s:\n  l: x\n    f: b\n", "3:6: a \":\" can't stand here: check the indentation, or quote the text"},
      {"a: 1\n- b\n", "2:1: this doesn't belong to the map before it: check the indentation and the quotes"},
      {"a: - b\n", "1:4: a list item can't start here: put the \"-\" on its own line"},
      {"{a: 1} b\n",
       "1:8: this stands outside of the document: check the indentation and the brackets before it"},
      {", ", "1:1: this stands outside of the document: check the indentation and the brackets before it"},
      {"a: 1\n---\nb: 2\n", "2:1: a second document starts here: keep everything in one"},
      {"a: ]\n", "1:4: this bracket doesn't match what is open here"},
      {"a: @x\n", "1:4: a text can't start with this character: quote it"},
      {"a: `x`\n", "1:4: a text can't start with this character: quote it"},
      {"a: \"\\q\"\n", "1:7: unknown escape in a double-quoted text: use single quotes, or \"\\\\\""},
      {"m: [*]\n", "1:6: \"*\" starts an alias: quote the text"},
      {"m: [*:free]\n", "1:5: no anchor of this name stands before this alias; quote the text if it is none"},
      {"? [a]\n: b\n", "1:3: expected a name as key"},
      {"x: {? {a: 1} : b}\n", "1:7: expected a name as key in x"},
      {"x: {{ templated }}\n", "1:5: expected a name as key in x"},
      {"ä: \"ö\" @\n", "1:8: a text can't start with this character: quote it"},
  };
  for (const Case& one : cases) {
    const Parsed parsed = parse(one.text);
    EXPECT_FALSE(parsed.tree) << one.text;
    EXPECT_THAT(parsed.problems, ElementsAre(one.problem)) << one.text;
  }
}

TEST(YamlTree, ReportsWhatYamlCppForgives) {
  const Case cases[] = {
      {"a: 1\nb: 2\na: 3\n", "3:1: duplicate key \"a\"; it stands in line 1 already"},
      {"a:\n  b:\n    - {c: 1,\n       c: 2}\n",
       "4:8: duplicate key \"c\" in a.b[0]; it stands in line 3 already"},
      {"a: &x {b: 1}\nc:\n  <<: *x\n", "3:3: merge keys (<<) are not supported in c; write the keys out"},
      {"a: !!str 5\n", "1:4: tags (tag:yaml.org,2002:str) are not supported; remove it"},
      {"a: !foo [1]\n", "1:4: tags (!foo) are not supported; remove it"},
      {"a: !foo {b: 1}\n", "1:4: tags (!foo) are not supported; remove it"},
      {"a: &x [*x]\n", "1:8: this alias stands inside of what it names"},
      {"a: &x\n  b: {c: *x}\n", "2:10: this alias stands inside of what it names"},
      {"x:\n  ~: 1\n", "2:3: expected a name as key in x; quote it if it is one"},
      {"x: &a k\n*a : 1\n", "2:1: expected a name as key; quote it if it is one"},
  };
  for (const Case& one : cases) {
    const Parsed parsed = parse(one.text);
    EXPECT_TRUE(parsed.tree) << one.text;
    EXPECT_THAT(parsed.problems, ElementsAre(one.problem)) << one.text;
  }
}

TEST(YamlTree, FollowsAliasesAndKeepsPlaces) {
  const std::string_view text = "a: &x [1, {b: \"2\"}]\r\nc: *x\r\nd:\r\ne: ~\r\nf: \"\"\r\n";
  Report report("weir.yaml", text);
  const auto tree = parse_yaml(text, report);
  ASSERT_TRUE(tree);
  ASSERT_TRUE(report.take().empty());
  const Node& root = *tree->root;
  ASSERT_EQ(root.entries.size(), 5U);
  EXPECT_EQ(root.entries[0].value, root.entries[1].value);
  const Node& list = *root.entries[0].value;
  ASSERT_EQ(list.items.size(), 2U);
  EXPECT_EQ(list.items[0]->text, "1");
  EXPECT_EQ(list.items[1]->entries.at(0).key, "b");
  EXPECT_EQ(list.items[1]->entries.at(0).value->place.column, 15U);
  EXPECT_EQ(root.entries[1].place.line, 2U);
  EXPECT_EQ(root.entries[2].value->kind, Node::Kind::null);
  EXPECT_EQ(root.entries[2].value->place.line, 3U);  // the key's: an empty value has none of its own
  EXPECT_EQ(root.entries[3].value->kind, Node::Kind::null);
  EXPECT_EQ(root.entries[3].value->place.column, 4U);
  EXPECT_EQ(root.entries[4].value->kind, Node::Kind::scalar);
}

TEST(YamlTree, HasNoRootForAnEmptyDocument) {
  for (const std::string_view text : {"", "\n", "# nothing\n", "---\n", "---\n...\n"}) {
    Report report("weir.yaml", text);
    const auto tree = parse_yaml(text, report);
    ASSERT_TRUE(tree) << text;
    EXPECT_TRUE(tree->root == nullptr || tree->root->kind == Node::Kind::null) << text;
    EXPECT_TRUE(report.take().empty()) << text;
  }
}

TEST(YamlTree, RefusesWhatIsTooLargeOrTooDeep) {
  EXPECT_THAT(parse(std::string(kMaxConfigBytes + 1, '#')).problems,
              ElementsAre("0:0: the file is larger than 1 MiB"));
  EXPECT_THAT(parse(repeated("[", 100) + repeated("]", 100)).problems,
              ElementsAre("1:65: nested deeper than 64 levels"));
  EXPECT_THAT(parse(repeated("- ", 100'000)).problems, ElementsAre("1:129: nested deeper than 64 levels"));
  EXPECT_THAT(parse(repeated("{a: ", 100) + repeated("}", 100)).problems,
              ElementsAre("1:257: nested deeper than 64 levels"));
  EXPECT_THAT(parse("a: [" + repeated("1,", 120'000) + "]").problems,
              ElementsAre("1:200001: more than 100000 values"));
}

TEST(YamlTree, RefusesAliasesThatMultiply) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + repeated(before + ", ", 9) +
            before + "]\n";
  }
  const Parsed parsed = parse(text);
  EXPECT_FALSE(parsed.tree);
  ASSERT_EQ(parsed.problems.size(), 1U);
  EXPECT_THAT(parsed.problems[0], testing::HasSubstr("more than 100000 values with all aliases followed"));
}

TEST(YamlTree, RefusesWhatIsNotUtf8) {
  EXPECT_THAT(parse("a: b\nc: \xFF\n").problems, ElementsAre("2:4: this is not UTF-8 text"));
  EXPECT_THAT(parse(std::string_view("a: \0b", 5)).problems, ElementsAre("1:4: this is not UTF-8 text"));
  EXPECT_THAT(parse("\xFF\xFE"
                    "a")
                  .problems,
              ElementsAre("1:1: this is not UTF-8 text"));
}

// Each of these made a parser of YAML slow or endless at some time. The test's own limit is the assertion.
TEST(YamlTree, EndsOnHostileText) {
  for (const std::string_view piece :
       {"[",     "{",     "- ", "? ", "a: ",  "!",      "&a ",  "[a,", "{a: ", "\"",  ": ",
        "%",     ", ",    "|",  "-",  "[a: ", "\"x\":", "*a ",  "'",   ">\n",  "\t",  "#",
        "---\n", "...\n", "{,", "]",  "a\n",  "a:\n",   "!!x ", "&",   "*",    "? - "}) {
    const std::string text = repeated(piece, kMaxConfigBytes / 4 / piece.size());
    Report report("weir.yaml", text);
    const bool parsed = parse_yaml(text, report).has_value();
    EXPECT_TRUE(parsed || !report.take().empty()) << piece;
  }
}

}  // namespace
}  // namespace weir::config
