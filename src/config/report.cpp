#include "config/report.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "weir/base/text.hpp"

namespace weir::config {
namespace {

constexpr std::size_t kShortestSecret = 6;
constexpr std::size_t kLongestShown = 60;    // of a value in a message
constexpr std::size_t kLongestLine = 400;    // a longer source line isn't shown
constexpr std::size_t kLongestGuessed = 64;  // edit distance is quadratic

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  if (c == '\n') {
    out += "\\n";
  } else if (c == '\t') {
    out += "\\t";
  } else {
    const auto byte = static_cast<unsigned char>(c);
    out += "\\x";
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  }
}

}  // namespace

Report::Report(std::string file, std::string_view text) : file_(std::move(file)), text_(text) {
  line_starts_.push_back(0);
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '\n') line_starts_.push_back(i + 1);
}

Place Report::place_of(std::size_t offset) {
  offset = std::min(offset, text_.size());
  const auto after = std::ranges::upper_bound(line_starts_, offset);
  const auto line = static_cast<std::size_t>(after - line_starts_.begin());
  // Counting from the start of a line that fills the file would make reading it quadratic.
  const bool go_on = line == last_.line && offset >= last_offset_;
  const std::size_t from = go_on ? last_offset_ : line_starts_[line - 1];
  const std::string_view between = text_.substr(from, offset - from);
  const auto bytes_within = static_cast<std::size_t>(std::ranges::count_if(between, is_continuation));
  last_ = {.line = line, .column = (go_on ? last_.column : 1) + between.size() - bytes_within};
  last_offset_ = offset;
  return last_;
}

void Report::error(Place place, std::string message) {
  add(Problem::Severity::error, place, std::move(message));
}

void Report::warning(Place place, std::string message) {
  add(Problem::Severity::warning, place, std::move(message));
}

void Report::add(Problem::Severity severity, Place place, std::string message) {
  Problem problem{.severity = severity,
                  .file = file_,
                  .line = place.line,
                  .column = place.column,
                  .message = std::move(message),
                  .source_line = {}};
  const std::string_view source = line(place.line);
  if (source.size() <= kLongestLine) problem.source_line = source;
  add(std::move(problem));
}

void Report::add(Problem problem) {
  if (!full()) {
    problems_.push_back(std::move(problem));
  } else if (problem.severity == Problem::Severity::error) {
    errors_dropped_ = true;
  } else {
    warnings_dropped_ = true;
  }
}

void Report::mask(std::string_view secret) {
  if (secret.size() >= kShortestSecret) secrets_.emplace_back(secret);
}

std::vector<Problem> Report::take() {
  std::ranges::stable_sort(problems_, {}, [this](const Problem& problem) {
    return std::tuple(problem.file == file_, problem.line, problem.column);
  });
  for (Problem& problem : problems_) {
    hide_secrets(problem.message);
    hide_secrets(problem.source_line);
    // A terminal would obey what is shown: only the tab, which the caret line repeats, stays.
    std::ranges::replace_if(
        problem.source_line, [](char c) { return c != '\t' && is_control(c); }, ' ');
  }
  // Dropped errors are errors: a file must not pass because it has too many warnings.
  if (errors_dropped_ || warnings_dropped_)
    problems_.push_back({.severity = errors_dropped_ ? Problem::Severity::error : Problem::Severity::warning,
                         .file = file_,
                         .line = 0,
                         .column = 0,
                         .message = "too many problems: the rest is not shown",
                         .source_line = {}});
  return std::move(problems_);
}

std::string_view Report::line(std::size_t number) const {
  if (number == 0 || number > line_starts_.size()) return {};
  const std::size_t start = line_starts_[number - 1];
  std::string_view found = text_.substr(start, text_.find('\n', start) - start);
  if (found.ends_with('\r')) found.remove_suffix(1);
  return found;
}

void Report::hide_secrets(std::string& text) const {
  for (const std::string& secret : secrets_)
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + secret.size()))
      text.replace(at, secret.size(), secret.size(), '*');
}

std::string printable(std::string_view text) {
  std::string out;
  const bool cut = text.size() > kLongestShown;
  if (cut) {
    std::size_t end = kLongestShown;
    while (end > 0 && is_continuation(text[end])) --end;
    text = text.substr(0, end);
  }
  for (const char c : text) {
    if (is_control(c)) {
      append_escaped(out, c);
    } else {
      out += c;
    }
  }
  if (cut) out += "...";
  return out;
}

std::string in_quotes(std::string_view text) {
  return "\"" + printable(text) + "\"";
}

std::string one_of(const std::vector<std::string_view>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  return word.size() > kLongestGuessed ? std::string_view() : closest(word, candidates);
}

std::string did_you_mean(std::string_view suggestion) {
  return suggestion.empty() ? std::string() : "; did you mean " + in_quotes(suggestion) + "?";
}

}  // namespace weir::config
