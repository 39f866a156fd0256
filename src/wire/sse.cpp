#include "weir/wire/sse.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "weir/base/sixteen_bytes.hpp"
#include "weir/base/text.hpp"

namespace weir::wire {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Where the first LF or CR from `at` on stands, or the text's size.
std::size_t find_line_end(std::string_view text, std::size_t at) {
  for (; text.size() - at >= kSixteen; at += kSixteen) {
    const std::uint32_t ends = marks_of('\n', text.data() + at) | marks_of('\r', text.data() + at);
    if (ends != 0) return at + static_cast<std::size_t>(std::countr_zero(ends));
  }
  while (at < text.size() && text[at] != '\n' && text[at] != '\r') ++at;
  return at;
}

// An event without the marks before it, nor the LF before those: its CR has ended a line already.
std::string_view without_marks(std::string_view event) {
  std::string_view rest = event;
  if (rest.size() > 1 && rest.front() == '\n') rest.remove_prefix(1);
  if (!rest.starts_with(kByteOrderMark)) return event;
  while (rest.starts_with(kByteOrderMark)) rest.remove_prefix(kByteOrderMark.size());
  return rest;
}

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
    const std::size_t end = find_line_end(buffer_, scan_);
    after_cr_ = after_cr_ && end == scan_;
    scan_ = end;
    if (end == buffer_.size()) break;
    const bool lf_of_crlf = buffer_[end] == '\n' && after_cr_;
    const bool is_blank = !lf_of_crlf && end == line_;
    after_cr_ = buffer_[end] == '\r';
    line_ = ++scan_;
    if (is_blank) return take();
  }
  if (begin_ > 0 && begin_ == buffer_.size()) {  // a stream is silent most of its time
    give_back(buffer_);
    begin_ = line_ = scan_ = 0;
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
  const std::string_view raw = without_marks(std::string_view(buffer_).substr(begin_, scan_ - begin_));
  begin_ = scan_;
  return {raw, data_of(raw)};
}

std::string_view SseFramer::data_of(std::string_view event) {
  std::optional<std::string_view> only;
  bool joined = false;
  while (!event.empty()) {
    const std::size_t end = find_line_end(event, 0);
    const auto value = data_line(event.substr(0, end));
    event.remove_prefix(std::min(end + 1, event.size()));
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
