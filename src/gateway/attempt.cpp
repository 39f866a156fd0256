#include "gateway/attempt.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "weir/base/arithmetic.hpp"
#include "weir/base/log.hpp"
#include "weir/base/units.hpp"
#include "weir/tokens/estimator.hpp"
#include "weir/wire/answer.hpp"

namespace weir::gateway {
namespace {

using providers::AnswerClass;
using quota::CooldownCause;

// Where a refusal names no time. Short: a cooldown must not be longer than its evidence.
constexpr Duration kUntoldWait = std::chrono::seconds(10);
// No wait ends it: a person must mend it, and what the provider serves then shows that it is mended.
constexpr BootTime kUntilMended = BootTime::max();

bool is_good(int status) {
  return status >= 200 && status < 300;
}

// Where the words leave open whether a person is needed: long enough to be no burden, short enough to notice
// when a spent plan is refilled.
constexpr Duration kAmbiguousWait = std::chrono::minutes(5);
// What mending adds to a plain answer, as a rule.
constexpr std::size_t kMendedRoom = 256;
// Of requests at once: the first that ends makes room.
constexpr Duration kConcurrencyWait = std::chrono::seconds(1);

// How long the window is to be left alone. A wait that is often over earlier is for a bucket that refills:
// half of it brings half of the bucket.
std::optional<Duration> quota_wait(const Attempt& attempt) {
  const auto wait = attempt.told_wait();
  return wait && attempt.verdict().wait_at_most ? *wait / 2 : wait;
}

// Whether a table made the wait, and no answer.
bool is_guessed(providers::WaitRule rule) {
  using enum providers::WaitRule;
  return rule == next_minute_boundary || rule == next_midnight_utc || rule == next_midnight_pacific ||
         rule == next_month_utc;
}

quota::QuotaRefusal quota_refusal(const Attempt& attempt) {
  const providers::Verdict& verdict = attempt.verdict();
  const bool is_short = verdict.answer_class == AnswerClass::rate_limited;
  return {.dimension = verdict.dimension,
          .period = verdict.period,
          .wait = quota_wait(attempt),
          .wait_is_guessed = is_guessed(verdict.wait_rule),
          .whole_account = verdict.whole_account,
          .cause = is_short ? CooldownCause::rate_limited : CooldownCause::quota_exhausted};
}

wire::AnswerOrigin origin_of(const routing::Target& target, std::string_view request_id, Instant now) {
  return {.request_id = request_id,
          .model = target.model->id,
          .created = std::chrono::floor<std::chrono::seconds>(now.wall.time_since_epoch()).count()};
}

}  // namespace

Attempt::Attempt(routing::Choice choice, const Asked& asked, Instant now)
    : target(choice.target),
      cost(choice.fitted.cost),
      reservation(std::move(choice.reservation)),
      max_tokens(choice.fitted.max_tokens),
      call(std::make_unique<UpstreamCall>(*choice.target, asked.chat, asked.body, asked.fields,
                                          choice.fitted.max_tokens)),
      began(now),
      origin(origin_of(*choice.target, asked.request_id, now)),
      prompt_tokens(asked.prompt_tokens),
      bounds(usage_bounds(asked.chat, asked.body, *choice.target->model,
                          choice.fitted.max_tokens ? choice.fitted.max_tokens : asked.chat.max_tokens,
                          choice.fitted.choices)),
      wants_stream(asked.chat.stream),
      wants_usage(asked.chat.asks_for_usage),
      stream({.wants_usage = asked.chat.asks_for_usage, .prompt_tokens = asked.prompt_tokens}, origin) {}

// A change that the client didn't ask for must be findable.
void Attempt::note_changes(std::string_view request_id) const {
  if (call->changes().empty() || !log::enabled(log::Level::debug)) return;
  std::string changes;
  for (const std::string& change : call->changes()) changes += (changes.empty() ? "" : "; ") + change;
  log::debug("request_adapted", {{"id", request_id}, {"target", target->name()}, {"changes", changes}});
}

// A stream's speed counts from its commit event, a plain answer's from the request. Several answers are
// written side by side.
void Attempt::note_speed(std::uint64_t completion, Instant now) const {
  completion /= bounds.choices;
  if (is_stream)
    target->speed->note_stream(completion, now.boot - began.boot - took);
  else
    target->speed->note_plain(completion, took);
}

// What the answer says of itself, and what of the rest follows from its head. A stream's head comes before
// its cost is known.
std::optional<wire::Usage> Attempt::told_usage() const {
  if (is_stream) return told_in_stream();
  std::optional<wire::Usage> usage = plain_usage;
  if (!told_cost) return usage;
  if (!usage) usage.emplace();
  std::optional<std::uint64_t>& prompt = usage->prompt_tokens;
  std::optional<std::uint64_t>& completion = usage->completion_tokens;
  const std::uint64_t total = usage->total_tokens.value_or(*told_cost);
  usage->total_tokens = total;
  if (!prompt && completion && *completion < total) prompt = total - *completion;
  if (!completion && prompt && *prompt < total) completion = total - *prompt;
  return usage;
}

// The last word counts only where it was one.
std::optional<wire::Usage> Attempt::told_in_stream() const {
  return stream.whole() && !stream.text_is_behind_usage() ? stream.usage() : stream.usage_so_far();
}

Attempt::Used Attempt::used() const {
  const std::optional<wire::Usage> usage = told_usage();
  const std::size_t text = is_stream ? stream.text_bytes() : plain_text_bytes;
  Used used{.prompt = prompt_tokens, .completion = tokens::tokens_of_text(text)};
  if (!usage) return used;
  if (!bounds.hold(*usage, text)) {
    note_unbelieved(*usage);
    return used;
  }
  used.prompt_was_told = usage->prompt_tokens.has_value();
  used.completion_was_told = usage->completion_tokens.has_value();
  used.prompt = usage->prompt_tokens.value_or(used.prompt);
  used.completion = usage->completion_tokens.value_or(used.completion);
  // Thinking that a provider doesn't list is in the total all the same.
  if (usage->total_tokens && *usage->total_tokens > used.prompt + used.completion)
    used.completion = *usage->total_tokens - used.prompt;
  // Only the sum is known.
  if (told_cost && !is_stream && !used.prompt_was_told && !used.completion_was_told) {
    used.completion = std::min(used.completion, *usage->total_tokens);
    used.prompt = *usage->total_tokens - used.completion;
  }
  used.cached = usage->cached_tokens.value_or(0);
  return used;
}

void Attempt::note_unbelieved(const wire::Usage& usage) const {
  if (target->told_of_usage->exchange(true)) return;
  log::warn("usage_not_believed", {{"target", target->name()},
                                   {"prompt_tokens", usage.prompt_tokens.value_or(0)},
                                   {"completion_tokens", usage.completion_tokens.value_or(0)},
                                   {"total_tokens", usage.total_tokens.value_or(0)},
                                   {"at_most", plus(bounds.prompt, bounds.completion)},
                                   {"charged", "the estimate"}});
}

void Attempt::teach(const Used& used, const wire::ChatRequest& chat, const tokens::PromptSize& size,
                    bool is_whole) const {
  tokens::Calibration& counting = *target->counting;
  if (used.prompt_was_told && !chat.uses_more_than_text) counting.learn_prompt(size, used.prompt);
  const auto most = sent_max_tokens(chat);
  const std::uint64_t each = used.completion / bounds.choices;
  const bool was_cut = !is_whole || (most && each >= *most);
  if (used.completion_was_told && !was_cut) counting.learn_output(each);
}

// Where no max_tokens was sent nobody knows what of the sum is the prompt's; of several answers at once, how
// often it counts.
void Attempt::teach_refused(const wire::ChatRequest& chat, const tokens::PromptSize& size) const {
  if (failure || chat.uses_more_than_text) return;
  std::optional<std::uint64_t> prompt = verdict().prompt_tokens;
  const auto most = sent_max_tokens(chat);
  if (!prompt && most && verdict().admission_tokens > most && bounds.choices == 1)
    prompt = *verdict().admission_tokens - *most;
  if (prompt && *prompt <= bounds.prompt) target->counting->learn_prompt(size, *prompt);
}

void Attempt::observe_head(Instant now) {
  const providers::Signals signals = providers::signals_of(*target->provider->preset);
  observed = providers::observations(signals, answer->head().fields, now.wall);
  note(reservation.observe(observed, now));
  if (is_good(answer->head().status)) told_cost = providers::told_cost(signals, answer->head().fields);
  const auto date = providers::parse_http_date(answer->head().fields.get("date"));
  if (date && sent_at) reservation.hear_clock(*date, *sent_at, now);
}

void Attempt::note(const std::optional<quota::Drift>& drift) const {
  if (!drift) return;
  log::warn("quota_used_by_others", {{"target", target->name()},
                                     {"key", target->key->label},
                                     {"window", drift->window},
                                     {"used_by_others", drift->used_by_others}});
}

const providers::Verdict& Attempt::verdict() const noexcept {
  static const providers::Verdict kNone;
  return verdict_ ? *verdict_ : kNone;
}

std::optional<Duration> Attempt::told_wait() const noexcept {
  const std::optional<Duration>& wait = verdict().wait;
  return wait == Duration::zero() ? kConcurrencyWait : wait;
}

Result<void> Attempt::hold(const Result<std::string_view>& piece) {
  if (!piece) return piece.error();
  if (piece->empty()) return Error{ErrorKind::upstream_closed, "the stream ended before it began"};
  return stream.take(*piece, body);
}

void Attempt::judge(const Error& error, Instant now) {
  failure = std::make_unique<const Error>(error);
  decide(routing::point_of(error.kind, answer ? routing::Heard::head : routing::Heard::nothing), now);
  if (rule.health != quota::Health::untold && target->failures_told->is_due(error.kind, now.boot))
    log::warn("attempt_failed", {{"target", target->name()},
                                 {"key", target->key->label},
                                 {"kind", traits(error.kind).name},
                                 {"reason", error.message}});
  if (point != routing::Point::own_shortage) return conclude(std::string(traits(error.kind).name), now);
  log::warn("own_shortage", {{"target", target->name()}, {"reason", error.message}});
  conclude(std::string(routing::name(point)), now);
}

void Attempt::judge_answer(Instant now) {
  const http::ResponseHead& head = answer->head();
  if (!is_good(head.status)) {
    verdict_ = std::make_unique<providers::Verdict>(providers::classify(
        providers::signals_of(*target->provider->preset), {head.status, head.fields, body}, now.wall));
    decide(routing::point_of(*verdict_), now);
    tell_ledger(now);
    return conclude(std::to_string(head.status), now);
  }
  if (is_stream) {
    if (stream.error()) return judge_error_in_good_answer(stream.error()->data, now);
    decide(routing::Point::served, now);
    return conclude("ok", now);
  }
  const wire::AnswerFacts facts = wire::read_answer(body);
  if (!facts.valid_json) return judge({ErrorKind::upstream_protocol, "the answer is not JSON"}, now);
  if (facts.error) return judge_error_in_good_answer(body, now);
  if (!facts.has_choices) return judge({ErrorKind::upstream_protocol, "the answer has no choices"}, now);
  plain_usage = facts.usage;
  plain_text_bytes = facts.text_bytes;
  if (facts.may_need_mending) mend_body();
  if (wants_stream && !replay_body())
    return judge({ErrorKind::upstream_protocol, "the answer is no stream, and can't be told as one"}, now);
  decide(routing::Point::served, now);
  conclude("ok", now);
}

void Attempt::note_end(bool is_whole, Instant now) {
  if (is_whole) return report(quota::Health::served, now);
  if (now.boot - began.boot >= target->provider->timeouts.total) return;  // cut by our clock
  point = routing::Point::broken_stream;
  if (stream.error()) {
    classify_error_in_good_answer(stream.error()->data, true, now);
    point = routing::point_of(*verdict_);
  }
  report(routing::rule_for(point).health, now);
  if (verdict_) tell_ledger(now);
}

void Attempt::mend_body() {
  const auto edits =
      wire::edits_for_answer(body, origin, usage_to_tell(plain_usage, prompt_tokens, plain_text_bytes));
  if (edits.empty()) return;
  std::string whole;
  whole.reserve(body.size() + kMendedRoom);
  wire::append_spliced(whole, body, edits);
  body = std::move(whole);
}

// An SDK that reads a stream finds nothing in a plain answer.
bool Attempt::replay_body() {
  auto events = wire::as_events(body, wants_usage);
  if (!events) return false;
  body = *std::move(events);
  is_replayed = true;
  return true;
}

void Attempt::judge_error_in_good_answer(std::string_view words, Instant now) {
  classify_error_in_good_answer(words, false, now);
  decide(routing::point_of(*verdict_), now);
  tell_ledger(now);
  conclude("200 with error " + std::to_string(verdict_->status), now);
}

// In the midst of a stream by the event alone: the fields of the head, which was a good answer's, are given
// back when it begins.
void Attempt::classify_error_in_good_answer(std::string_view words, bool is_midway, Instant now) {
  const http::ResponseHead& head = answer->head();
  verdict_ = std::make_unique<providers::Verdict>(
      providers::classify(providers::signals_of(*target->provider->preset),
                          {.status = head.status,
                           .fields = head.fields,
                           .body = words,
                           .is_error_in_answer = true,
                           .is_midway = is_midway},
                          now.wall));
  if (is_stream) verdict_->message = stream.error()->text.message;
}

// Before the ledger hears of quota: a reservation that was refused for it has ended.
void Attempt::decide(routing::Point decided, Instant now) {
  point = decided;
  rule = routing::rule_for(decided);
  if (was_impatient(now)) rule.health = quota::Health::untold;
  const bool has_begun = rule.health == quota::Health::served && is_stream;
  report(has_begun ? quota::Health::serving : rule.health, now);
}

// That a target is left alone must be findable.
void Attempt::report(quota::Health health, Instant now) {
  reservation.report(health, now);
  if (health != quota::Health::failing && health != quota::Health::unreachable) return;
  const auto cooldown = target->pool.cooldown(now);
  if (cooldown && cooldown->cause == CooldownCause::failing)
    log::warn("target_failing", {{"target", target->name()},
                                 {"key", target->key->label},
                                 {"point", routing::name(point)},
                                 {"tried_again_at", format_utc(now.wall_at(cooldown->until))}});
}

// A wait that the client's deadline cut short, or the sake of a fallback, shows nothing of the target.
bool Attempt::was_impatient(Instant now) const {
  if (now.boot < share_ends) return false;
  const providers::Timeouts& timeouts = target->provider->timeouts;
  const Duration waited = now.boot - began.boot;
  if (point == routing::Point::unreachable) return waited < timeouts.connect;
  return point == routing::Point::timed_out && waited < timeouts.first_byte / 2;
}

void Attempt::conclude(std::string what, Instant now) {
  outcome = std::move(what);
  took = now.boot - began.boot;
  // An answer proves that the request arrived, even where it came before the last byte was written.
  if (!sent_at && !answer) return reservation.refund(now);
  switch (rule.settlement) {
    case routing::Settlement::refund:
      reservation.refund(now);
      break;
    case routing::Settlement::refuse:
      reservation.refuse(now);
      break;
    case routing::Settlement::keep:
      reservation.keep(now);
      break;
    case routing::Settlement::settle:
      break;  // when all has been delivered, or what came of it
  }
}

// Blocks exactly what was refused: a window, a model, or a key.
void Attempt::tell_ledger(Instant now) {
  const providers::Verdict& said = *verdict_;
  if (said.stated) note(reservation.observe(std::span(&*said.stated, 1), now));
  switch (said.answer_class) {
    case AnswerClass::rate_limited:
    case AnswerClass::quota_exhausted:
      refuse_for_quota(now);
      break;
    case AnswerClass::capacity:
    case AnswerClass::server_error:
      if (const auto wait = told_wait())
        target->pool.cool_down_model({CooldownCause::capacity, now.boot + *wait}, now);
      break;
    case AnswerClass::upstream_rate_limited:
      target->pool.cool_down_model({CooldownCause::capacity, now.boot + told_wait().value_or(kUntoldWait)},
                                   now);
      break;
    case AnswerClass::concurrency:
      target->pool.cool_down_model(
          {CooldownCause::rate_limited, now.boot + told_wait().value_or(kConcurrencyWait)}, now);
      break;
    case AnswerClass::auth:
    case AnswerClass::auth_or_quota_ambiguous:
    case AnswerClass::auth_or_client_blocked:
    case AnswerClass::client_blocked:
    case AnswerClass::payment_required:
      refuse_key(now);
      break;
    case AnswerClass::model_unavailable:
      target->pool.cool_down_model({CooldownCause::model_gone, kUntilMended}, now);
      log::warn("model_unavailable", {{"target", target->name()}, {"provider_says", said.message}});
      break;
    case AnswerClass::not_on_plan:
      target->pool.cool_down_model({CooldownCause::not_on_plan, kUntilMended}, now);
      log::warn("not_on_plan", {{"target", target->name()},
                                {"remedy", quota::remedy(CooldownCause::not_on_plan)},
                                {"provider_says", said.message}});
      break;
    case AnswerClass::provider_gone:
      target->pool.cool_down_account({CooldownCause::model_gone, kUntilMended}, now);
      log::warn("provider_gone", {{"provider", target->provider->name}, {"provider_says", said.message}});
      break;
    case AnswerClass::ok:
    case AnswerClass::request_too_large:
    case AnswerClass::context_too_long:
    case AnswerClass::invalid_request:
      break;
  }
}

// Who refuses in the midst of an answer is left alone, but what came of it is still to be settled.
void Attempt::refuse_for_quota(Instant now) {
  const quota::QuotaRefusal said = quota_refusal(*this);
  if (rule.settlement != routing::Settlement::settle) return reservation.refuse_for_quota(said, now);
  const quota::Cooldown cooldown{said.cause, now.boot + said.wait.value_or(kUntoldWait)};
  if (said.whole_account)
    target->pool.cool_down_account(cooldown, now);
  else
    target->pool.cool_down_model(cooldown, now);
}

// A key is the account's: what is to be paid is owed by all of them.
void Attempt::refuse_key(Instant now) {
  const providers::Verdict& said = *verdict_;
  const bool unpaid = said.answer_class == AnswerClass::payment_required;
  const bool unsure = !unpaid && said.answer_class != AnswerClass::auth;
  const CooldownCause cause = unpaid ? CooldownCause::payment_required : CooldownCause::auth;
  // Perhaps only this request's: moderation, or more output than is paid for.
  if (!said.whole_account)
    return target->pool.cool_down_model({cause, now.boot + told_wait().value_or(kUntoldWait)}, now);
  if (unpaid)
    target->pool.cool_down_account({cause, kUntilMended}, now);
  else
    target->pool.cool_down_key({cause, unsure ? now.boot + kAmbiguousWait : kUntilMended}, now);
  log::warn("key_refused", {{"provider", target->provider->name},
                            {"key", target->key->label},
                            {"why", providers::name(said.answer_class)},
                            {"remedy", quota::remedy(cause)},
                            {"provider_says", said.message}});
}

}  // namespace weir::gateway
