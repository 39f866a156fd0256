#include "config/yaml_syntax.hpp"

#include <algorithm>
#include <array>

#include "config/report.hpp"
#include "weir/base/text.hpp"

namespace weir::config {
namespace {

struct Wording {
  std::string_view complaint;  // how yaml-cpp's message starts
  std::string_view message;
};

constexpr std::array kWordings{
    Wording{"illegal map value", "a \":\" can't stand here: check the indentation, or quote the text"},
    Wording{"illegal map key", "a key can't start here: check the indentation"},
    Wording{"illegal block entry", "a list item can't start here: put the \"-\" on its own line"},
    Wording{"end of map not found",
            "this doesn't belong to the map before it: check the indentation and the quotes"},
    Wording{"end of sequence not found", "this doesn't belong to the list before it: check the indentation"},
    Wording{"illegal flow end", "this bracket doesn't match what is open here"},
    Wording{"unknown token", "a text can't start with this character: quote it"},
    Wording{"unknown escape character",
            "unknown escape in a double-quoted text: use single quotes, or \"\\\\\""},
    Wording{"alias not found", "\"*\" starts an alias: quote the text"},
    Wording{"the referenced anchor",
            "no anchor of this name stands before this alias; quote the text if it is none"},
    Wording{"illegal document indicator", "the quoted text is not closed before this line"},
    Wording{"illegal tab", "tabs can't indent: use spaces"},
};

std::size_t line_start(std::string_view text, std::size_t offset) {
  if (offset == 0) return 0;
  const auto newline = text.rfind('\n', offset - 1);
  return newline == std::string_view::npos ? 0 : newline + 1;
}

// A tab in the indentation of the line at offset.
std::optional<std::size_t> tab_before(std::string_view text, std::size_t offset) {
  for (std::size_t i = line_start(text, offset); i < offset && (text[i] == ' ' || text[i] == '\t'); ++i)
    if (text[i] == '\t') return i;
  return std::nullopt;
}

// The start of a quoted text that runs over a line's end and stops on the line of offset: its quote was
// forgotten.
std::optional<std::size_t> runaway_quote(std::string_view text, std::size_t offset,
                                         const SyntaxContext& context) {
  if (!context.last_quoted) return std::nullopt;
  const auto end = end_of_quoted(text, *context.last_quoted);
  if (!end || *end > offset) return std::nullopt;
  const bool over_lines = line_start(text, *context.last_quoted) != line_start(text, *end);
  return over_lines && line_start(text, *end) == line_start(text, offset) ? context.last_quoted
                                                                          : std::nullopt;
}

SyntaxProblem explain_flow(std::size_t offset, char closing, std::string_view text, std::size_t opened) {
  if (offset > 0 && text.substr(offset - 1, 2) == "${")
    return {offset - 1, "within [ ] and { } a variable needs quotes: \"${VAR}\""};
  if (line_start(text, opened) == line_start(text, offset))
    return {offset, std::string("expected \",\" or \"") + closing + "\" here"};
  return {opened, "this " + in_quotes(text.substr(opened, 1)) + " is not closed before line " +
                      std::to_string(std::ranges::count(text.substr(0, offset), '\n') + 1)};
}

}  // namespace

SyntaxProblem explain_syntax(std::string_view complaint, std::size_t offset, std::string_view text,
                             const SyntaxContext& context) {
  offset = std::min(offset, text.size());
  if (const auto tab = tab_before(text, offset); tab && context.open_flows.empty())
    return {*tab, "tabs can't indent: use spaces"};
  if (const auto quote = runaway_quote(text, offset, context))
    return {*quote, "the text that starts here runs on to the next quote: a closing quote is missing"};
  const bool list = complaint.starts_with("end of sequence flow");
  if ((list || complaint.starts_with("end of map flow")) && !context.open_flows.empty())
    return explain_flow(offset, list ? ']' : '}', text, context.open_flows.back());
  const auto known = std::ranges::find_if(
      kWordings, [&](const Wording& wording) { return complaint.starts_with(wording.complaint); });
  if (known != kWordings.end()) return {offset, std::string(known->message)};
  return {offset, "this is not YAML: " + std::string(complaint)};
}

std::optional<std::size_t> end_of_quoted(std::string_view text, std::size_t offset) {
  if (offset >= text.size()) return std::nullopt;
  const char quote = text[offset];
  for (std::size_t i = offset + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 == text.size() || text[i + 1] != quote) return i + 1;
      ++i;  // '' is a quote in a single-quoted text
    }
  }
  return std::nullopt;
}

std::optional<std::size_t> first_bad_byte(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = text[i] == '\0' ? 0 : utf8_length(text, i);
    if (length == 0) return i;
    i += length;
  }
  return std::nullopt;
}

}  // namespace weir::config
