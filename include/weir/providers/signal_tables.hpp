#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "weir/base/clock.hpp"
#include "weir/quota/limit.hpp"

// How a provider's answers are to be read, as constant tables: config/signals/*.yaml and the headers of
// config/presets/*.yaml, checked and compiled at build. Code knows these words and no provider.
namespace weir::providers {

// How a header's value is written (facts of each provider; an OpenAI reset is a Go duration, OpenRouter's an
// epoch in milliseconds).
enum class ValueFormat : std::uint8_t { count, seconds, go_duration, unix_s, unix_ms, rfc3339 };
enum class HeaderField : std::uint8_t { limit, remaining, reset };

// One quota header: which window it speaks of. The same name means a minute at one provider and a day at
// another.
struct HeaderRule {
  std::string_view header;  // lower case
  quota::Dimension dimension;
  quota::Period period;
  HeaderField field;
  ValueFormat format;
};

// What a window counts. More than the ledger meters: answers speak of credits and neurons too.
enum class Counted : std::uint8_t {
  unknown,
  requests,
  tokens,
  input_tokens,
  output_tokens,
  concurrent_requests,
  calls,
  prompt_tokens,
  generated_tokens,
  cache_adjusted_prompt_tokens,
  audio_seconds,
  neurons,
  credits_usd,
  usage,
};

// A window's length as the answer words it: "minute" and "60s" are one length, but not one word.
struct Span {
  enum class Unit : std::uint8_t { unknown, none, seconds, second, minute, hour, session, day, week, month };
  Unit unit = Unit::unknown;
  std::uint32_t count = 0;  // of seconds

  friend bool operator==(const Span&, const Span&) = default;
};

struct WindowName {
  Counted counted = Counted::unknown;
  Span span;

  friend bool operator==(const WindowName&, const WindowName&) = default;
};
[[nodiscard]] std::string_view name(Counted counted) noexcept;  // "input_tokens"
// The length that the ledger knows it by; nothing for unknown and none.
[[nodiscard]] std::optional<quota::Period> period_of(Span span) noexcept;
[[nodiscard]] std::optional<quota::Dimension> dimension_of(Counted counted) noexcept;
[[nodiscard]] Duration length_of(Span span) noexcept;  // zero where it is unknown

enum class AnswerClass : std::uint8_t {
  ok,
  rate_limited,
  quota_exhausted,
  request_too_large,
  context_too_long,
  not_on_plan,
  concurrency,
  upstream_rate_limited,  // the refusal is that of a provider behind this one, not of our quota
  capacity,
  payment_required,
  auth,
  auth_or_quota_ambiguous,  // the same words for a dead key and for a spent plan
  auth_or_client_blocked,   // the same words for a dead key and for a refused User-Agent
  client_blocked,           // the CDN refused the client, whatever its key
  model_unavailable,
  provider_gone,
  invalid_request,
  server_error,
};
[[nodiscard]] std::string_view name(AnswerClass answer_class) noexcept;

// How the wait was had, or must be had where the answer doesn't say it.
enum class WaitRule : std::uint8_t {
  none,
  seconds,
  at_time,
  next_minute_boundary,
  next_midnight_utc,
  next_midnight_pacific,
  next_month_utc,
  ladder,  // nobody knows: try again ever more seldom
};
[[nodiscard]] std::string_view name(WaitRule rule) noexcept;

// Which answer a rule is about. What is empty fits all.
struct SignalMatch {
  std::uint16_t status = 0;
  std::string_view code;    // lower case; stands in code, type, param or another member of that kind
  std::string_view phrase;  // lower case; parts divided by "*" follow each other in the words
  bool untyped = false;     // the body has no type
};

// A rule for refusals: the first that fits decides.
struct SignalRule {
  SignalMatch match;
  AnswerClass answer_class = AnswerClass::ok;
  WindowName window{};     // the one that refused, where its counted is known
  double limit = -1;       // of that window; negative: not said
  bool spent = false;      // nothing is left of that window
  Duration wait{-1};       // where the answer says none; negative: none
  std::string_view scope;  // empty: as the class has it
  std::string_view note;   // for people
};

// Whose the refusal is, where that isn't what the class has.
struct ScopeRule {
  SignalMatch match;
  std::optional<AnswerClass> answer_class;
  Span span{};  // unknown: any
  std::string_view scope;
};

// When a window is free again, where the answer doesn't say so.
struct WaitDefault {
  Span span{};  // unknown: where no window is named
  WaitRule rule = WaitRule::ladder;
  bool over_hints = false;  // also where it does say so, because that is known to be wrong
};

// Whether retry-after is to be believed.
enum class RetryAfter : std::uint8_t { exact, at_most };

// What "Requested 1443" of a refused token window counts. Some estimate it from the request's length, which
// teaches nothing: it is known only where that was found out.
enum class Requested : std::uint8_t { unknown, prompt_plus_max_tokens };

struct Signals {
  std::string_view name;
  std::span<const std::string_view> also_called;
  std::span<const HeaderRule> headers;
  Span bare_span{};                // of limit headers that name no window
  std::string_view scope;          // of the windows in the headers
  std::string_view refusal_scope;  // of a refused window, where it differs
  std::string_view stream_scope;   // of an error inside a good answer, where it differs
  RetryAfter retry_after = RetryAfter::exact;
  Requested requested = Requested::unknown;
  std::string_view cost_header;       // says what a served request took in all, prompt and output; lower case
  std::span<const SignalRule> rules;  // before those that hold everywhere
  std::span<const ScopeRule> scopes;  // the first that fits
  std::span<const WaitDefault> waits;  // the first that fits
};

// All that are known, by name: every preset has one, and so have some providers without a preset.
[[nodiscard]] std::span<const Signals> builtin_signals() noexcept;
// By its name or one that it is also called.
[[nodiscard]] const Signals* find_signals(std::string_view name) noexcept;

}  // namespace weir::providers
