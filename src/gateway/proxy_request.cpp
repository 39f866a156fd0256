#include "gateway/proxy_request.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "gateway/answer_fields.hpp"
#include "gateway/attempt_class.hpp"
#include "gateway/client_deadline.hpp"
#include "gateway/conversation.hpp"
#include "gateway/needs.hpp"
#include "gateway/token_counter.hpp"
#include "weir/base/text.hpp"
#include "weir/gateway/prompt_facts.hpp"
#include "weir/tokens/encoder.hpp"
#include "weir/tokens/estimator.hpp"

namespace weir::gateway {
namespace {

// A plain answer is written in whole before its first byte comes: as slow as this, until a target's speed is
// known.
constexpr double kAssumedTokensPerSecond = 20;
constexpr double kLeastTokensPerSecond = 0.1;  // a longer wait is no wait: timeouts.total ends it
// Of the deadline, so much is left to the attempt that a request has waited for.
constexpr Duration kLeastAttempt = std::chrono::seconds(1);
// A refusal has been heard; its words are worth no more.
constexpr Duration kRefusalsWords = std::chrono::seconds(5);
constexpr std::uint32_t kMostCuts = 8;  // each at least halves what is too much, as a rule
constexpr std::string_view kPriorityField = "x-weir-priority";

using Place = std::unique_ptr<routing::AdmissionQueue::Place>;

}  // namespace

ProxyRequest::ProxyRequest(Visit& visit, routing::AdmissionQueue& queue, const transport::Request& request,
                           transport::Responder& responder)
    : lane_(visit.lane),
      snapshot_(visit.current.get()),
      request_(request),
      responder_(responder),
      common_lines_(visit.common),
      record_(visit.record),
      began_(visit.began),
      live_(*lane_.live, record_, began_),
      turn_(queue, *lane_.loop, *lane_.random),
      tries_(record_.attempts) {}

// The life of a request.
net::Awaitable<void> ProxyRequest::run() {
  const std::unique_ptr<Attempt> attempt = co_await reach_answer();
  if (!attempt) co_return;
  co_await deliver(*attempt);
  settle(*attempt);
}

// Nothing where the client was refused. On its own: what it needs is gone while a stream goes on.
net::Awaitable<std::unique_ptr<Attempt>> ProxyRequest::reach_answer() {
  Refused refused = know_client();
  if (!refused) refused = read_ask();
  if (!refused) refused = resolve();

  std::unique_ptr<Attempt> attempt;
  while (!refused) {
    refused = co_await admit(attempt);
    if (refused) break;
    co_await forward(*attempt);
    co_await listen(*attempt);
    note_attempt(*attempt);
    if (tries_.is_final(*attempt, ask_)) break;
    refused = fall_back(*attempt);
  }
  if (!refused) co_return std::move(attempt);
  co_await refuse(*refused);
  co_return nullptr;
}

Refused ProxyRequest::know_client() {
  const auto client = snapshot_->client_of(request_.head->fields);
  if (!client) return because({.error = client.error()});
  client_ = *client;
  if (client_ != nullptr) record_.client = client_->name;
  const auto deadline = client_deadline(request_.head->fields);
  if (!deadline) return because({.error = deadline.error(), .param = "x-weir-timeout-ms"});
  clients_deadline_ = deadline->value_or(Duration::max());
  deadline_ = std::min(snapshot_->routing.deadline, clients_deadline_);
  priority_ = snapshot_->routing.default_class;
  if (const auto asked = request_.head->fields.find(kPriorityField)) {
    const auto named = routing::priority_named(*asked);
    if (!named)
      return because({.error = {ErrorKind::invalid_request,
                                std::string(kPriorityField) + " must be interactive, normal or batch"},
                      .param = std::string(kPriorityField)});
    priority_ = *named;
  }
  record_.priority = routing::name(priority_);
  return nullptr;
}

Refused ProxyRequest::read_ask() {
  if (auto failure = wire::read_chat_request(body(), chat_))
    return because({.error = std::move(failure->error), .param = std::move(failure->param)});
  ask_ = {.size = tokens::by_bytes(prompt_facts(chat_, body())),
          .quantile = snapshot_->tokens.quantile,
          .output_tokens = chat_.max_tokens.value_or(tokens::kTypicalOutput),
          .max_tokens = chat_.max_tokens,
          .choices = chat_.choices};
  routing::apply(snapshot_->routing, priority_, ask_);
  ask_.client = snapshot_->pool_of(client_);
  record_.model = chat_.model;
  record_.stream = chat_.stream;
  live_.asked();
  return nullptr;
}

Refused ProxyRequest::resolve() {
  route_ = snapshot_->catalogue.find(chat_.model);
  if (route_ == nullptr) return because(unknown_model(snapshot_->catalogue, chat_.model));
  tries_.set_route(*route_);
  if (!may_use(client_, chat_.model)) return because(model_not_allowed(*client_, chat_.model));
  recall_conversation();
  return read_needs(*snapshot_, request_.head->fields, chat_, ask_.needs);
}

void ProxyRequest::recall_conversation() {
  const routing::RoutingConfig& routing = snapshot_->routing;
  const bool has_choice = route_->candidates.size() > 1 && route_->strategy != routing::Strategy::priority;
  if (routing.sticky == routing::Sticky::off || !has_choice) return;
  conversation_ = conversation_of(client_ == nullptr ? "" : client_->name, chat_, body());
  const auto id = snapshot_->memory.conversations.find(*conversation_, routing.sticky_ttl, began_.boot);
  if (!id) return;
  const auto place = std::ranges::find_if(
      route_->candidates, [id](const routing::Candidate& candidate) { return candidate.target->id == *id; });
  if (place != route_->candidates.end()) ask_.preferred = place->target;
}

void ProxyRequest::remember(const Attempt& attempt, Instant at) const {
  if (conversation_) snapshot_->memory.conversations.keep(*conversation_, attempt.target->id, at.boot);
  if (attempt.is_stream) attempt.target->speed->note_commit(attempt.took);
}

// Room now, or the queue for it; or, where no other target has room sooner, one of those that had their turn.
net::Awaitable<Refused> ProxyRequest::admit(std::unique_ptr<Attempt>& attempt) {
  if (snapshot_->tokens.estimator == tokens::Estimator::exact) co_await count_prompt();
  Turn::Outcome outcome = turn_.begin(want(tries_.had_turn()));
  if (needs_count(outcome)) co_await begin_with_count(outcome);
  if (!std::holds_alternative<routing::Choice>(outcome) && tries_.may_try_again()) co_await back_off(outcome);
  if (std::holds_alternative<Place>(outcome)) co_await wait_for_turn(outcome, queue_until());
  if (is_cancelled()) co_return because(cancelled());
  if (auto* const choice = std::get_if<routing::Choice>(&outcome)) {
    attempt = begin_attempt(std::move(*choice));
    co_return nullptr;
  }
  Refused refused = refuse_or_shorten(outcome);
  if (refused) co_return refused;
  co_return co_await admit(attempt);
}

std::unique_ptr<Attempt> ProxyRequest::begin_attempt(routing::Choice choice) {
  const Asked asked{.chat = chat_,
                    .body = body(),
                    .fields = request_.head->fields,
                    .request_id = record_.request_id,
                    .prompt_tokens = routing::likely_prompt_tokens(*choice.target, ask_)};
  auto attempt = std::make_unique<Attempt>(std::move(choice), asked, now());
  record_.estimated_tokens = attempt->cost.tokens;
  if (cut_)
    record_.truncated = cut_->dropped.words();  // sent so, or about to be: until then nothing was dropped
  live_.tries(attempt->target->provider->name, attempt->target->model->name, attempt->target->key->label);
  return attempt;
}

// Why there is no turn; nothing where the request is shorter now, and may ask again.
Refused ProxyRequest::refuse_or_shorten(const Turn::Outcome& outcome) {
  const Instant at = now();
  if (std::holds_alternative<routing::AdmissionQueue::Full>(outcome)) return because(queue_full(*route_));
  Refused refused = because(out_of_targets(std::get<routing::NoRoom>(outcome), at));
  if (refused->error.kind != ErrorKind::context_length_exceeded) return refused;
  if (!cut_) cut_ = std::make_unique<Cut>(Cut{.body = {}, .dropped = {}, .overflow = std::move(refused)});
  if (!drop_turns(at)) return std::move(cut_->overflow);
  return nullptr;
}

// Whether an exact count could open a target, or a better one than what there is.
bool ProxyRequest::needs_count(const Turn::Outcome& outcome) const {
  if (snapshot_->tokens.estimator != tokens::Estimator::automatic || !tokens::has_encoder()) return false;
  if (const auto* const choice = std::get_if<routing::Choice>(&outcome)) {
    const auto place = std::ranges::find(route_->candidates, choice->target, &routing::Candidate::target);
    if (place->tier == route_->candidates.front().tier) return false;
  }
  return routing::is_decided_by_count(*route_, ask_, tries_.had_turn(), now());
}

// tokens.overflow: truncate. Whether the request is shorter now.
bool ProxyRequest::drop_turns(Instant at) {
  if (snapshot_->tokens.overflow != tokens::Overflow::truncate || cut_->dropped.cuts == kMostCuts)
    return false;
  auto shorter = shorten(chat_, body(), *route_, ask_, at);
  if (!shorter) return false;
  cut_->body = std::move(shorter->body);
  cut_->dropped.add(*shorter);
  const auto failure = wire::read_chat_request(body(), chat_);
  ask_.size = tokens::by_bytes(prompt_facts(chat_, body()));
  return !failure;
}

net::Awaitable<void> ProxyRequest::count_prompt() {
  if (!tokens::has_encoder() || ask_.size->method == tokens::Method::encoder) co_return;
  net::Cancellation& cancellation = responder_.cancellation();
  const auto tokens = co_await lane_.counter->count(*lane_.loop, chat_, body(), cancellation);
  if (tokens) ask_.size = tokens::by_encoder(prompt_facts(chat_, body()), *tokens);
}

net::Awaitable<void> ProxyRequest::begin_with_count(Turn::Outcome& outcome) {
  turn_.give_back(outcome);
  co_await count_prompt();
  outcome = turn_.begin(want(tries_.had_turn()));
}

net::Awaitable<void> ProxyRequest::wait_for_turn(Turn::Outcome& outcome, BootTime until) {
  const Place place = std::get<Place>(std::move(outcome));
  const Instant from = now();
  live_.waits();
  net::Cancellation& cancellation = responder_.cancellation();
  auto waited_for = co_await turn_.wait(*place, until, cancellation);
  record_.queued += now().boot - from.boot;
  waited_ += now().boot - from.boot;
  if (auto* const choice = std::get_if<routing::Choice>(&waited_for))
    outcome = std::move(*choice);
  else
    outcome = std::get<routing::NoRoom>(std::move(waited_for));
}

routing::AdmissionQueue::Want ProxyRequest::want(std::vector<const routing::Target*> excluded) const {
  routing::AdmissionQueue::Want want{.route = route_,
                                     .ask = ask_,
                                     .priority = priority_,
                                     .excluded = std::move(excluded),
                                     .arrived = began_.boot,
                                     .deadline = queue_until()};
  want.ask.patience = snapshot_->routing.tier_patience;
  return want;
}

// An attempt that begins at the deadline would be wasted: the last part of it is left for one; and of the
// client's own what the fastest takes as a rule, up to half.
BootTime ProxyRequest::last_start() const {
  Duration for_the_attempt = std::min<Duration>(kLeastAttempt, deadline_ / 10);
  if (deadline_ == clients_deadline_) {
    Duration usual = Duration::max();
    for (const routing::Candidate& candidate : route_->candidates)
      usual = std::min(usual, usual_time(*candidate.target));
    for_the_attempt = std::max(for_the_attempt, std::min(usual, deadline_ / 2));
  }
  return began_.boot + deadline_ + written_ - for_the_attempt;
}

// What an answer of the target took of late; where that isn't known, nothing.
Duration ProxyRequest::usual_time(const routing::Target& target) const {
  const std::uint64_t tokens = std::min(ask_.output_tokens, routing::likely_output(target));
  const auto took = chat_.stream ? target.speed->to_commit() : target.speed->expected(tokens);
  return took.value_or(Duration::zero());
}

BootTime ProxyRequest::queue_until() const {
  const std::optional<Duration>& most = snapshot_->routing.queue_wait;
  return most ? std::min(last_start(), began_.boot + *most) : last_start();
}

Refusal ProxyRequest::cancelled() const {
  if (!client_gone()) return shutting_down();
  return {.error = {ErrorKind::cancelled, "the client has gone"}};
}

Refusal ProxyRequest::out_of_targets(const routing::NoRoom& none, Instant at) const {
  if (record_.attempts.empty()) return no_room(*route_, none, at);
  if (too_large_) {
    const bool others = std::ranges::any_of(
        none.skips, [](const routing::Skip& skip) { return !routing::lacks_more_than_context(skip.unfit); });
    return others ? no_room(*route_, none, at) : passed_on(*too_large_);
  }
  if (only_quota_failed_) {
    const routing::NoRoom all = routing::survey(*route_, ask_, at);
    const routing::Skip* const first = all.first_back();
    const bool has_room = first != nullptr && first->available_at <= at.boot;
    return has_room ? tries_spent(*route_, record_.attempts.size()) : no_room(*route_, all, at);
  }
  return all_failed(*route_, record_.attempts, failed_at_);
}

// Until what had its turn may be tried once more; or until another has room, where that comes first.
net::Awaitable<void> ProxyRequest::back_off(Turn::Outcome& outcome) {
  const auto tries = static_cast<std::uint32_t>(record_.attempts.size() - 1);
  const Duration pause = tries_.hint() ? *tries_.hint() : routing::backoff(tries, *lane_.random);
  const BootTime until = now().boot + pause;
  if (until > last_start()) co_return;
  if (std::holds_alternative<Place>(outcome)) co_await wait_for_turn(outcome, std::min(until, queue_until()));
  if (is_cancelled() || std::holds_alternative<routing::Choice>(outcome)) co_return;
  const Instant from = now();
  net::Cancellation& cancellation = responder_.cancellation();
  co_await lane_.loop->sleep_until(until, cancellation);
  waited_ += now().boot - from.boot;
  if (!is_cancelled()) outcome = turn_.begin(want(tries_.out_for_good()));
}

net::Awaitable<void> ProxyRequest::forward(Attempt& attempt) {
  const providers::Provider& provider = *attempt.target->provider;
  const Instant from = now();
  tries_.begin(attempt);
  allow_time(attempt, from);
  attempt.note_changes(record_.request_id);
  transport::UpstreamRequest call;
  call.endpoint = &snapshot_->endpoint_of(provider);
  call.path = attempt.call->path();
  call.fields = attempt.call->fields();
  call.body = attempt.call->body();
  const Duration share = attempt.share_ends - from.boot;
  call.connect_timeout = std::min(provider.timeouts.connect, share);
  call.tls_timeout = std::min(provider.timeouts.tls, share);
  call.head_by = attempt.commit_by;
  call.on_sent = [&attempt](Instant at) {
    if (attempt.sent_at) return;  // once more on a fresh connection
    attempt.sent_at = at.wall;
    attempt.reservation.send(at);
  };
  net::Cancellation& cancellation = responder_.cancellation();
  auto answer = co_await lane_.upstream->exchange(call, cancellation);
  attempt.heard = now();
  waited_ += attempt.heard.boot - from.boot;
  if (answer)
    attempt.answer = std::move(answer).value();
  else
    attempt.judge(answer.error(), attempt.heard);
}

// While another target could still serve, this one gets half of what is left of the deadline, or where its
// answers take longer as a rule up to three quarters; and of the client's own, after which nobody hears an
// answer, as much with all of the writing.
void ProxyRequest::allow_time(Attempt& attempt, Instant at) const {
  const providers::Timeouts& timeouts = attempt.target->provider->timeouts;
  const bool is_last = record_.attempts.size() + 1 >= snapshot_->routing.max_attempts;
  const bool others = !is_last && tries_.leaves_another(attempt, ask_, at, at.boot + left(at));
  const auto part = [enough = usual_time(*attempt.target) * 3 / 2](Duration whole) {
    return std::max(whole / 2, std::min(whole / 4 * 3, enough));
  };
  const Duration share = std::min({timeouts.first_byte, timeouts.total, others ? part(left(at)) : left(at)});
  Duration all = share;
  if (!chat_.stream) {
    const double speed = attempt.target->speed->tokens_per_second().value_or(kAssumedTokensPerSecond);
    const double seconds = static_cast<double>(ask_.output_tokens) / std::max(speed, kLeastTokensPerSecond);
    constexpr double kDay = 24 * 3600;
    all += std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::min(seconds, kDay)));
  }
  if (others) all = std::min(all, part(clients_deadline_ - (at.boot - began_.boot)));
  attempt.share_ends = at.boot + share;
  attempt.commit_by = at.boot + std::min(all, timeouts.total);
}

