#include "config/dotenv.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "weir/base/text.hpp"

namespace weir::config {
namespace {

// Also what other programs' files hold: a file is often shared.
bool is_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && letter(text.front()) && std::ranges::all_of(text, [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

class DotenvReader {
 public:
  DotenvReader(std::string_view text, std::string_view file, std::vector<Problem>& problems)
      : text_(text), file_(file), problems_(problems) {}

  Variables run() {
    while (at_ < text_.size()) read_line();
    return std::move(variables_);
  }

 private:
  void read_line() {
    const std::size_t start = at_;
    const std::string_view line = rest_of_line();
    at_ = start + line.size() + 1;
    std::string_view entry = trim(line.ends_with('\r') ? line.substr(0, line.size() - 1) : line);
    if (entry.starts_with("export ") || entry.starts_with("export\t")) entry = trim(entry.substr(7));
    if (entry.empty() || entry.front() == '#') return;
    const auto equals = std::min(entry.find('='), entry.size());
    const std::string_view name = trim(entry.substr(0, equals));
    if (equals == entry.size() || !is_name(name)) return problem(start, "expected NAME=value");
    const std::string_view written = trim(entry.substr(equals + 1));
    auto value = written.starts_with('"') || written.starts_with('\'')
                     ? read_quoted(static_cast<std::size_t>(written.data() - text_.data()))
                     : std::optional(std::string(without_comment(written)));
    if (!value)
      return problem(start, "the quotes of " + std::string(name) + " are not closed, or text follows them");
    if (value->find('\0') != std::string::npos)
      return problem(start, "the value of " + std::string(name) + " holds a zero byte");
    variables_.insert_or_assign(std::string(name), std::move(*value));
  }

  [[nodiscard]] std::string_view rest_of_line() const {
    return text_.substr(at_, std::min(text_.find('\n', at_), text_.size()) - at_);
  }

  // A quoted value may run over several lines, as keys in PEM form do. Where its quote is never closed,
  // reading goes on with the next line.
  std::optional<std::string> read_quoted(std::size_t start) {
    const char quote = text_[start];
    std::string value;
    for (std::size_t i = start + 1; i < text_.size(); ++i) {
      if (text_[i] == quote) {
        at_ = i + 1;
        const std::string_view behind = trim(rest_of_line());
        at_ += rest_of_line().size() + 1;
        const bool clean = behind.empty() || behind.front() == '#' || behind.front() == '\r';
        return clean ? std::optional(std::move(value)) : std::nullopt;
      }
      if (quote == '"' && text_[i] == '\\' && i + 1 < text_.size()) {
        append_escaped(value, text_[++i]);
      } else {
        value += text_[i];
      }
    }
    return std::nullopt;
  }

  static void append_escaped(std::string& out, char c) {
    switch (c) {
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case '"':
      case '\\':
      case '$':
        out += c;
        break;
      default:
        out += '\\';
        out += c;
    }
  }

  static std::string_view without_comment(std::string_view value) {
    for (std::size_t i = 0; i < value.size(); ++i)
      if (value[i] == '#' && (i == 0 || value[i - 1] == ' ' || value[i - 1] == '\t'))
        return trim(value.substr(0, i));
    return value;
  }

  void problem(std::size_t offset, std::string message) {
    const auto line = static_cast<std::size_t>(std::ranges::count(text_.substr(0, offset), '\n')) + 1;
    problems_.push_back({.severity = Problem::Severity::error,
                         .file = std::string(file_),
                         .line = line,
                         .column = 1,
                         .message = std::move(message),
                         .source_line = {}});
  }

  std::string_view text_;
  std::string_view file_;
  std::vector<Problem>& problems_;
  std::size_t at_ = 0;
  Variables variables_;
};

}  // namespace

Variables parse_dotenv(std::string_view text, std::string_view file, std::vector<Problem>& problems) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return DotenvReader(text, file, problems).run();
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

bool LayeredEnvironment::is_open_to_others(const std::filesystem::path& path) const {
  return real_.is_open_to_others(path);
}

}  // namespace weir::config
