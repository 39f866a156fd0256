#include <utility>

#include "weir/base/text.hpp"
#include "weir/providers/signals.hpp"
#include "weir/wire/error_facts.hpp"
#include "weir/wire/sse.hpp"

namespace weir::providers {
namespace {

Verdict good(const Signals& signals, int status, const http::Fields& fields, WallTime now) {
  Verdict verdict;
  verdict.status = status;
  verdict.windows = windows(signals, fields, now);
  if (!verdict.windows.empty()) verdict.scope = signals.scope;
  return verdict;
}

// What a key has left, where an account endpoint was asked.
void add_credit(Verdict& verdict, const wire::ErrorFacts& facts) {
  if (!facts.tells_credit) return;
  verdict.scope = "key";
  if (!facts.credit_limit && !facts.credit_remaining) return;
  Span span{Span::Unit::none};
  for (const auto& [word, unit] :
       {std::pair{"daily", Span::Unit::day}, {"weekly", Span::Unit::week}, {"monthly", Span::Unit::month}})
    if (facts.credit_reset == word) span = {unit};
  verdict.windows.push_back({.name = {Counted::credits_usd, span},
                             .limit = facts.credit_limit,
                             .remaining = facts.credit_remaining});
}

}  // namespace

Verdict diagnose(const Signals& signals, int status, const http::Fields& fields, std::string_view body,
                 WallTime now) {
  if (status < 200 || status >= 300) return classify(signals, {status, fields, body}, now);
  const wire::ErrorFacts plain = wire::read_error_facts(body);
  if (plain.has_error) return classify(signals, {status, fields, body, true, plain.has_choices}, now);
  Verdict fine = good(signals, status, fields, now);
  add_credit(fine, plain);
  if (!lower(fields.get("content-type")).starts_with("text/event-stream") && !body.starts_with("data:"))
    return fine;
  wire::SseFramer framer;
  if (!framer.feed(body) || !framer.feed("\n\n")) return fine;
  bool has_begun = false;
  bool is_whole = false;
  while (const auto event = framer.next()) {
    const wire::ErrorFacts facts = wire::read_error_facts(event->data);
    const wire::EventFacts chat = wire::read_event(event->data);
    if (facts.has_error || chat.error)
      return classify(signals, {status, fields, event->data, true, has_begun || facts.has_choices}, now);
    has_begun = has_begun || facts.has_choices;
    is_whole = is_whole || chat.finished || chat.done;
  }
  if (!has_begun || is_whole) return fine;
  fine.answer_class = AnswerClass::server_error;
  fine.scope = "provider";
  fine.retry = RetryHere::only_if_nothing_was_sent;
  fine.note = "the stream ends without a finish_reason and without [DONE]: it was cut off";
  return fine;
}

}  // namespace weir::providers
