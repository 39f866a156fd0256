#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace weir::config {

// One problem, with its place. line and column count from 1, columns in characters; 0: the file as a whole.
struct Problem {
  enum class Severity : std::uint8_t { error, warning } severity = Severity::error;
  std::string file;  // or the flag or variable that the value came from
  std::size_t line = 0;
  std::size_t column = 0;
  std::string message;      // with path and remedy: "providers.groq.limits.rpm: expected a count, got ..."
  std::string source_line;  // for the caret; empty where there is none
};

// "weir.yaml:14:11: error: ..." with source line and caret, then "2 errors, 1 warning". Empty for no
// problems.
[[nodiscard]] std::string format_problems(const std::vector<Problem>& problems);
// {"problems":[{"severity","file","line","column","message"}],"errors":2,"warnings":1}
[[nodiscard]] std::string format_problems_json(const std::vector<Problem>& problems);

}  // namespace weir::config
