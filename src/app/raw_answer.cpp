#include "app/raw_answer.hpp"

#include <algorithm>
#include <charconv>

#include "weir/base/text.hpp"

namespace weir::app {
namespace {

// The line up to the next LF, which is taken off, without its CR.
std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// "HTTP/1.1 429 Too Many Requests", "HTTP/2 200".
int read_status_line(std::string_view line) {
  if (!line.starts_with("HTTP/")) return 0;
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return 0;
  const std::string_view digits = trim(line.substr(space)).substr(0, 3);
  int status = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), status);
  const bool whole = failed == std::errc() && end == digits.data() + 3;
  return whole && status >= 100 && status <= 599 ? status : 0;
}

// A tunnel through a proxy is answered with a head of its own, and so are interim answers.
bool begins_another_head(std::string_view text) {
  return read_status_line(take_line(text)) != 0;
}

// The chunks put together; what isn't chunked stays as it is.
std::string unchunked(std::string_view body) {
  std::string out;
  std::string_view rest = body;
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    std::size_t size = 0;
    const auto [end, failed] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
    const bool is_size = failed == std::errc() && (end == line.data() + line.size() || *end == ';');
    if (!is_size || size > rest.size()) return std::string(body);
    if (size == 0) return out;
    out += rest.substr(0, size);
    rest.remove_prefix(size);
    take_line(rest);
  }
  return out;
}

}  // namespace

Result<RawAnswer> read_raw_answer(std::string_view text) {
  RawAnswer answer;
  do {
    answer.fields.clear();
    answer.status = read_status_line(take_line(text));
    if (answer.status == 0)
      return Error{ErrorKind::invalid_request,
                   "expected a status line such as \"HTTP/1.1 429 Too Many Requests\" in the first line"};
    for (std::string_view line = take_line(text); !line.empty(); line = take_line(text)) {
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos || colon == 0)
        return Error{ErrorKind::invalid_request, "expected a header such as \"retry-after: 2\", got \"" +
                                                     std::string(line.substr(0, 60)) +
                                                     "\"; a blank line ends the headers"};
      answer.fields.add(trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
    }
  } while (begins_another_head(text) || (answer.status < 200 && !text.empty()));
  const bool is_chunked = lower(answer.fields.get("transfer-encoding")).find("chunked") != std::string::npos;
  answer.body = is_chunked ? unchunked(text) : std::string(text);
  return answer;
}

}  // namespace weir::app
