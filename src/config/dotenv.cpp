#include "config/dotenv.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "weir/base/text.hpp"

namespace weir::config {
namespace {

bool is_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && letter(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

// What may follow a closing quote.
bool is_rest_empty(std::string_view rest) {
  rest = trim(rest);
  return rest.empty() || rest.front() == '#';
}

std::optional<std::string> unescape(std::string_view text, std::size_t& end) {
  std::string out;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      end = i + 1;
      return out;
    }
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    ++i;
    switch (text[i]) {
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case '"':
      case '\\':
      case '$':
        out += text[i];
        break;
      default:
        out += '\\';
        out += text[i];
    }
  }
  return std::nullopt;
}

// Nothing: a quote isn't closed, or something stands behind it.
std::optional<std::string> parse_value(std::string_view text) {
  if (text.starts_with('"')) {
    std::size_t end = 0;
    auto value = unescape(text, end);
    return value && is_rest_empty(text.substr(end)) ? value : std::nullopt;
  }
  if (text.starts_with('\'')) {
    const auto end = text.find('\'', 1);
    if (end == std::string_view::npos || !is_rest_empty(text.substr(end + 1))) return std::nullopt;
    return std::string(text.substr(1, end - 1));
  }
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '#' && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\t')) text = text.substr(0, i);
  return std::string(trim(text));
}

}  // namespace

Variables parse_dotenv(std::string_view text, std::string_view file, std::vector<Problem>& problems) {
  Variables variables;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::size_t number = 0;
  const auto problem = [&](std::string message) {
    problems.push_back({.severity = Problem::Severity::error,
                        .file = std::string(file),
                        .line = number,
                        .column = 1,
                        .message = std::move(message),
                        .source_line = {}});
  };
  while (!text.empty()) {
    ++number;
    const auto newline = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, newline);
    text.remove_prefix(std::min(newline + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = trim(line);
    if (line.starts_with("export ") || line.starts_with("export\t")) line = trim(line.substr(7));
    if (line.empty() || line.front() == '#') continue;
    const auto equals = line.find('=');
    const std::string_view name = trim(line.substr(0, std::min(equals, line.size())));
    if (equals == std::string_view::npos || !is_name(name)) {
      problem("expected NAME=value");
      continue;
    }
    auto value = parse_value(trim(line.substr(equals + 1)));
    if (!value) {
      problem("the quotes of " + std::string(name) + " are not closed at the end of the line");
    } else if (value->find('\0') != std::string::npos) {
      problem("the value of " + std::string(name) + " holds a zero byte");
    } else {
      variables.insert_or_assign(std::string(name), std::move(*value));
    }
  }
  return variables;
}

std::optional<std::string> LayeredEnvironment::variable(std::string_view name) const {
  if (auto value = real_.variable(name)) return value;
  const auto found = file_.find(name);
  return found == file_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> LayeredEnvironment::read_file(const std::filesystem::path& path) const {
  return real_.read_file(path);
}

bool LayeredEnvironment::exists(const std::filesystem::path& path) const {
  return real_.exists(path);
}

}  // namespace weir::config
