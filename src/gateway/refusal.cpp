#include "gateway/refusal.hpp"

#include <algorithm>
#include <chrono>

#include "weir/base/log.hpp"
#include "weir/base/units.hpp"

namespace weir::gateway {
namespace {

// Up to here a client does better to wait than to give up; SDKs cap or distrust anything longer. A minute,
// and the care that is taken with a window of one.
constexpr Duration kShortWait = std::chrono::seconds(61);

std::string all_targets(std::size_t count, std::string_view route) {
  std::string of = " of \"" + std::string(route) + "\"";
  return count == 1 ? "the only target" + of : "all " + std::to_string(count) + " targets" + of;
}

bool returns(const routing::Skip& skip) {
  return skip.available_at != BootTime::max();
}

std::vector<wire::AttemptNote> notes_of(const routing::NoRoom& none, Instant now) {
  std::vector<wire::AttemptNote> notes;
  for (const routing::Skip& skip : none.skips) {
    notes.push_back({.target = skip.target->name(),
                     .key = skip.target->key->label,
                     .outcome = "skipped: " + skip.reason,
                     .resets_at = returns(skip) ? format_utc(now.wall_at(skip.available_at)) : ""});
  }
  return notes;
}

// "groq/m: auth: give a key that the provider accepts, then reload": each state once, with who is in it.
std::string states_of(const routing::NoRoom& none) {
  std::vector<std::string> states;
  std::string text;
  for (const routing::Skip& skip : none.skips) {
    std::string state = skip.target->name() + ": " + skip.reason;
    if (!skip.remedy.empty()) state += ": " + std::string(skip.remedy);
    if (std::ranges::find(states, state) != states.end()) continue;
    text += (text.empty() ? "" : "; ") + state;
    states.push_back(std::move(state));
  }
  return text;
}

bool is_failing(const routing::Skip& skip) {
  return skip.reason == quota::name(quota::CooldownCause::failing);
}

Refusal too_large(const routing::Route& route, const routing::NoRoom& none, Instant now) {
  return {.error = {ErrorKind::context_length_exceeded,
                    "this request needs more tokens than any quota window of " +
                        all_targets(none.skips.size(), route.name) +
                        " can ever hold; shorten it or lower max_tokens"},
          .param = "messages",
          .should_retry = false,
          .notes = notes_of(none, now)};
}

}  // namespace

Refusal no_room(const routing::Route& route, const routing::NoRoom& none, Instant now) {
  if (none.skips.empty())
    return {.error = {ErrorKind::upstream_failed, "\"" + route.name + "\" has no target that can be used"},
            .should_retry = false};
  if (std::ranges::all_of(none.skips, &routing::Skip::too_large)) return too_large(route, none, now);

  const std::string subject = all_targets(none.skips.size(), route.name);
  const std::string verb = none.skips.size() == 1 ? " is" : " are";
  const routing::Skip* const first = none.first_back();
  if (first == nullptr)
    return {.error = {ErrorKind::quota_exhausted,
                      subject + verb + " unavailable, and waiting won't change that: " + states_of(none)},
            .should_retry = false,
            .notes = notes_of(none, now)};

  const Duration wait = std::max(first->available_at - now.boot, Duration::zero());
  const bool soon = wait <= kShortWait;
  // What only fails is no matter of quota: an SDK that is told so does better to come back than to slow down.
  const bool all_fail = std::ranges::none_of(
      none.skips, [](const routing::Skip& skip) { return returns(skip) && !is_failing(skip); });
  const bool some_fail = std::ranges::any_of(none.skips, is_failing);
  std::string message = subject + verb +
                        (all_fail    ? " failing again and again; "
                         : some_fail ? " out of quota or failing; "
                                     : " out of quota; ") +
                        (none.skips.size() == 1 ? "it" : "the first") +
                        (is_failing(*first) ? " is tried again at " : " is back at ") +
                        format_utc(now.wall_at(first->available_at)) + " (" + first->target->provider->name +
                        ", in " + format_for_people(wait) + ")";
  const ErrorKind quota_kind = soon ? ErrorKind::rate_limited : ErrorKind::quota_exhausted;
  Refusal refusal{.error = {all_fail ? ErrorKind::upstream_failed : quota_kind, std::move(message)},
                  .retry_after = wait,
                  .notes = notes_of(none, now)};
  if (!soon) refusal.should_retry = false;
  return refusal;
}

Refusal passed_on(const providers::Verdict& verdict) {
  using providers::AnswerClass;
  if (verdict.answer_class == AnswerClass::context_too_long)
    return {.error = {ErrorKind::context_length_exceeded, verdict.message},
            .param = "messages",
            .should_retry = false};
  if (verdict.answer_class == AnswerClass::request_too_large)
    return {
        .error = {ErrorKind::request_too_large, verdict.message}, .param = "messages", .should_retry = false};
  return {.error = {ErrorKind::invalid_request, verdict.message},
          .status = verdict.status,
          .should_retry = false};
}

Refusal all_failed(const routing::Route& route, const std::vector<telemetry::AttemptRecord>& attempts,
                   bool timed_out) {
  std::string message =
      attempts.size() == 1 ? "the attempt" : "all " + std::to_string(attempts.size()) + " attempts";
  message += " for \"" + route.name + "\" failed: " + telemetry::trail(attempts);
  return {.error = {timed_out ? ErrorKind::upstream_timeout : ErrorKind::upstream_failed, std::move(message)},
          .should_retry = false};
}

Refusal deadline_spent(Duration deadline) {
  return {.error = {ErrorKind::deadline_spent,
                    "no target answered within the deadline of " + format_for_people(deadline)},
          .should_retry = false};
}

int status_of(const Refusal& refusal) {
  return refusal.status != 0 ? refusal.status : traits(refusal.error.kind).http_status;
}

void write_fields(const Refusal& refusal, http::Fields& fields) {
  fields.add("content-type", "application/json");
  if (refusal.retry_after) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*refusal.retry_after).count();
    fields.add("retry-after", std::to_string(std::max<std::int64_t>(seconds, 1)));
    if (refusal.error.kind == ErrorKind::rate_limited)
      fields.add("retry-after-ms",
                 std::to_string(std::chrono::ceil<std::chrono::milliseconds>(*refusal.retry_after).count()));
  }
  if (refusal.should_retry) fields.add("x-should-retry", *refusal.should_retry ? "true" : "false");
}

std::string body_of(const Refusal& refusal, const telemetry::RequestRecord& record) {
  std::vector<wire::AttemptNote> notes;
  for (const telemetry::AttemptRecord& attempt : record.attempts)
    notes.push_back({.target = attempt.target,
                     .key = attempt.key,
                     .outcome = attempt.outcome,
                     .resets_at = "",
                     .ms = static_cast<long>(
                         std::chrono::duration_cast<std::chrono::milliseconds>(attempt.took).count())});
  notes.insert(notes.end(), refusal.notes.begin(), refusal.notes.end());
  // Providers like to quote what they were sent, keys included.
  const Error error{refusal.error.kind, log::redact(refusal.error.message)};
  return wire::error_body(error, refusal.param, record.request_id, notes);
}

}  // namespace weir::gateway