// The time to write an answer is on top of the deadline: what a failed attempt had of it is left to the next.
void ProxyRequest::give_back_time(const Attempt& attempt) {
  if (attempt.heard.boot <= attempt.share_ends) return;
  written_ += attempt.heard.boot - attempt.share_ends;
  written_ = std::min(written_, clients_deadline_ - deadline_);
}

net::Awaitable<void> ProxyRequest::listen(Attempt& attempt) {
  if (!attempt.answer) co_return;
  const Instant from = attempt.heard;
  const http::ResponseHead& head = attempt.answer->head();
  attempt.observe_head(from);
  attempt.is_stream = chat_.stream && head.status == 200 && is_event_stream(head.fields);
  if (attempt.is_stream)
    co_await hold_until_commit(attempt);
  else
    co_await read_whole(attempt);
  waited_ += attempt.heard.boot - from.boot;
}

net::Awaitable<void> ProxyRequest::hold_until_commit(Attempt& attempt) {
  while (!attempt.stream.committed() && !attempt.stream.done() && !attempt.stream.error()) {
    const auto piece = co_await attempt.answer->next(attempt.commit_by);
    attempt.heard = now();
    const Result<void> taken = attempt.hold(piece);
    if (!taken) {
      attempt.judge(taken.error(), attempt.heard);
      co_return;
    }
    if (attempt.body.size() > kMaxHeld) {
      if (attempt.stream.said_something()) break;
      attempt.body.clear();  // comments, however many, are no reason to begin
    }
  }
  if (attempt.stream.done() && !attempt.stream.committed())
    attempt.judge({ErrorKind::upstream_protocol, "the stream is over and has said nothing"}, attempt.heard);
  else
    attempt.judge_answer(attempt.heard);
}

