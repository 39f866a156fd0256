#include "gateway/refusal.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <utility>

#include "weir/base/log.hpp"
#include "weir/base/units.hpp"

namespace weir::gateway {
namespace {

// Up to here a client does better to wait than to give up; SDKs cap or distrust anything longer. A minute,
// and the care that is taken with a window of one.
constexpr Duration kShortWait = std::chrono::seconds(61);
// Several SDKs take a wait of a minute or more for none at all. One that is told less comes back in time, or
// so little before it that it does better to wait for the rest here.
constexpr Duration kLongestTold = std::chrono::milliseconds(59'999);

std::string all_targets(std::size_t count, std::string_view route, bool partly = false) {
  std::string of = " of \"" + std::string(route) + "\"";
  if (partly) of += " that can serve this request";
  return count == 1 ? "the only target" + of : "all " + std::to_string(count) + " targets" + of;
}

std::size_t count_of(const routing::NoRoom& none, routing::Unfit reason) {
  return static_cast<std::size_t>(std::ranges::count(none.skips, reason, &routing::Skip::unfit));
}

// Of the targets that were asked for, which can't serve the request at any time.
bool some_are_unfit(const routing::NoRoom& none) {
  return count_of(none, routing::Unfit::none) + count_of(none, routing::Unfit::costs) < none.skips.size();
}

bool returns(const routing::Skip& skip) {
  return skip.available_at != BootTime::max();
}

std::vector<wire::AttemptNote> notes_of(const routing::NoRoom& none, Instant now) {
  std::vector<wire::AttemptNote> notes;
  const bool costs_only = count_of(none, routing::Unfit::costs) == none.skips.size();
  for (const routing::Skip& skip : none.skips) {
    if (skip.unfit == routing::Unfit::costs && !costs_only) continue;  // nobody asked for it
    notes.push_back(
        {.target = skip.target->name(),
         .key = skip.target->key->label,
         .outcome =
             (skip.held_by == routing::HeldBy::client ? "skipped: the client's " : "skipped: ") + skip.reason,
         .resets_at = returns(skip) ? format_utc(now.wall_at(skip.available_at)) : ""});
  }
  return notes;
}

// "groq/m: auth: give a key that the provider accepts, then reload": each state once, with who is in it.
std::string states_of(const routing::NoRoom& none) {
  std::vector<std::string> states;
  std::string text;
  for (const routing::Skip& skip : none.skips) {
    if (skip.unfit == routing::Unfit::costs) continue;  // nobody asked for it
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

// Whether that is whose limit keeps it from every target that could serve it.
bool all_held_by(routing::HeldBy who, const routing::NoRoom& none) {
  return std::ranges::all_of(none.skips, [who](const routing::Skip& skip) {
    return skip.unfit != routing::Unfit::none || skip.held_by == who;
  });
}

bool is_overloaded(const routing::Skip& skip) {
  return skip.reason == quota::name(quota::CooldownCause::capacity);
}

// What only fails is no matter of quota: an SDK that is told so does better to come back than to slow down.
bool all_returning_fail(const routing::NoRoom& none) {
  return std::ranges::none_of(none.skips,
                              [](const routing::Skip& skip) { return returns(skip) && !is_failing(skip); });
}

bool is_matter_of_quota(const routing::NoRoom& none) {
  return std::ranges::any_of(none.skips, [](const routing::Skip& skip) {
    return returns(skip) && !is_failing(skip) && !is_overloaded(skip);
  });
}

// "out of quota, overloaded or failing": all that keeps the targets which will be back.
std::string what_keeps(const routing::NoRoom& none) {
  if (all_returning_fail(none)) return "failing again and again";
  const auto is_kept = [](const routing::Skip& skip) { return skip.held_by == routing::HeldBy::day_rule; };
  const auto is_spent = [&](const routing::Skip& skip) {
    return returns(skip) && !is_kept(skip) && !is_overloaded(skip) && !is_failing(skip);
  };
  std::vector<std::string_view> words;
  if (std::ranges::any_of(none.skips, is_spent)) words.emplace_back("out of quota");
  if (std::ranges::any_of(none.skips, is_kept))
    words.emplace_back("kept for other requests by routing.reserve or routing.spread");
  if (std::ranges::any_of(none.skips, is_overloaded)) words.emplace_back("overloaded");
  if (std::ranges::any_of(none.skips, is_failing)) words.emplace_back("failing");
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += word == words.back() ? " or " : ", ";
    text += word;
  }
  return text;
}

// Nobody comes back by waiting.
std::string never_back(const std::string& subject, const routing::NoRoom& none) {
  if (all_held_by(routing::HeldBy::client, none))
    return "the client key's own limits don't allow this request, and waiting won't change that";
  return subject + " unavailable, and waiting won't change that: " + states_of(none);
}

// "all 3 targets of "smart" are out of quota; the first is back at 2026-11-24T08:00:00Z (gemini, in 5h 21m)".
std::string when_back(const std::string& subject, const routing::NoRoom& none, const routing::Skip& first,
                      Instant now) {
  const Duration wait = std::max(first.available_at - now.boot, Duration::zero());
  const std::string when = format_utc(now.wall_at(first.available_at));
  const std::string in = "in " + format_for_people(wait);
  if (all_held_by(routing::HeldBy::client, none))
    return "the client key's own limit is used up (" + first.reason + "); it has room again at " + when +
           " (" + in + ")";
  if (all_held_by(routing::HeldBy::peak_hours, none))
    return "requests of this class wait until the peak hours are over, at " + when + " (" + in + ")";
  const bool is_one = count_of(none, routing::Unfit::none) == 1;
  return subject + " " + what_keeps(none) + "; " + (is_one ? "it" : "the first") +
         (is_failing(first) ? " is tried again at " : " is back at ") + when + " (" +
         first.target->provider->name + ", " + in + ")";
}

// None that could serve it has a quota window large enough, and none of the others a context.
Refusal too_large(const routing::Route& route, const routing::NoRoom& none, Instant now) {
  const auto count =
      static_cast<std::size_t>(std::ranges::count(none.skips, true, &routing::Skip::too_large));
  const std::string holder =
      all_held_by(routing::HeldBy::client, none)
          ? "the client key's own limits"
          : "any quota window of " + all_targets(count, route.name, some_are_unfit(none));
  return {.error = {ErrorKind::context_length_exceeded, "this request needs more tokens than " + holder +
                                                            " can ever hold; shorten it or lower max_tokens"},
          .param = "messages",
          .should_retry = false,
          .notes = notes_of(none, now)};
}

Refusal too_long(const routing::Route& route, const routing::NoRoom& none, Instant now) {
  std::uint64_t largest = 0;
  std::uint64_t needed = std::numeric_limits<std::uint64_t>::max();
  for (const routing::Skip& skip : none.skips) {
    if (skip.unfit != routing::Unfit::context) continue;
    largest = std::max(largest, skip.target->model->context);
    needed = std::min(needed, skip.needed);
  }
  return {
      .error = {ErrorKind::context_length_exceeded,
                "this request needs about " + std::to_string(needed) +
                    " tokens, prompt and output together, and the largest context among the targets of \"" +
                    route.name + "\" that could serve it is " + std::to_string(largest) +
                    "; shorten it or lower max_tokens"},
      .param = "messages",
      .should_retry = false,
      .notes = notes_of(none, now)};
}

// "openai/gpt-5" of a family that spends no money.
Refusal costs(const routing::Route& route, const routing::NoRoom& none, Instant now) {
  return {
      .error = {ErrorKind::model_not_found, "every target of \"" + route.name + "\" costs money; ask for \"" +
                                                none.skips.front().target->name() +
                                                "\" by its name, or set routing.allow_paid: true"},
      .param = "model",
      .should_retry = false,
      .notes = notes_of(none, now)};
}

// Why no target of a route can serve a request, and the part of the request that asks for what they lack.
struct Lack {
  std::string message;
  std::string_view param;
};
Lack lack_of(routing::Unfit reason, const std::string& route) {
  const std::string none_of = "no target of \"" + route + "\" ";
  switch (reason) {
    case routing::Unfit::switched_off:
      return {"the key of every target of \"" + route +
                  "\" is disabled; PATCH /admin/v1/keys/{provider}/{key} enables one",
              "model"};
    case routing::Unfit::other_provider:
      return {none_of + "is at the provider that x-weir-provider names", "x-weir-provider"};
    case routing::Unfit::training:
      return {"every target of \"" + route +
                  "\" trains on prompts, which routing.no_training or x-weir-no-training forbids",
              "model"};
    case routing::Unfit::tools:
      return {none_of + "takes tools", "tools"};
    case routing::Unfit::images:
      return {none_of + "takes images or audio", "messages"};
    case routing::Unfit::json_schema:
      return {none_of + "takes a JSON schema", "response_format"};
    case routing::Unfit::none:
    case routing::Unfit::costs:
    case routing::Unfit::context:
      break;
  }
  return {none_of + "can serve this request", "model"};
}

// No target may or can serve this request, now or later. What stands nearest to serving says why: where one
// lacks nothing but context, a shorter request is what helps.
Refusal no_fit(const routing::Route& route, const routing::NoRoom& none, Instant now) {
  const routing::Unfit nearest = std::ranges::max_element(none.skips, {}, &routing::Skip::unfit)->unfit;
  if (nearest == routing::Unfit::context) return too_long(route, none, now);
  if (nearest == routing::Unfit::costs) return costs(route, none, now);
  const bool all_alike = std::ranges::all_of(none.skips, [nearest](const routing::Skip& skip) {
    return skip.unfit == nearest || skip.unfit == routing::Unfit::costs;
  });
  Lack lack = lack_of(nearest, route.name);
  if (!all_alike)
    lack.message = "no target of \"" + route.name + "\" can serve this request: " + states_of(none);
  const bool is_ours = nearest == routing::Unfit::switched_off;
  return {.error = {is_ours ? ErrorKind::overloaded : ErrorKind::invalid_request, std::move(lack.message)},
          .param = std::string(is_ours ? "" : lack.param),
          .should_retry = false,
          .notes = notes_of(none, now)};
}

}  // namespace

Refusal no_room(const routing::Route& route, const routing::NoRoom& none, Instant now) {
  if (none.skips.empty())
    return {.error = {ErrorKind::upstream_failed, "\"" + route.name + "\" has no target that can be used"},
            .should_retry = false};
  const std::size_t fit = count_of(none, routing::Unfit::none);
  if (fit == 0) return no_fit(route, none, now);
  if (std::ranges::count(none.skips, true, &routing::Skip::too_large) == static_cast<std::ptrdiff_t>(fit))
    return too_large(route, none, now);

  const std::string subject = all_targets(fit, route.name, some_are_unfit(none));
  const std::string verb = fit == 1 ? " is" : " are";
  const routing::Skip* const first = none.first_back();
  if (first == nullptr)
    return {.error = {ErrorKind::quota_exhausted, never_back(subject + verb, none)},
            .should_retry = false,
            .notes = notes_of(none, now)};

  const Duration wait = std::max(first->available_at - now.boot, Duration::zero());
  const bool soon = wait <= kShortWait;
  const bool no_quota = all_returning_fail(none) || (!soon && !is_matter_of_quota(none));
  const ErrorKind quota_kind = soon ? ErrorKind::rate_limited : ErrorKind::quota_exhausted;
  Refusal refusal{.error = {no_quota ? ErrorKind::upstream_failed : quota_kind,
                            when_back(subject + verb, none, *first, now)},
                  .retry_after = wait,
                  .notes = notes_of(none, now),
                  .first_back = first->target};
  if (!soon) refusal.should_retry = false;
  return refusal;
}

Refusal tries_spent(const routing::Route& route, std::size_t attempts) {
  return {.error = {ErrorKind::rate_limited,
                    (attempts == 1 ? "the attempt" : "all " + std::to_string(attempts) + " attempts") +
                        std::string(" for \"") + route.name +
                        "\" found no room, and a request may make no more; other targets have room: send it "
                        "again"},
          .retry_after = Duration::zero()};
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
                   std::optional<routing::Point> at) {
  if (at == routing::Point::own_shortage)
    return {.error = {ErrorKind::overloaded,
                      "weir has no file descriptor, port or memory left for a connection to a provider"},
            .retry_after = std::chrono::seconds(1)};
  std::string message =
      attempts.size() == 1 ? "the attempt" : "all " + std::to_string(attempts.size()) + " attempts";
  message += " for \"" + route.name + "\" failed: " + telemetry::trail(attempts);
  return {
      .error = {at == routing::Point::timed_out ? ErrorKind::upstream_timeout : ErrorKind::upstream_failed,
                std::move(message)},
      .should_retry = false};
}

Refusal unknown_model(const routing::Catalogue& catalogue, const std::string& model) {
  std::string message = "no model \"" + model + "\"";
  const auto similar = catalogue.similar(model);
  for (std::size_t i = 0; i < similar.size(); ++i)
    message += (i == 0 ? "; did you mean \"" : "\" or \"") + similar[i];
  message += similar.empty() ? "; GET /v1/models lists what there is" : "\"?";
  return {.error = {ErrorKind::model_not_found, std::move(message)}, .param = "model"};
}

Refusal model_not_allowed(const ClientKey& client, const std::string& model) {
  return {.error = {ErrorKind::model_not_allowed,
                    "the key \"" + client.name + "\" may not use the model \"" + model + "\""},
          .param = "model"};
}

Refusal queue_full(const routing::Route& route) {
  return {.error = {ErrorKind::overloaded,
                    "\"" + route.name + "\" has no room, and as many requests wait for some as may"},
          .retry_after = std::chrono::seconds(1)};
}

Refusal shutting_down() {
  return {.error = {ErrorKind::overloaded, "weir is shutting down"}, .retry_after = std::chrono::seconds(1)};
}

Refusal deadline_spent(Duration deadline) {
  return {.error = {ErrorKind::deadline_spent,
                    "no target answered within the deadline of " + format_duration(deadline)},
          .should_retry = false};
}

int status_of(const Refusal& refusal) {
  return refusal.status != 0 ? refusal.status : traits(refusal.error.kind).http_status;
}

void write_fields(const Refusal& refusal, http::Fields& fields) {
  fields.add("content-type", "application/json");
  if (refusal.retry_after) {
    const bool is_short = *refusal.retry_after <= kShortWait;
    const Duration wait = is_short ? std::min(*refusal.retry_after, kLongestTold) : *refusal.retry_after;
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
    fields.add("retry-after", static_cast<std::uint64_t>(std::max<std::int64_t>(seconds, 1)));
    if (is_short)
      fields.add("retry-after-ms",
                 std::to_string(std::chrono::ceil<std::chrono::milliseconds>(wait).count()));
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
