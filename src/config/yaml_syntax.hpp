#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::config {

// What was read before the parser gave up: a YAML error is often noticed far behind its cause.
struct SyntaxContext {
  std::vector<std::size_t> open_flows;     // offsets of the [ and { that are open
  std::optional<std::size_t> last_quoted;  // offset of the last scalar's quote, if it had one
};

struct SyntaxProblem {
  std::size_t offset = 0;
  std::string message;
};

// The parser's complaint at `offset`, in words that say what to do and at the place where the cause is.
[[nodiscard]] SyntaxProblem explain_syntax(std::string_view complaint, std::size_t offset,
                                           std::string_view text, const SyntaxContext& context);

// Where the quoted text that starts at `offset` ends, behind its quote; nothing where it is never closed.
[[nodiscard]] std::optional<std::size_t> end_of_quoted(std::string_view text, std::size_t offset);

// Where the first byte is that is zero or not UTF-8; nothing where the text is clean.
[[nodiscard]] std::optional<std::size_t> first_bad_byte(std::string_view text);

}  // namespace weir::config