net::Awaitable<void> ProxyRequest::read_whole(Attempt& attempt) {
  const bool good = attempt.answer->head().status < 300;
  const std::size_t cap = good ? kMaxPlainAnswer : kMaxErrorBody;
  BootTime by = attempt.commit_by;
  if (!good) by = std::min(by, attempt.heard.boot + kRefusalsWords);
  while (true) {
    const auto piece = co_await attempt.answer->next(by);
    if (!piece && good) {
      attempt.heard = now();
      attempt.judge(piece.error(), attempt.heard);
      co_return;
    }
    if (!piece || piece->empty()) break;  // a refusal is a refusal, even where its words were cut short
    attempt.body.append(piece->substr(0, cap - attempt.body.size()));
    if (attempt.body.size() == cap) break;
  }
  attempt.heard = now();
  if (good && attempt.body.size() == kMaxPlainAnswer) {
    attempt.judge({ErrorKind::upstream_protocol, "the answer is larger than 64 MiB"}, attempt.heard);
    co_return;
  }
  attempt.judge_answer(attempt.heard);
}

void ProxyRequest::note_attempt(const Attempt& attempt) {
  live_.add({.target = attempt.target->name(),
             .key = attempt.target->key->label,
             .outcome = attempt.outcome,
             .took = attempt.took,
             .what = class_of(attempt),
             .series = snapshot_->series_of(*attempt.target),
             .after = attempt.began.boot - began_.boot});
  if (snapshot_->tokens.calibrate) attempt.teach_refused(chat_, *ask_.size);
}

