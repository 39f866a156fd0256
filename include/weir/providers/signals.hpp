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
#include "weir/quota/ledger.hpp"

// What a provider's answer means. Pure functions over a head, a body and the preset's tables.
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

// The windows that the head speaks of, by the preset's rules. A missing header leaves its field empty.
[[nodiscard]] std::vector<quota::Observation> observations(std::span<const HeaderRule> rules,
                                                           const http::Fields& fields, WallTime now);

enum class AnswerClass : std::uint8_t {
  ok,
  rate_limited,
  quota_exhausted,
  request_too_large,
  capacity,
  payment_required,
  auth,
  model_unavailable,
  invalid_request,
  server_error,
};
[[nodiscard]] std::string_view name(AnswerClass answer_class) noexcept;

// What happened and what follows from it.
struct Verdict {
  AnswerClass answer_class = AnswerClass::ok;
  // The window that refused, where the answer says which one.
  std::optional<quota::Dimension> dimension;
  std::optional<quota::Period> period;
  std::optional<Duration> wait;  // how long, where the answer says so
  bool whole_account = false;    // what was refused is the account (for auth: the key), not this model
  // What the error's words say of that window. Some stand in no header: Groq's requests a minute, its tokens
  // a day.
  std::optional<quota::Observation> stated;
  std::string message;  // the provider's words, for our error; redacted by the caller
};

// `observed` are the head's observations: a window at 0 remaining is the one that refused, the longest if
// there are several. Groq's and OpenAI's words (RPM, RPD, TPM, TPD) are read too and come first. The wait is
// the longest of retry-after and those words; else a reset that is surely the refusing window's own: an
// unsuffixed x-ratelimit-reset, or that of a window of at most a minute (a longer one may refill, and then
// its reset is no wait). A 402 or 403 may be about this one request, so it blames no more than the model.
[[nodiscard]] Verdict classify(int status, const http::Fields& fields, std::string_view body,
                               std::span<const quota::Observation> observed, WallTime now);

}  // namespace weir::providers
