#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "config/gateway_reader.hpp"
#include "config/yaml_tree.hpp"
#include "fixture.hpp"

// config/schema/weir.schema.json is what editors check by, and what docs/configuration.md is written from: it
// has the keys of the reader, all of them and no others, with the reader's defaults.
namespace weir::config {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

std::string read_project_file(const std::string& name) {
  return SystemEnvironment().read_file(std::string(WEIR_TEST_DATA) + "/../../" + name).value();
}

class Schema {
 public:
  explicit Schema(json document) : document_(std::move(document)) {}

  // The names that may stand in a map, with what stands behind each; "*" for any name.
  [[nodiscard]] std::map<std::string, json> properties(const json& node) const {
    std::map<std::string, json> out;
    collect(node, out);
    return out;
  }

  [[nodiscard]] std::optional<json> items(const json& node) const {
    const json& resolved = resolve(node);
    if (resolved.contains("items")) return resolved["items"];
    for (const char* const choice : {"anyOf", "allOf"})
      if (resolved.contains(choice))
        for (const json& option : resolved[choice])
          if (auto found = items(option)) return found;
    return std::nullopt;
  }

  [[nodiscard]] const json& root() const { return document_; }

 private:
  [[nodiscard]] const json& resolve(const json& node) const {
    if (!node.contains("$ref")) return node;
    return resolve(document_.at(json::json_pointer(node["$ref"].get<std::string>().substr(1))));
  }

  void collect(const json& node, std::map<std::string, json>& out) const {
    const json& resolved = resolve(node);
    if (resolved.contains("properties"))
      for (const auto& [name, value] : resolved["properties"].items()) out.emplace(name, value);
    if (resolved.contains("additionalProperties") && resolved["additionalProperties"].is_object())
      out.emplace("*", resolved["additionalProperties"]);
    for (const char* const choice : {"anyOf", "allOf"})
      if (resolved.contains(choice))
        for (const json& option : resolved[choice]) collect(option, out);
  }