// Nothing has been sent to the client: decides whether another try is due.
Refused ProxyRequest::fall_back(Attempt& attempt) {
  if (is_cancelled()) {
    if (!client_gone() && attempt.rule.settlement == routing::Settlement::settle)
      attempt.reservation.keep(now());  // who has nothing but a 503 isn't charged
    else if (attempt.is_stream)
      settle(attempt);  // with what came; else the estimate stays
    return because(cancelled());
  }
  using providers::AnswerClass;
  const AnswerClass answer = attempt.verdict().answer_class;
  const bool said_no_room =
      !attempt.failure &&
      (answer == AnswerClass::rate_limited || answer == AnswerClass::quota_exhausted ||
       answer == AnswerClass::concurrency || answer == AnswerClass::upstream_rate_limited);
  only_quota_failed_ = only_quota_failed_ && said_no_room;
  found_model_gone_ = found_model_gone_ || (!attempt.failure && answer == AnswerClass::model_unavailable);
  if (record_.attempts.size() == 1) failed_at_ = attempt.point;
  if (failed_at_ != attempt.point) failed_at_.reset();
  const bool too_large =
      attempt.point == routing::Point::too_large || attempt.point == routing::Point::too_long;
  if (too_large && (too_large_ || record_.attempts.size() == 1))
    too_large_ = std::make_unique<const providers::Verdict>(attempt.verdict());
  else
    too_large_.reset();
  tries_.exclude(attempt);
  give_back_time(attempt);

  if (left(now()) <= Duration::zero()) return because(deadline_spent(deadline_));
  if (record_.attempts.size() >= snapshot_->routing.max_attempts) return because(out_of_targets({}, now()));
  return nullptr;
}

}  // namespace weir::gateway
