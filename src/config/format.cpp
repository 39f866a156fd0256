#include <algorithm>
#include <string>
#include <vector>

#include "weir/base/json_text.hpp"
#include "weir/config/problem.hpp"

namespace weir::config {
namespace {

constexpr std::size_t kGutter = 4;  // digits of a line number

std::string_view name(Problem::Severity severity) {
  return severity == Problem::Severity::error ? "error" : "warning";
}

std::size_t count(const std::vector<Problem>& problems, Problem::Severity severity) {
  return static_cast<std::size_t>(std::ranges::count(problems, severity, &Problem::severity));
}

// As wide as the characters before the caret: tabs stay tabs, so that both lines move alike.
std::string caret_line(const Problem& problem) {
  std::string out;
  std::size_t column = 1;
  for (const char c : problem.source_line) {
    if (column == problem.column) break;
    const bool continuation = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
    if (continuation) continue;
    out += c == '\t' ? '\t' : ' ';
    ++column;
  }
  return out + '^';
}

void append_source(std::string& out, const Problem& problem) {
  std::string number = std::to_string(problem.line);
  if (number.size() < kGutter) number.insert(0, kGutter - number.size(), ' ');
  out += number + " | " + problem.source_line + '\n';
  out += std::string(number.size(), ' ') + " | " + caret_line(problem) + '\n';
}

void append_count(std::string& out, std::size_t number, std::string_view what) {
  if (number == 0) return;
  if (!out.empty()) out += ", ";
  out += std::to_string(number) + " " + std::string(what) + (number == 1 ? "" : "s");
}

}  // namespace

std::string format_problems(const std::vector<Problem>& problems) {
  std::string out;
  for (const Problem& problem : problems) {
    out += problem.file;
    if (problem.line > 0) out += ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column);
    out += ": " + std::string(name(problem.severity)) + ": " + problem.message + '\n';
    if (problem.line > 0 && !problem.source_line.empty()) append_source(out, problem);
  }
  std::string total;
  append_count(total, count(problems, Problem::Severity::error), "error");
  append_count(total, count(problems, Problem::Severity::warning), "warning");
  return total.empty() ? out : out + total + '\n';
}

std::string format_problems_json(const std::vector<Problem>& problems) {
  std::string out = "{\"problems\":[";
  for (const Problem& problem : problems) {
    if (&problem != problems.data()) out += ',';
    out += "{\"severity\":\"" + std::string(name(problem.severity)) + "\",\"file\":";
    append_json_string(out, problem.file);
    out += ",\"line\":" + std::to_string(problem.line) + ",\"column\":" + std::to_string(problem.column);
    out += ",\"message\":";
    append_json_string(out, problem.message);
    out += '}';
  }
  out += "],\"errors\":" + std::to_string(count(problems, Problem::Severity::error));
  out += ",\"warnings\":" + std::to_string(count(problems, Problem::Severity::warning)) + '}';
  return out;
}

}  // namespace weir::config
