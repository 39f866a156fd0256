#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "weir/base/result.hpp"
#include "weir/wire/answer.hpp"
#include "weir/wire/mend.hpp"
#include "weir/wire/sse.hpp"
#include "weir/wire/usage.hpp"

namespace weir::gateway {

// A provider's event stream on its way to the client: whole events go on as the bytes they came in, but for
// what SDKs miss in them, and a copy is watched for the commit event, usage, errors and the end.
class ChatStream {
 public:
  struct Client {
    bool wants_usage = false;  // asked for it: it is told exactly once; otherwise its chunk is kept back
    std::uint64_t prompt_tokens = 0;  // estimated
  };
  // `origin` outlives it.
  ChatStream(Client client, const wire::AnswerOrigin& origin) : client_(client), mender_(origin) {}

  // Appends to `out` what may go on. Stops at an error event, which doesn't go on, and behind [DONE].
  // Fails with upstream_protocol where an event is too large.
  [[nodiscard]] Result<void> take(std::string_view bytes, std::string& out);
  // What a stream that is whole and has ended without [DONE] still owes the client. Nothing behind [DONE].
  [[nodiscard]] std::string ending() const;
  // The two events that end a broken one honestly: a chunk with finish_reason "error", and the error object.
  // No [DONE] follows.
  [[nodiscard]] std::string breaking(const Error& error, std::string_view request_id) const;

  [[nodiscard]] bool said_something() const noexcept { return said_something_; }  // more than comments
  [[nodiscard]] bool committed() const noexcept { return committed_; }
  [[nodiscard]] bool done() const noexcept { return done_; }  // [DONE] has come
  // An end here is no truncation: that has come, or a finish_reason of every choice that has begun.
  [[nodiscard]] bool whole() const noexcept { return done_ || finished(); }
  // The error event that ended it, or nullptr.
  struct ErrorEvent {
    std::string data;
    wire::ErrorText text;
  };
  [[nodiscard]] const ErrorEvent* error() const noexcept { return error_.get(); }
  // The provider's own, whatever the client was told.
  [[nodiscard]] const std::optional<wire::Usage>& usage() const noexcept { return usage_; }
  // The same of a stream that may go on, or went on behind it. Told before the end it may be a stand-in: then
  // 0 says nothing, and what was written behind it counts on top.
  [[nodiscard]] std::optional<wire::Usage> usage_so_far() const;
  [[nodiscard]] bool text_is_behind_usage() const noexcept { return text_bytes_ > told_bytes_; }
  [[nodiscard]] std::size_t text_bytes() const noexcept { return text_bytes_; }

 private:
  void pass(const wire::SseEvent& event, const wire::EventFacts& facts, std::string& out);
  [[nodiscard]] std::string missing() const;
  [[nodiscard]] std::string usage_event() const;
  [[nodiscard]] bool finished() const noexcept { return finished_ != 0 && (begun_ & ~finished_) == 0; }

  wire::SseFramer framer_;
  const Client client_;
  wire::ChunkMender mender_;
  bool said_something_ = false;
  bool committed_ = false;
  bool done_ = false;
  bool usage_told_ = false;
  std::uint16_t begun_ = 0;                  // choices, as EventFacts has them
  std::uint16_t finished_ = 0;               // of them
  std::unique_ptr<const ErrorEvent> error_;  // large, and rare
  std::optional<wire::Usage> usage_;
  std::size_t text_bytes_ = 0;
  std::size_t told_bytes_ = 0;  // of them, before the last usage
};

// What a client is told where its answer had no usage in its place: the provider's numbers, and for one that
// it didn't tell what was counted: the estimate of the prompt, the text's bytes.
[[nodiscard]] wire::CountedUsage usage_to_tell(const std::optional<wire::Usage>& said,
                                               std::uint64_t prompt_tokens, std::size_t text_bytes);

}  // namespace weir::gateway
