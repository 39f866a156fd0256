#include "pretend/provider.hpp"

#include <utility>

namespace weir::pretend {
namespace {

Reply json_reply(std::string body) {
  Reply reply;
  reply.head.fields.add("content-type", "application/json");
  reply.body = std::move(body);
  return reply;
}

}  // namespace

Provider::UnderWay::UnderWay(Provider& provider, net::Loop& loop, ChatAsk the_ask, Answer the_answer)
    : ask(std::move(the_ask)), answer(std::move(the_answer)), provider_(provider), loop_(loop) {}

Provider::UnderWay::~UnderWay() {
  provider_.quotas_->finish(ask.ask, written, loop_.now());
}

Provider::Provider(ProviderSpec spec) : spec_(std::move(spec)), quotas_(make_quotas(spec_)) {}

net::Awaitable<void> Provider::serve(net::Loop& loop, transport::Request& request,
                                     transport::Responder& responder) {
  const Decision decision = decide(loop, request);
  if (const Reply* reply = std::get_if<Reply>(&decision)) {
    const bool sent = co_await responder.respond(reply->head, reply->body);
    static_cast<void>(sent);  // where the client has gone, nothing is left to do
    co_return;
  }
  UnderWay& under_way = *std::get<std::unique_ptr<UnderWay>>(decision);
  if (under_way.ask.stream) {
    co_await answer_stream(loop, under_way, responder);
  } else {
    co_await answer_whole(loop, under_way, responder);
  }
}

std::string Provider::error_body(const Error& error) {
  return error_reply(400, error.message, "invalid_request_error", "").body;
}

Counts Provider::counts() const {
  return {.served = served_.load(), .refused = refused_.load(), .failed = failed_.load()};
}

Provider::Decision Provider::decide(net::Loop& loop, const transport::Request& request) {
  const std::string_view path = request.head->path();
  const bool chat = path.ends_with("/chat/completions");
  Decision decision = error_reply(404, "Unknown request URL", "invalid_request_error", "unknown_url");
  if (!knows(request.head->fields)) {
    decision = error_reply(401, "Invalid API Key", "invalid_request_error", "invalid_api_key");
  } else if (chat && request.head->method == "POST") {
    std::variant<ChatAsk, Reply> ask = read_chat(spec_, request.body_text());
    if (auto* read = std::get_if<ChatAsk>(&ask)) {
      decision = admit(loop, std::move(*read));
    } else {
      decision = std::get<Reply>(std::move(ask));
    }
  } else if (path.ends_with("/models") && request.head->method == "GET") {
    decision = json_reply(models_body(spec_));
  } else if (chat) {
    decision = error_reply(405, "Use POST", "invalid_request_error", "method_not_allowed");
  }
  if (const Reply* reply = std::get_if<Reply>(&decision)) count(reply->head.status);
  return decision;
}

Provider::Decision Provider::admit(net::Loop& loop, ChatAsk ask) {
  const Instant now = loop.now();
  if (auto refusal = quotas_->admit(ask.ask, now)) return std::move(*refusal);
  Answer answer = compose(spec_, ask, ++answers_, now.wall);
  ++served_;
  return std::make_unique<UnderWay>(*this, loop, std::move(ask), std::move(answer));
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
  head.fields.add("content-type", under_way.ask.stream ? "text/event-stream" : "application/json");
  if (spec_.manner == Manner::openrouter) head.fields.add("x-generation-id", under_way.answer.id);
  quotas_->describe(under_way.ask.ask, now, head.fields);
  return head;
}

// Takes as long as the words take.
net::Awaitable<void> Provider::answer_whole(net::Loop& loop, UnderWay& under_way,
                                            transport::Responder& responder) {
  const BootTime ready =
      loop.now().boot + spec_.word_delay * static_cast<std::int64_t>(under_way.answer.words.size());
  co_await loop.sleep_until(ready, responder.cancellation());
  if (responder.cancellation().requested()) {
    responder.abort();
    co_return;
  }
  under_way.written = under_way.answer.words.size();
  const http::ResponseHead head = answer_head(under_way, loop.now());
  const std::string body = answer_body(spec_, under_way.ask, under_way.answer);
  const bool sent = co_await responder.respond(head, body);
  static_cast<void>(sent);
}

net::Awaitable<void> Provider::answer_stream(net::Loop& loop, UnderWay& under_way,
                                             transport::Responder& responder) {
  const http::ResponseHead head = answer_head(under_way, loop.now());
  const std::string opening = opening_events(spec_, under_way.ask, under_way.answer);
  bool there = co_await responder.begin(head, opening);
  BootTime next = loop.now().boot;
  for (const std::string& word : under_way.answer.words) {
    next += spec_.word_delay;
    co_await loop.sleep_until(next, responder.cancellation());
    if (!there || responder.cancellation().requested()) {
      responder.abort();
      co_return;
    }
    const std::string event = word_event(under_way.ask, under_way.answer, word);
    there = co_await responder.write(event);
    ++under_way.written;
  }
  if (!there) co_return;
  const std::string closing = closing_events(spec_, under_way.ask, under_way.answer);
  there = co_await responder.write(closing);
  if (!there) co_return;
  there = co_await responder.finish();
}

}  // namespace weir::pretend
