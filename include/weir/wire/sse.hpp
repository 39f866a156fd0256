#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "weir/base/result.hpp"
#include "weir/wire/usage.hpp"

namespace weir::wire {

// One server-sent event: its bytes as they came, blank line included, and the text of its data lines.
struct SseEvent {
  std::string_view raw;
  std::string_view data;   // joined by LF; empty for comments
};

// Cuts a stream of bytes into events. LF, CRLF and CR end a line, mixed and split at any byte; a BOM at the start,
// comments, several data lines and a missing space after the colon are fine. Works on bytes: UTF-8 may be split.
class SseFramer {
 public:
  static constexpr std::size_t kMaxEvent = 16U << 20U;

  // Appends what arrived. Fails with upstream_protocol where one event grows past kMaxEvent.
  [[nodiscard]] Result<void> feed(std::string_view bytes);
  // The next complete event, or nothing. Views end with the next feed() or next().
  [[nodiscard]] std::optional<SseEvent> next();
  // What stands behind the last complete event.
  [[nodiscard]] std::string_view rest() const;

 private:
  std::string buffer_;
  std::size_t begin_ = 0;   // of the first event not handed out
  std::size_t scan_ = 0;    // bytes before it hold no end of an event that begins at begin_
  std::string data_;        // where data lines must be joined
  bool started_ = false;    // the BOM, if any, is behind us
};

// What one event of a chat stream means.
struct EventFacts {
  bool done = false;            // [DONE]
  bool commits = false;         // non-empty content, reasoning, refusal, tool call or finish_reason
  bool finished = false;        // carries a finish_reason
  bool error = false;           // an error object, or finish_reason "error"
  bool usage_only = false;      // usage and an empty choices array: the extra chunk of include_usage
  std::size_t text_bytes = 0;   // of content, reasoning, refusal and tool arguments
  std::optional<Usage> usage;
};
[[nodiscard]] EventFacts read_event(std::string_view data);

}  // namespace weir::wire
