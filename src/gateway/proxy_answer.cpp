#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/answer_fields.hpp"
#include "gateway/proxy_request.hpp"
#include "weir/quota/charge.hpp"

// What becomes of a request once it is decided: its answer, or why there is none, and its settlement.
namespace weir::gateway {

// No coroutine: a stream needs no room for the others.
net::Awaitable<void> ProxyRequest::deliver(Attempt& attempt) {
  const Instant at = now();
  tries_.end();
  record_.served_by = attempt.target->name();
  record_.key = attempt.target->key->label;
  if (attempt.max_tokens) record_.max_tokens = fitted_text(chat_.max_tokens, *attempt.max_tokens);
  record_.first_byte = at.boot - began_.boot;
  record_.overhead = record_.first_byte - waited_;
  record_.status = attempt.answer->head().status;
  live_.answers();
  if (attempt.point != routing::Point::served) return pass_on(attempt);
  remember(attempt, at);
  return attempt.is_stream ? relay(attempt, at) : respond(attempt, at);
}

net::Awaitable<void> ProxyRequest::pass_on(const Attempt& attempt) {
  const Refusal refusal = passed_on(attempt.verdict());
  co_await refuse(refusal);
}

net::Awaitable<void> ProxyRequest::relay(Attempt& attempt, Instant at) {
  drop_request(attempt);
  StreamRelay relay(*lane_.loop, responder_, record_, attempt);
  bool whole = co_await begin_stream(relay, attempt, at);
  common_lines_.give_back();
  if (whole) whole = co_await relay.run();
  if (!whole) record_.error = client_gone() ? "cancelled" : "stream_broken";
}

net::Awaitable<void> ProxyRequest::respond(const Attempt& attempt, Instant at) {
  http::ResponseHead head;
  head.status = record_.status;
  write_answer_lines(attempt, at, head.lines);
  if (attempt.is_replayed)
    add_stream_fields(head.lines);
  else
    add_passed_fields(attempt.answer->head().fields, head.fields);
  const bool delivered = co_await responder_.respond(head, attempt.body);
  if (!delivered) record_.error = "cancelled";
  record_.bytes_out = attempt.body.size();
}

// Streams are long and many: what only another try would need is given back.
void ProxyRequest::drop_request(Attempt& attempt) {
  attempt.call.reset();
  attempt.answer->drop_fields();
  chat_.members = std::vector<wire::Member>();
  chat_.texts = std::vector<wire::PromptText>();
  request_.drop();
}

net::Awaitable<bool> ProxyRequest::begin_stream(StreamRelay& relay, const Attempt& attempt, Instant at) {
  http::ResponseHead head;
  write_answer_lines(attempt, at, head.lines);
  add_stream_fields(head.lines);
  co_return co_await relay.begin(head);
}

net::Awaitable<void> ProxyRequest::refuse(const Refusal& refusal) {
  record_.error = traits(refusal.error.kind).name;
  record_.status = status_of(refusal);
  if (client_gone()) co_return;
  const Instant at = now();
  record_.overhead = at.boot - began_.boot - waited_;
  http::ResponseHead head;
  head.status = record_.status;
  write_fields(refusal, head.fields);
  write_own_lines(at, head.lines);
  if (refusal.first_back != nullptr) add_rate_fields(refusal.first_back->pool, ask_.client, at, head.lines);
  const std::string body = body_of(refusal, record_);
  const bool told = co_await responder_.respond(head, body);
  if (told) record_.bytes_out = body.size();
}

void ProxyRequest::write_answer_lines(const Attempt& attempt, Instant at, http::FieldLines& lines) const {
  lines.reserve(1000);  // as a rule
  write_own_lines(at, lines);
  add_rate_fields(attempt.target->pool, ask_.client, at, lines);
}

void ProxyRequest::write_own_lines(Instant at, http::FieldLines& lines) const {
  lines.append(common_lines_);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(at.boot - request_.arrived.boot);
  lines.add("openai-processing-ms: ", static_cast<std::uint64_t>(took.count()));
  add_own_fields(record_, lines);
}

void ProxyRequest::settle(Attempt& attempt) {
  if (attempt.rule.settlement != routing::Settlement::settle) return;  // done when it was judged
  const Instant at = now();
  const Attempt::Used used = attempt.used();
  record_.used_tokens = used.prompt + used.completion;
  record_.estimated_prompt = attempt.prompt_tokens;
  record_.prompt_tokens = used.prompt;
  record_.completion_tokens = used.completion;
  record_.usage_told = used.prompt_was_told;
  attempt.note_speed(used.completion, at);
  if (snapshot_->tokens.calibrate) attempt.teach(used, chat_, *ask_.size, record_.error.empty());
  const auto cost_by = [&](const quota::ChargeRule& rule) {
    return quota::settled_cost(rule, attempt.cost, used.prompt, used.completion, used.cached);
  };
  attempt.reservation.settle(cost_by(attempt.target->provider->charge), cost_by({}), at);
}

}  // namespace weir::gateway
