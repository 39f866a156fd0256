#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "weir/config/problem.hpp"

namespace weir::config {

// A place in a file. Both count from 1, columns in characters. Zeros: the file as a whole.
struct Place {
  std::size_t line = 0;
  std::size_t column = 0;
};

// Collects what is wrong with one file and the files beside it. `text` must outlive it. One thread.
class Report {
 public:
  Report(std::string file, std::string_view text);

  // The place of a byte. Quick where offsets come in order, as a parser asks for them.
  [[nodiscard]] Place place_of(std::size_t offset);

  void error(Place place, std::string message);
  void warning(Place place, std::string message);
  // A problem that is not in this file.
  void add(Problem problem);

  // From now on this text is shown as asterisks, in source lines too. Short ones are not: they would mask
  // words.
  void mask(std::string_view secret);
  // No more is taken in: whoever works hard for a message may leave it out.
  [[nodiscard]] bool full() const { return problems_.size() >= kMaxProblems; }

  // Everything, other files first, then in file order.
  [[nodiscard]] std::vector<Problem> take();

 private:
  static constexpr std::size_t kMaxProblems = 100;  // more than anyone reads

  void add(Problem::Severity severity, Place place, std::string message);
  [[nodiscard]] std::string_view line(std::size_t number) const;
  void hide_secrets(std::string& text) const;

  std::string file_;
  std::string_view text_;
  std::vector<std::size_t> line_starts_;
  std::size_t last_offset_ = 0;  // of the place asked for last
  Place last_{.line = 1, .column = 1};
  std::vector<Problem> problems_;
  std::vector<std::string> secrets_;
  bool errors_dropped_ = false;
  bool warnings_dropped_ = false;
};

// The text in quotes for a message: shortened, control characters escaped.
[[nodiscard]] std::string in_quotes(std::string_view text);
// The same without quotes, for a key in a path.
[[nodiscard]] std::string printable(std::string_view text);
// "a, b or c".
[[nodiscard]] std::string one_of(const std::vector<std::string_view>& words);
// The candidate that was most likely meant, or an empty view.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       const std::vector<std::string_view>& candidates);
// "; did you mean "x"?", or nothing for an empty view.
[[nodiscard]] std::string did_you_mean(std::string_view suggestion);

}  // namespace weir::config
