#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "weir/base/result.hpp"
#include "weir/wire/answer.hpp"
#include "weir/wire/sse.hpp"
#include "weir/wire/usage.hpp"

namespace weir::gateway {

// A provider's event stream on its way to the client: whole events go on as the bytes they came in, and a
// copy is watched for the commit event, usage, errors and the end.
class ChatStream {
 public:
  // `wants_usage`: the client asked for the usage chunk; otherwise that chunk is kept from it.
  explicit ChatStream(bool wants_usage) : wants_usage_(wants_usage) {}

  // Appends to `out` what may go on. Stops at an error event, which doesn't go on, and behind [DONE].
  // Fails with upstream_protocol where an event is too large.
  [[nodiscard]] Result<void> take(std::string_view bytes, std::string& out);

  [[nodiscard]] bool committed() const noexcept { return committed_; }
  [[nodiscard]] bool done() const noexcept { return done_; }                // [DONE] has come
  [[nodiscard]] bool whole() const noexcept { return done_ || finished_; }  // an end here is no truncation
  [[nodiscard]] const std::optional<wire::ErrorText>& error() const noexcept { return error_; }
  [[nodiscard]] const std::string& error_event() const noexcept { return error_event_; }  // its data
  [[nodiscard]] const std::optional<wire::Usage>& usage() const noexcept { return usage_; }
  [[nodiscard]] std::size_t text_bytes() const noexcept { return text_bytes_; }

 private:
  wire::SseFramer framer_;
  const bool wants_usage_;
  bool committed_ = false;
  bool done_ = false;
  bool finished_ = false;
  std::optional<wire::ErrorText> error_;
  std::string error_event_;
  std::optional<wire::Usage> usage_;
  std::size_t text_bytes_ = 0;
};

}  // namespace weir::gateway