  json document_;
};

// Whether an editor lets a value stand: by what our schema uses of its language.
bool accepts(const json& document, const json& node, const json& value) {
  const auto one = [&](const json& option) { return accepts(document, option, value); };
  if (node.contains("$ref"))
    return one(document.at(json::json_pointer(node["$ref"].get<std::string>().substr(1))));
  if (node.contains("anyOf") && std::ranges::none_of(node["anyOf"], one)) return false;
  if (node.contains("allOf") && !std::ranges::all_of(node["allOf"], one)) return false;
  if (node.contains("const") && node["const"] != value) return false;
  if (node.contains("enum") && std::ranges::find(node["enum"], value) == node["enum"].end()) return false;
  if (node.contains("pattern") && value.is_string() &&
      !std::regex_search(value.get<std::string>(), std::regex(node["pattern"].get<std::string>())))
    return false;
  if (!node.contains("type")) return true;
  const json types = node["type"].is_array() ? node["type"] : json::array({node["type"]});
  const std::string type = value.type_name();
  return std::ranges::any_of(types, [&](const json& known) {
    return known == type || (value.is_number() && (known == "integer" || known == "number"));
  });
}

void expect_known(const Schema& schema, const json& node, const Node& value, const std::string& path) {
  const auto properties = schema.properties(node);
  for (const Node::Entry& entry : value.entries) {
    const auto known = properties.contains(entry.key) ? properties.find(entry.key) : properties.find("*");
    if (known == properties.end()) {
      ADD_FAILURE() << "the schema doesn't know " << path << "." << entry.key;
      continue;
    }
    expect_known(schema, known->second, *entry.value, path + "." + entry.key);
  }
  for (const Node* item : value.items)
    if (const auto items = schema.items(node)) expect_known(schema, *items, *item, path + "[]");
}

// A document with every key that the schema has, but for some. Its values are wrong, its keys are not.
std::string document_of(const Schema& schema, const json& node, const std::set<std::string>& without = {}) {
  std::string out;
  for (const auto& [name, value] : schema.properties(node))
    if (!without.contains(name))
      out += (out.empty() ? "" : ", ") + (name == "*" ? std::string("x") : name) + ": " +
             document_of(schema, value, without);
  if (!out.empty()) return "{" + out + "}";
  const auto items = schema.items(node);
  return items ? "[" + document_of(schema, *items, without) + "]" : "0";
}

TEST(EditorSchema, KnowsEveryKeyOfTheExample) {
  const Schema schema(json::parse(read_project_file("config/schema/weir.schema.json")));
  const std::string text = read_project_file("config/weir.example.yaml");
  Report report("weir.example.yaml", text);
  const auto tree = parse_yaml(text, report);
  ASSERT_TRUE(tree);
  expect_known(schema, schema.root(), *tree->root, "");
}

TEST(EditorSchema, HasNoKeyThatTheReaderRefuses) {
  const Schema schema(json::parse(read_project_file("config/schema/weir.schema.json")));
  for (const auto& [section, node] : schema.properties(schema.root())) {
    const Loaded loaded = load_snippet(section + ":\n  " + document_of(schema, node));
    for (const Problem& problem : loaded.problems) {
      EXPECT_THAT(problem.message, Not(HasSubstr("unknown key"))) << section;
      EXPECT_THAT(problem.message, Not(HasSubstr("too many"))) << "the rest was not looked at";
    }
  }
  EXPECT_THAT(document_of(schema, schema.properties(schema.root()).at("providers")),
              HasSubstr("api_key_file: 0"));
}

// "providers.x.keys[].name" for each key of the schema.
void collect_paths(const Schema& schema, const json& node, const std::string& path,
                   std::set<std::string>& out) {
  for (const auto& [name, value] : schema.properties(node)) {
    const std::string whole = (path.empty() ? "" : path + ".") + (name == "*" ? "x" : name);
    if (name != "*") out.insert(whole);
    collect_paths(schema, value, whole, out);
  }
  if (const auto items = schema.items(node)) collect_paths(schema, *items, path + "[]", out);
}

std::set<std::string> keys_asked_for(const std::string& text) {
  std::set<std::string> asked;
  Report report("weir.yaml", text);
  const auto tree = parse_yaml(text, report);
  const MapEnvironment environment;
  Reading reading{
      .report = report, .environment = environment, .folder = {}, .file = {}, .said = {}, .asked = &asked};
  static_cast<void>(read_gateway(reading, tree->root, preset_tables::kAll, std::nullopt, std::nullopt));
  std::set<std::string> out;
  for (const std::string& key : asked) out.insert(std::regex_replace(key, std::regex("\\[[0-9]+\\]"), "[]"));
  return out;
}

// What the reader asks for where all of the schema's keys stand. One of a provider's keys is read only where
// no api_key stands beside them.
std::set<std::string> keys_of_the_reader(const Schema& schema) {
  std::set<std::string> asked;
  for (const auto& [section, node] : schema.properties(schema.root()))
    for (const std::set<std::string>& without : {std::set<std::string>(), {"api_key", "api_key_file"}})
      asked.merge(keys_asked_for(section + ":\n  " + document_of(schema, node, without)));
  return asked;
}

TEST(EditorSchema, HasEveryKeyThatTheReaderTakes) {
  const Schema schema(json::parse(read_project_file("config/schema/weir.schema.json")));
  std::set<std::string> known;
  collect_paths(schema, schema.root(), "", known);
  const std::set<std::string> asked = keys_of_the_reader(schema);
  for (const std::string& key : asked) EXPECT_TRUE(known.contains(key)) << "the schema doesn't know " << key;
  for (const std::string& key : known) EXPECT_TRUE(asked.contains(key)) << "the reader doesn't know " << key;
  EXPECT_TRUE(known.contains("providers.x.models.x.limits.other[].per"));
}

// Of each key that takes a scalar, and of each item of a list that does.
void expect_variables(const Schema& schema, const json& node, const std::string& path) {
  const auto properties = schema.properties(node);
  const auto items = schema.items(node);
  for (const auto& [name, value] : properties) expect_variables(schema, value, path + "." + name);
  if (items) expect_variables(schema, *items, path + "[]");
  if (!properties.empty() || items) return;
  EXPECT_TRUE(accepts(schema.root(), node, "${NAME:-word}")) << path << " takes no variable";
}

void expect_empty_lists(const Schema& schema, const json& node, const std::string& path) {
  for (const auto& [name, value] : schema.properties(node))
    expect_empty_lists(schema, value, path + "." + name);
  const auto items = schema.items(node);
  if (!items) return;
  expect_empty_lists(schema, *items, path + "[]");
  if (path.ends_with(".targets")) return;
  EXPECT_TRUE(accepts(schema.root(), node, nullptr)) << path << " may not be empty";
}

TEST(EditorSchema, TakesWhatTheReaderTakes) {
  const Schema schema(json::parse(read_project_file("config/schema/weir.schema.json")));
  expect_variables(schema, schema.root(), "");
  expect_empty_lists(schema, schema.root(), "");
  const auto root = schema.properties(schema.root());
  const auto accepted = [&](std::string_view section, std::string_view key, const json& value) {
    return accepts(schema.root(), schema.properties(root.at(std::string(section))).at(std::string(key)),
                   value);
  };
  EXPECT_TRUE(accepted("log", "level", false));  // YAML's other way to say off
  EXPECT_TRUE(accepted("routing", "default_class", "batch"));
  EXPECT_FALSE(accepted("routing", "default_class", "loud"));
  const json& provider = schema.root()["definitions"]["provider"]["properties"];
  for (const char* const key : {"name", "account", "value"})
    EXPECT_TRUE(accepts(schema.root(), provider["keys"]["items"]["properties"][key], 7)) << key;
}

// A document with all the schema's defaults, at least of what has one.
std::string defaults_of(const Schema& schema, const json& node) {
  if (node.contains("default")) return node["default"].dump();
  std::string out;
  for (const auto& [name, value] : schema.properties(node)) {
    if (name == "*" || name == "limits")
      continue;  // a limit's own keys have defaults; none is there by default
    if (const std::string text = defaults_of(schema, value); !text.empty())
      out += (out.empty() ? "" : ", ") + name + ": " + text;
  }
  return out.empty() ? out : "{" + out + "}";
}

constexpr std::array<const char*, 3> kNamed{"providers", "models", "aliases"};

TEST(EditorSchema, HasTheDefaultsOfTheReader) {
  const Schema schema(json::parse(read_project_file("config/schema/weir.schema.json")));
  const auto root = schema.properties(schema.root());
  std::string text;
  for (const auto& [section, node] : root)
    if (const std::string values = defaults_of(schema, node); !values.empty())
      text += section + ": " + values + "\n";
  const json& definitions = schema.root()["definitions"];
  text += "providers:\n  local:\n    preset: openai_compatible\n    base_url: http://127.0.0.1:11434/v1\n";
  text += "    charge: " + defaults_of(schema, definitions["charge"]) + "\n";
  text += "    timeouts: " + defaults_of(schema, definitions["timeouts"]) + "\n";
  text += "    models: {m: " + defaults_of(schema, definitions["model"]) + ", n: {}}\n";
  const Loaded said = load_snippet(text);
  EXPECT_EQ(format_problems(said.problems), "");
  EXPECT_EQ(print_effective(said.config), print_effective(load_snippet(kLocal).config)) << text;
}

// What is printed as being in effect, but for what has a name of the user's, has a default to be looked up.
void expect_defaults(const Schema& schema, const json& node, const Node& value, const std::string& path) {
  if (node.contains("default")) return;
  EXPECT_FALSE(value.entries.empty()) << "the schema has no default for " << path;
  const auto properties = schema.properties(node);
  for (const Node::Entry& entry : value.entries) {
    const auto known = properties.find(entry.key);
    ASSERT_TRUE(known != properties.end()) << path << "." << entry.key;
    expect_defaults(schema, known->second, *entry.value, path + "." + entry.key);
  }
}

TEST(EditorSchema, HasADefaultForWhatHasOne) {
  const Schema schema(json::parse(read_project_file("config/schema/weir.schema.json")));
  const std::string text = print_effective(GatewayConfig());
  Report report("effective", text);
  const auto tree = parse_yaml(text, report);
  ASSERT_TRUE(tree);
  const auto root = schema.properties(schema.root());
  for (const Node::Entry& entry : tree->root->entries)
    if (std::ranges::find(kNamed, entry.key) == kNamed.end())
      expect_defaults(schema, root.at(entry.key), *entry.value, entry.key);
}

}  // namespace
}  // namespace weir::config
