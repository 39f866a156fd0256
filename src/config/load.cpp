#include <algorithm>
#include <utility>

#include "config/dotenv.hpp"
#include "config/gateway_reader.hpp"
#include "config/reader.hpp"
#include "config/report.hpp"
#include "config/yaml_tree.hpp"
#include "weir/config/config.hpp"

namespace weir::config {
namespace {

constexpr std::string_view kFileName = "weir.yaml";
constexpr std::string_view kSystemFile = "/etc/weir/weir.yaml";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

Problem file_problem(std::string file, std::string message) {
  return {.severity = Problem::Severity::error,
          .file = std::move(file),
          .line = 0,
          .column = 0,
          .message = std::move(message),
          .source_line = {}};
}

// The configuration that is used, or where to look for one.
struct Found {
  std::filesystem::path path;  // empty: no file anywhere
  std::string named_by;        // "--config"; empty: found by itself
};

Found find_file(const LoadOptions& options, const Environment& environment) {
  if (options.again) return {*options.again, ""};
  if (options.file) return {*options.file, "--config"};
  if (const auto named = environment.variable("WEIR_CONFIG"); named && !named->empty())
    return {*named, "WEIR_CONFIG"};
  std::vector<std::filesystem::path> places{std::filesystem::path(kFileName)};
  const auto absolute = [&](std::string_view variable) {
    const std::filesystem::path path(environment.variable(variable).value_or(std::string()));
    return path.is_absolute() ? path : std::filesystem::path();
  };
  if (const auto home = absolute("XDG_CONFIG_HOME"); !home.empty()) {
    places.push_back(home / "weir" / kFileName);
  } else if (const auto user = absolute("HOME"); !user.empty()) {
    places.push_back(user / ".config/weir" / kFileName);
  }
  places.emplace_back(kSystemFile);
  for (const std::filesystem::path& place : places)
    if (environment.exists(place)) return {place, ""};
  return {};
}

// That of --env-file, or the .env that lies beside the configuration.
std::optional<std::filesystem::path> find_env_file(const LoadOptions& options,
                                                   const std::optional<std::filesystem::path>& folder,
                                                   const Environment& environment) {
  if (!options.env_file && folder && environment.exists(*folder / ".env")) return *folder / ".env";
  return options.env_file;
}

Variables read_env_file(const std::optional<std::filesystem::path>& path, const Environment& environment,
                        std::vector<Problem>& problems) {
  if (!path) return {};
  const auto text = environment.read_file(*path);
  if (!text) {
    problems.push_back(file_problem(path->string(), "can't read the env file"));
    return {};
  }
  if (text->size() > kMaxConfigBytes) {
    problems.push_back(file_problem(path->string(), "the file is larger than 1 MiB"));
    return {};
  }
  if (environment.is_open_to_others(*path))
    problems.push_back({.severity = Problem::Severity::warning,
                        .file = path->string(),
                        .line = 0,
                        .column = 0,
                        .message = "other users can read this file: chmod 600 " + path->string(),
                        .source_line = {}});
  return parse_dotenv(*text, path->string(), problems);
}

std::optional<ListenOverride> listen_override(const LoadOptions& options, const Environment& environment) {
  if (options.listen) return ListenOverride{.text = *options.listen, .source = "--listen"};
  const auto variable = environment.variable("WEIR_LISTEN");
  if (!variable || variable->empty()) return std::nullopt;
  return ListenOverride{.text = *variable, .source = "WEIR_LISTEN"};
}

// `folder` is where relative paths count from, `env_folder` where an .env may lie; `file` is empty for a
// text.
struct Folders {
  std::filesystem::path folder;
  std::optional<std::filesystem::path> env_folder;
  std::filesystem::path file;
};

// Of each key, and of each item of a list.
void note_lines(const Node& node, const std::string& path, std::map<std::string, std::uint64_t>& lines) {
  constexpr std::size_t kMost = 5000;  // aliases could multiply a file
  const auto note = [&](const std::string& name, std::size_t line, const Node* value) {
    if (lines.size() >= kMost) return;
    const std::string whole = path.empty() ? name : path + "." + name;
    lines.emplace(whole, line);
    if (value != nullptr) note_lines(*value, whole, lines);
  };
  for (const Node::Entry& entry : node.entries) note(entry.key, entry.place.line, entry.value);
  for (std::size_t i = 0; i < node.items.size(); ++i)
    note(std::to_string(i), node.items[i]->place.line, node.items[i]);
}

Loaded load_document(std::string_view text, std::string_view name, const Folders& folders,
                     const LoadOptions& options, const Environment& environment) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Report report(std::string(name), text);
  std::vector<Problem> others;
  Loaded loaded;
  loaded.env_file = find_env_file(options, folders.env_folder, environment);
  const LayeredEnvironment layered(environment, read_env_file(loaded.env_file, environment, others));
  for (Problem& problem : others) report.add(std::move(problem));
  if (const auto tree = parse_yaml(text, report)) {
    Reading reading{
        .report = report, .environment = layered, .folder = folders.folder, .file = folders.file, .said = {}};
    loaded.config = read_gateway(reading, tree->root, options.presets, listen_override(options, layered),
                                 options.stand_in);
    if (tree->root != nullptr) note_lines(*tree->root, "", loaded.config.lines);
  }
  loaded.problems = report.take();
  return loaded;
}

}  // namespace

bool Loaded::ok() const {
  return std::ranges::none_of(
      problems, [](const Problem& problem) { return problem.severity == Problem::Severity::error; });
}

Loaded load(const LoadOptions& options, const Environment& environment) {
  const Found found = find_file(options, environment);
  // With no file the working directory is where one would have lain first, and so may an .env.
  if (found.path.empty())
    return load_document("", "weir", {"", std::filesystem::path(), ""}, options, environment);
  const auto text = environment.read_file(found.path);
  if (!text) {
    Loaded loaded;
    std::string message = "can't read the configuration";
    if (!found.named_by.empty()) message += " that " + found.named_by + " names";
    if (options.again) message += " again; it must be there still, as a regular file";
    loaded.problems.push_back(file_problem(found.path.string(), std::move(message)));
    return loaded;
  }
  const std::filesystem::path folder = found.path.parent_path();
  Loaded loaded =
      load_document(*text, found.path.string(), {folder, folder, found.path}, options, environment);
  loaded.config.file = found.path.string();
  return loaded;
}

Loaded load_text(std::string_view text, std::string_view name, const LoadOptions& options,
                 const Environment& environment) {
  const Folders folders{
      .folder = std::filesystem::path(name).parent_path(), .env_folder = std::nullopt, .file = ""};
  Loaded loaded = load_document(text, name, folders, options, environment);
  loaded.config.file = name;
  return loaded;
}

std::unique_ptr<Environment> environment_of(const LoadOptions& options, const Environment& environment,
                                            std::vector<Problem>& problems) {
  const auto path = find_env_file(options, find_file(options, environment).path.parent_path(), environment);
  return std::make_unique<LayeredEnvironment>(environment, read_env_file(path, environment, problems));
}

}  // namespace weir::config
