#include "gateway/stream_relay.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "gateway/refusal.hpp"
#include "weir/base/log.hpp"
#include "weir/base/text.hpp"
#include "weir/base/units.hpp"
#include "weir/net/cancellation.hpp"

namespace weir::gateway {
namespace {

// How long the end of a finished stream is waited for, so that its connection can be used again.
constexpr Duration kAfterDone = std::chrono::seconds(1);
// Behind the finish_reason only usage and [DONE] are to come, and some providers send neither, nor close.
constexpr Duration kAfterFinish = std::chrono::seconds(5);
constexpr std::size_t kMendedRoom = 128;  // bytes that a piece may be longer for

net::Awaitable<void> read_to_end(const net::Loop* loop, std::unique_ptr<transport::Answer> answer) {
  net::Cancellation nobodys;
  answer->ends_with(nobodys);
  const BootTime by = loop->now().boot + kAfterDone;
  bool more = true;
  while (more) {
    const auto piece = co_await answer->next(by);
    more = piece.has_value() && !piece->empty();
  }
  answer.reset();
}

}  // namespace

StreamRelay::StreamRelay(net::Loop& loop, transport::Responder& responder, telemetry::RequestRecord& record,
                         Attempt& attempt)
    : loop_(loop), responder_(responder), record_(record), attempt_(attempt) {}

net::Awaitable<bool> StreamRelay::begin(const http::ResponseHead& head) {
  out_ = std::exchange(attempt_.body, {});
  record_.bytes_out = out_.size();
  return responder_.begin(head, out_);
}

net::Awaitable<bool> StreamRelay::run() {
  bool client_there = true;
  bool more = !attempt_.stream.done() && !attempt_.stream.error();
  give_back(out_);
  while (client_there && more) {
    const BootTime by = std::min(loop_.now().boot + patience(), total_by());
    const auto piece = co_await attempt_.answer->next(by);
    more = take(piece);
    if (!out_.empty()) client_there = co_await responder_.write(out_);
    record_.bytes_out += out_.size();
    give_back(out_);  // no memory while nothing comes
  }
  if (!client_there || responder_.cancellation().client_gone()) co_return false;
  co_await end();
  co_return !broken_;
}

bool StreamRelay::has_said_all() const {
  return attempt_.stream.done() || (attempt_.stream.whole() && attempt_.bounds.choices == 1);
}

Duration StreamRelay::patience() const {
  const Duration idle = attempt_.target->provider->timeouts.idle;
  return has_said_all() ? std::min(idle, kAfterFinish) : idle;
}

BootTime StreamRelay::total_by() const {
  return attempt_.began.boot + attempt_.target->provider->timeouts.total;
}

// Whatever becomes of the connection, an answer that has said all is whole. Of several at once some may not
// have begun.
bool StreamRelay::take(const Result<std::string_view>& piece) {
  if (!piece && !has_said_all()) break_by(why(piece.error()));
  if (!piece || piece->empty()) return false;
  out_.reserve(piece->size() + kMendedRoom);
  if (auto taken = attempt_.stream.take(*piece, out_); !taken) break_by(std::move(taken).error());
  return !broken_ && !attempt_.stream.done() && !attempt_.stream.error();
}

// Who has gone is told nothing: of those that are cancelled the others are left.
Error StreamRelay::why(const Error& error) const {
  if (error.kind == ErrorKind::cancelled) return shutting_down().error;
  if (error.kind != ErrorKind::upstream_timeout) return error;
  const providers::Timeouts& timeouts = attempt_.target->provider->timeouts;
  std::string words = attempt_.target->name();
  if (loop_.now().boot >= total_by())
    words += " had not come to its end when timeouts.total was over, " + format_for_people(timeouts.total);
  else
    words += " sent nothing for timeouts.idle, " + format_for_people(timeouts.idle);
  return {error.kind, std::move(words)};
}

net::Awaitable<void> StreamRelay::end() {
  const std::string events = ending();
  const bool is_our_doing = broken_ && responder_.cancellation().requested();
  if (!is_our_doing) attempt_.note_end(!broken_, loop_.now());
  if (!events.empty()) {
    const bool told = co_await responder_.write(events);
    if (told) record_.bytes_out += events.size();
  }
  const bool finished = co_await responder_.finish();
  if (finished && !broken_) let_end();
}

std::string StreamRelay::ending() {
  const ChatStream& stream = attempt_.stream;
  if (stream.error()) break_by({ErrorKind::upstream_failed, stream.error()->text.message});
  if (!broken_ && !stream.whole())
    break_by({ErrorKind::upstream_closed, attempt_.target->name() + " ended the stream before its end"});
  if (!broken_) return stream.ending();
  broken_->message = log::redact(broken_->message);
  return stream.breaking(*broken_, record_.request_id);
}

// [DONE] is here but perhaps not yet the framing's end; a connection read to its end is used again. Nobody
// waits for that.
void StreamRelay::let_end() {
  if (attempt_.answer->is_over()) return;
  loop_.spawn("end of a stream", read_to_end(&loop_, std::move(attempt_.answer)));
}

}  // namespace weir::gateway
