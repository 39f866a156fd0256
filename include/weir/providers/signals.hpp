#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/http/head.hpp"
#include "weir/providers/preset.hpp"
#include "weir/providers/signal_tables.hpp"
#include "weir/quota/ledger.hpp"

// What a provider's answer means. Pure functions over a head, a body and the provider's tables.
namespace weir::providers {

// One of the value forms, as a wait from `now`; absolute times count from the answer's Date where it has one.
// Nothing for anything else: negative, not a number, over ten years.
[[nodiscard]] std::optional<Duration> parse_wait(std::string_view text, ValueFormat format, WallTime now);
// "2m59.56s", "644ms", "1h30m", "9m38.016s".
[[nodiscard]] std::optional<Duration> parse_go_duration(std::string_view text);
// "Wed, 21 Oct 2026 07:28:00 GMT".
[[nodiscard]] std::optional<WallTime> parse_http_date(std::string_view text);
// retry-after-ms, else retry-after in seconds or as a date.
[[nodiscard]] std::optional<Duration> retry_after(const http::Fields& fields, WallTime now);

// A window as an answer tells it. What it doesn't tell stays empty.
struct Window {
  WindowName name;
  std::optional<double> limit;  // credits have fractions; counts are exact to 10^15
  std::optional<double> remaining;
  std::optional<std::uint64_t> used;
  std::optional<std::uint64_t> requested;  // by the refused request
  std::optional<Duration> reset;           // from now
  std::optional<WallTime> reset_at;        // where that is how the answer says it
};

// The windows that the head speaks of: by the tables, and where they know nothing of a header, by its name if
// that names its window. A missing header leaves its field empty. For the ledger, so only windows that it can
// count. At most one allocation.
[[nodiscard]] std::vector<quota::Observation> observations(const Signals& signals, const http::Fields& fields,
                                                           WallTime now);
// What a good answer's head says the request took, prompt and output together.
[[nodiscard]] std::optional<std::uint64_t> told_cost(const Signals& signals, const http::Fields& fields);
// All windows of the head, those too that only people know.
[[nodiscard]] std::vector<Window> windows(const Signals& signals, const http::Fields& fields, WallTime now);

// Whether the same target may be asked again.
enum class RetryHere : std::uint8_t {
  not_applicable,
  after_wait,
  backoff,
  after_transform,  // the request must change first
  after_long_cooldown,
  immediately_with_lower_parallelism,
  only_if_nothing_was_sent,
  never,
};
[[nodiscard]] std::string_view name(RetryHere retry) noexcept;  // "n/a", "after_wait"

// What happened and what follows from it.
struct Verdict {
  AnswerClass answer_class = AnswerClass::ok;
  int status = 200;  // the one that was meant: of an error inside a 200, its own
  // The window that refused, where the answer says which one, in its words and in the ledger's.
  std::optional<WindowName> violated;
  std::optional<quota::Dimension> dimension;
  std::optional<quota::Period> period;
  std::optional<Duration> wait;  // how long, where the answer says so or a calendar does
  WaitRule wait_rule = WaitRule::none;
  std::optional<WallTime> wait_until;  // for at_time
  bool wait_at_most = false;           // it is often over earlier
  // Whose the refusal is: "org+model", "account", "key", "request"; empty where nobody knows.
  std::string_view scope;
  RetryHere retry = RetryHere::not_applicable;
  bool whole_account = false;  // what was refused is the account (for auth: the key), not this model
  // What the error's words say of that window. Some stand in no header: Groq's requests a minute, its tokens
  // a day.
  std::optional<quota::Observation> stated;
  std::vector<Window> windows;  // all that the answer tells of: the refused one first
  // The provider's own counts of the refused request, in tokens: of its prompt, and of that with max_tokens.
  // Only where they surely are that.
  std::optional<std::uint64_t> prompt_tokens;
  std::optional<std::uint64_t> admission_tokens;
  std::optional<std::uint64_t> context_limit;  // tokens
  std::optional<std::uint64_t> context_requested;
  std::string_view note;  // static text, for people
  std::string message;    // the provider's words, for our error; redacted by the caller
};

struct AnswerParts {
  int status = 200;
  const http::Fields& fields;
  std::string_view body;            // plain, or the event that held the error
  bool is_error_in_answer = false;  // of a good status: body is an error, or holds one
  bool is_midway = false;           // part of an answer had come before it: no wait but what it names itself
};

// The provider's rules come first, then those that hold everywhere, then what the windows say, at last the
// status. The window that refused is the one that structured fields name, else the words, else the longest
// one at 0 remaining. The wait is the longest of retry-after and what the words say, unless the tables know
// better; else a reset that is surely the refusing window's own (of a window of at most a minute, or a
// moment: a longer one may refill, and then its reset is no wait); else what the tables say of such a window.
// A 402 or 403 may be about this one request, so it blames no more than the model unless its words say more.
[[nodiscard]] Verdict classify(const Signals& signals, const AnswerParts& answer, WallTime now);

// A whole answer as it stands: looks for an error inside a good one too, in a stream's events as well. For
// diagnosis; a running stream is watched event by event.
[[nodiscard]] Verdict diagnose(const Signals& signals, int status, const http::Fields& fields,
                               std::string_view body, WallTime now);

}  // namespace weir::providers
