#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weir/base/result.hpp"
#include "weir/wire/usage.hpp"

namespace weir::wire {

// One server-sent event: its bytes as they came, blank line included, and the text of its data lines.
struct SseEvent {
  std::string_view raw;
  std::string_view data;  // joined by LF; empty for comments
};

// Cuts a stream of bytes into events. LF, CRLF and CR end a line, mixed and split at any byte; comments,
// several data lines and a missing space after the colon are fine. Works on bytes: UTF-8 may be split.
// Nothing is lost but byte order marks before an event, which would hide its first field from SDKs: what
// next() handed out and rest() are the bytes that were fed, in order. A CR ends its event at once: where an
// LF still follows, it leads the next raw bytes, and means nothing there.
class SseFramer {
 public:
  static constexpr std::size_t kMaxEvent = 16U << 20U;

  // Appends what arrived. Fails with upstream_protocol, and takes nothing, where more than kMaxEvent would
  // stand here that next() hasn't handed out.
  [[nodiscard]] Result<void> feed(std::string_view bytes);
  // The next complete event, or nothing. Views end with the next feed() or next().
  [[nodiscard]] std::optional<SseEvent> next();
  // What stands behind the last complete event.
  [[nodiscard]] std::string_view rest() const;

 private:
  [[nodiscard]] SseEvent take();
  [[nodiscard]] std::string_view data_of(std::string_view event);

  std::string buffer_;
  std::size_t begin_ = 0;  // of the first event not handed out
  std::size_t line_ = 0;   // where the line that is being read begins
  std::size_t scan_ = 0;   // bytes of that line before it hold no end of a line
  bool after_cr_ = false;  // the byte before scan_ is a CR: an LF belongs to it
  std::string data_;       // where data lines must be joined
};

// What one event of a chat stream means. Of data that isn't JSON: nothing. Bytes that aren't UTF-8 do no
// harm: providers split characters between events.
struct EventFacts {
  bool done = false;        // [DONE]
  bool commits = false;     // non-empty content, reasoning, refusal, tool call or finish_reason, and no error
  bool finished = false;    // carries a finish_reason other than "error"
  bool error = false;       // an error object, or finish_reason "error"
  bool usage_only = false;  // usage and no choices: the extra chunk of include_usage
  bool has_usage = false;   // a usage object, whatever is in it
  bool has_choices = false;    // a choices array that isn't empty
  bool lacks_choices = false;  // no choices array at all
  // Which choices it holds, and which of them have a finish_reason: a bit each, the last for the sixteenth
  // and all behind it.
  std::uint16_t choices = 0;
  std::uint16_t finished_choices = 0;
  bool may_need_mending = false;  // see weir/wire/mend.hpp
  std::size_t text_bytes = 0;     // of content, reasoning, refusal and tool arguments
  std::optional<Usage> usage;     // at least one number of it; where several events have one, the last counts
};
[[nodiscard]] EventFacts read_event(std::string_view data);

}  // namespace weir::wire
