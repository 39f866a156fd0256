#include "pretend/provider.hpp"

#include <utility>
#include <vector>

namespace weir::pretend {

Provider::UnderWay::UnderWay(Provider& provider, net::Loop& loop, ChatAsk the_ask, Answer the_answer)
    : ask(std::move(the_ask)), answer(std::move(the_answer)), provider_(provider), loop_(loop) {}

Provider::UnderWay::~UnderWay() {
  provider_.quotas_->finish(ask.ask, written, loop_.now());
}

Provider::Provider(ProviderSpec spec)
    : spec_(std::move(spec)), parts_(parts_of(spec_.manner)), quotas_(parts_.make_quotas(spec_)) {}

net::Awaitable<void> Provider::serve(net::Loop& loop, transport::Request& request,
                                     transport::Responder& responder) {
  const Decision decision = decide(loop, request);
  if (const Reply* reply = std::get_if<Reply>(&decision)) {
    const bool sent = co_await responder.respond(reply->head, reply->body);
    static_cast<void>(sent);  // where the client has gone, nothing is left to do
    co_return;
  }
  UnderWay& under_way = *std::get<std::unique_ptr<UnderWay>>(decision);
  if (under_way.ask.ask.stream) {
    co_await answer_stream(loop, under_way, responder);
  } else {
    co_await answer_whole(loop, under_way, responder);
  }
}

transport::Rejection Provider::reject(const net::Loop& /*loop*/, const http::RequestHead& /*head*/,
                                      const Error& error) {
  return {.lines = {}, .body = parts_.faults->malformed(error.message).body, .request_id = {}};
}

Counts Provider::counts() const {
  return {.served = served_.load(), .refused = refused_.load(), .failed = failed_.load()};
}

Provider::Decision Provider::decide(net::Loop& loop, const transport::Request& request) {
  const std::string_view path = request.head->path();
  const bool chat = path.ends_with("/chat/completions");
  Decision decision = error_reply(404, "Unknown request URL", "invalid_request_error", "unknown_url");
  if (!knows(request.head->fields)) {
    decision = parts_.faults->bad_key();
  } else if (chat && request.head->method == "POST") {
    decision = admit(loop, read_chat(spec_, request.body_text()));
  } else if (path.ends_with("/models") && request.head->method == "GET") {
    decision = json_reply(200, models_body(spec_));
  } else if (chat) {
    decision = error_reply(405, "Use POST", "invalid_request_error", "method_not_allowed");
  }
  if (const Reply* reply = std::get_if<Reply>(&decision)) count(reply->head.status);
  return decision;
}

Provider::Decision Provider::admit(net::Loop& loop, Reading reading) {
  const Instant now = loop.now();
  const Ask& ask = reading.ask.ask;
  if (reading.refusal) {
    quotas_->describe_error(ask, now, reading.refusal->head.fields);
    return std::move(*reading.refusal);
  }
  if (auto refusal = quotas_->admit(ask, now)) return std::move(*refusal);
  Answer answer = compose(spec_, reading.ask, ++answers_, now.wall);
  ++served_;
  return std::make_unique<UnderWay>(*this, loop, std::move(reading.ask), std::move(answer));
}

bool Provider::knows(const http::Fields& fields) const {
  return spec_.api_key.empty() || fields.get("authorization") == "Bearer " + spec_.api_key;
}

void Provider::count(int status) {
  if (status == 429 || status == 413) {
    ++refused_;
  } else if (status >= 400) {
    ++failed_;
  }
}

http::ResponseHead Provider::answer_head(const UnderWay& under_way, Instant now) const {
  http::ResponseHead head;
  head.fields.add("content-type", under_way.ask.ask.stream ? "text/event-stream" : "application/json");
  parts_.shape->add_to_head(head.fields, under_way.answer);
  quotas_->describe(under_way.ask.ask, under_way.written, now, head.fields);
  return head;
}

// Takes as long as the words take.
net::Awaitable<void> Provider::answer_whole(net::Loop& loop, UnderWay& under_way,
                                            transport::Responder& responder) {
  const BootTime ready =
      loop.now().boot + spec_.word_delay * static_cast<std::int64_t>(under_way.answer.tokens());
  co_await loop.sleep_until(ready, responder.cancellation());
  if (responder.cancellation().requested()) {
    responder.abort();
    co_return;
  }
  under_way.written = under_way.answer.tokens();
  const http::ResponseHead head = answer_head(under_way, loop.now());
  const std::string body = parts_.shape->whole(under_way.ask, under_way.answer);
  const bool sent = co_await responder.respond(head, body);
  static_cast<void>(sent);
}

net::Awaitable<void> Provider::answer_stream(net::Loop& loop, UnderWay& under_way,
                                             transport::Responder& responder) {
  const http::ResponseHead head = answer_head(under_way, loop.now());
  const std::vector<Event> events = parts_.shape->stream(under_way.ask, under_way.answer);
  under_way.written = events.front().tokens;
  bool there = co_await responder.begin(head, events.front().text);
  BootTime next = loop.now().boot;
  for (std::size_t i = 1; i < events.size(); ++i) {
    next += spec_.word_delay * static_cast<std::int64_t>(events[i].tokens);
    co_await loop.sleep_until(next, responder.cancellation());
    if (!there || responder.cancellation().requested()) {
      responder.abort();
      co_return;
    }
    there = co_await responder.write(events[i].text);
    under_way.written += events[i].tokens;
  }
  if (!there) co_return;
  there = co_await responder.finish();
}

}  // namespace weir::pretend
