#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/chat_stream.hpp"
#include "gateway/upstream_call.hpp"
#include "gateway/usage_bounds.hpp"
#include "weir/base/clock.hpp"
#include "weir/base/error.hpp"
#include "weir/providers/signals.hpp"
#include "weir/routing/planner.hpp"
#include "weir/routing/retry.hpp"
#include "weir/transport/upstream.hpp"

namespace weir::gateway {

inline constexpr std::size_t kMaxHeld = 16 * 1024;          // bytes of a stream before its commit event
inline constexpr std::size_t kMaxPlainAnswer = 64U << 20U;  // bytes
inline constexpr std::size_t kMaxErrorBody = 64 * 1024;     // bytes looked at

// What the client asked for. Outlives the attempts.
struct Asked {
  const wire::ChatRequest& chat;
  std::string_view body;
  const http::Fields& fields;
  std::string_view request_id;
  std::uint64_t prompt_tokens = 0;  // estimated
};

// One try of one target: what it holds of the quota, what was sent, what came back and what that means.
struct Attempt {
  Attempt(routing::Choice choice, const Asked& asked, Instant now);

  // Logs, at debug, what the provider's dialect changed in the request.
  void note_changes(std::string_view request_id) const;
  // All of the answer is here, so many tokens of it.
  void note_speed(std::uint64_t completion, Instant now) const;
  // The answer's head is here: what it says of the windows corrects the ledger.
  void observe_head(Instant now);
  // One more piece of a stream before its commit event, or why there is none. Its end is too early.
  [[nodiscard]] Result<void> hold(const Result<std::string_view>& piece);
  // The exchange failed, or broke before the commit event.
  void judge(const Error& failure, Instant now);
  // The answer (its head and what of its body was read) is complete enough to decide.
  void judge_answer(Instant now);
  // What it took, by what the provider said; where it said nothing, or what can't be, by what came.
  struct Used {
    std::uint64_t prompt = 0;
    std::uint64_t completion = 0;
    std::uint64_t cached = 0;      // of the prompt
    bool prompt_was_told = false;  // by the provider
    bool completion_was_told = false;
  };
  [[nodiscard]] Used used() const;
  // The model's way of counting is learned from what it took. What a picture or a file comes to nobody knows
  // beforehand, and an answer that was cut off says nothing of how long it wanted to be.
  void teach(const Used& used, const wire::ChatRequest& chat, const tokens::PromptSize& size,
             bool is_whole) const;
  // A refusal may tell what the prompt came to: by itself, or with the max_tokens that it was sent with.
  void teach_refused(const wire::ChatRequest& chat, const tokens::PromptSize& size) const;
  // What a refusal says; of what was none, nothing.
  [[nodiscard]] const providers::Verdict& verdict() const noexcept;
  // How long what refused asks to be left alone, and is. "At once" is when the refused request came: who
  // believes it is refused again, and so are those behind it.
  [[nodiscard]] std::optional<Duration> told_wait() const noexcept;
  // A stream that had begun has ended, at its end or not; the client is there. What an error event said of
  // quota or of the key is heard like a refusal.
  void note_end(bool is_whole, Instant now);

  const routing::Target* target;
  quota::Cost cost;
  quota::Reservation reservation;
  const std::optional<std::uint64_t> max_tokens;  // sent in place of what the client said
  std::unique_ptr<const UpstreamCall> call;       // until the answer is delivered
  const Instant began;
  const wire::AnswerOrigin origin;
  const std::uint64_t prompt_tokens;  // estimated
  const UsageBounds bounds;
  const bool wants_stream;
  const bool wants_usage;  // in its stream
  BootTime share_ends{};   // of the deadline: the rest until commit_by is for writing the answer
  BootTime commit_by{};
  std::optional<WallTime> sent_at;  // when its last byte left
  Instant heard{};                  // when the last that was waited for came, or the waiting ended

  std::unique_ptr<transport::Answer> answer;
  std::vector<quota::Observation> observed;
  bool is_stream = false;    // the answer is an event stream, as asked
  bool is_replayed = false;  // it is none, and was asked for as one: `body` is its events
  ChatStream stream;
  std::string body;  // a stream's held events, or a plain answer's body; mended when it was judged good
  std::optional<wire::Usage> plain_usage;
  std::optional<std::uint64_t> told_cost;  // prompt and output together, by the head
  std::size_t plain_text_bytes = 0;

  routing::Point point = routing::Point::client_gone;  // how it came out, and what follows
  routing::RetryRule rule;
  std::unique_ptr<const Error> failure;  // in place of a verdict; rare
  std::string outcome;                   // "ok", "429", "connect_failed"
  Duration took{};

 private:
  [[nodiscard]] std::optional<std::uint64_t> sent_max_tokens(const wire::ChatRequest& chat) const {
    return max_tokens ? max_tokens : chat.max_tokens;
  }
  [[nodiscard]] std::optional<wire::Usage> told_usage() const;
  [[nodiscard]] std::optional<wire::Usage> told_in_stream() const;
  void mend_body();
  [[nodiscard]] bool replay_body();
  void decide(routing::Point decided, Instant now);
  void report(quota::Health health, Instant now);
  void conclude(std::string what, Instant now);
  [[nodiscard]] bool was_impatient(Instant now) const;
  void tell_ledger(Instant now);
  void note(const std::optional<quota::Drift>& drift) const;
  void refuse_for_quota(Instant now);
  void refuse_key(Instant now);
  void note_unbelieved(const wire::Usage& usage) const;
  void judge_error_in_good_answer(std::string_view words, Instant now);
  void classify_error_in_good_answer(std::string_view words, bool is_midway, Instant now);

  std::unique_ptr<providers::Verdict> verdict_;  // large, and rare
};

}  // namespace weir::gateway
