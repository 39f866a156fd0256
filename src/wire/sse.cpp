#include "weir/wire/sse.hpp"

namespace weir::wire {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kLineEnds = "\r\n";

// The value of a data line, or nothing for a line of another kind.
std::optional<std::string_view> data_line(std::string_view line) {
  if (!line.starts_with("data")) return std::nullopt;
  line.remove_prefix(4);
  if (line.empty()) return line;
  if (line.front() != ':') return std::nullopt;
  line.remove_prefix(1);
  if (line.starts_with(' ')) line.remove_prefix(1);
  return line;
}

}  // namespace

Result<void> SseFramer::feed(std::string_view bytes) {
  if (bytes.size() > kMaxEvent - (buffer_.size() - begin_)) {
    return Error{ErrorKind::upstream_protocol, "an event of the stream is larger than 16 MiB"};
  }
  buffer_.erase(0, begin_);
  line_ -= begin_;
  scan_ -= begin_;
  begin_ = 0;
  buffer_ += bytes;
  return {};
}

std::optional<SseEvent> SseFramer::next() {
  while (scan_ < buffer_.size()) {
    const char c = buffer_[scan_++];
    const bool lf_of_crlf = c == '\n' && after_cr_;
    after_cr_ = c == '\r';
    if (c != '\n' && c != '\r') continue;
    const bool is_blank = !lf_of_crlf && scan_ - 1 == line_;
    line_ = scan_;
    if (is_blank) return take();
  }
  return std::nullopt;
}

std::string_view SseFramer::rest() const {
  return std::string_view(buffer_).substr(begin_);
}

SseEvent SseFramer::take() {
  if (after_cr_ && scan_ < buffer_.size() && buffer_[scan_] == '\n') {
    line_ = ++scan_;
    after_cr_ = false;
  }
  const std::string_view raw = std::string_view(buffer_).substr(begin_, scan_ - begin_);
  begin_ = scan_;
  const bool has_mark = !started_ && raw.starts_with(kByteOrderMark);
  started_ = true;
  return {raw, data_of(has_mark ? raw.substr(kByteOrderMark.size()) : raw)};
}

std::string_view SseFramer::data_of(std::string_view event) {
  std::optional<std::string_view> only;
  bool joined = false;
  while (!event.empty()) {
    const std::size_t end = event.find_first_of(kLineEnds);
    const auto value = data_line(event.substr(0, end));
    event.remove_prefix(end == std::string_view::npos ? event.size() : end + 1);
    if (!value) continue;
    if (!only) {
      only = value;
      continue;
    }
    if (!joined) data_ = *only;
    joined = true;
    data_ += '\n';
    data_ += *value;
  }
  return joined ? std::string_view(data_) : only.value_or(std::string_view());
}

}  // namespace weir::wire
