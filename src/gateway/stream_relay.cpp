#include "gateway/stream_relay.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "weir/base/log.hpp"
#include "weir/base/text.hpp"
#include "weir/wire/error_body.hpp"

namespace weir::gateway {
namespace {

// How long the end of a finished stream is waited for, so that its connection can be used again.
constexpr Duration kAfterDone = std::chrono::seconds(1);
constexpr std::size_t kMendedRoom = 128;  // bytes that a piece may be longer for

}  // namespace

StreamRelay::StreamRelay(const net::Loop& loop, transport::Responder& responder,
                         telemetry::RequestRecord& record, Attempt& attempt)
    : loop_(loop), responder_(responder), record_(record), attempt_(attempt) {}

net::Awaitable<bool> StreamRelay::begin(const http::ResponseHead& head) {
  out_ = std::exchange(attempt_.body, {});
  record_.bytes_out = out_.size();
  return responder_.begin(head, out_);
}

net::Awaitable<bool> StreamRelay::run() {
  const providers::Timeouts& timeouts = attempt_.target->provider->timeouts;
  const BootTime total_by = attempt_.began.boot + timeouts.total;
  bool client_there = true;
  bool more = !attempt_.stream.done() && !attempt_.stream.error();
  give_back(out_);
  while (client_there && more) {
    const BootTime by = std::min(loop_.now().boot + timeouts.idle, total_by);
    const auto piece = co_await attempt_.answer->next(by);
    more = take(piece);
    if (!out_.empty()) client_there = co_await responder_.write(out_);
    record_.bytes_out += out_.size();
    give_back(out_);  // no memory while nothing comes
  }
  if (!client_there || responder_.cancellation().requested()) co_return false;
  co_await end();
  co_return !broken_;
}

bool StreamRelay::take(const Result<std::string_view>& piece) {
  if (!piece) break_by(piece.error());
  if (!piece || piece->empty()) return false;
  out_.reserve(piece->size() + kMendedRoom);
  if (auto taken = attempt_.stream.take(*piece, out_); !taken) break_by(std::move(taken).error());
  return !broken_ && !attempt_.stream.done() && !attempt_.stream.error();
}

net::Awaitable<void> StreamRelay::end() {
  const std::string events = ending();
  attempt_.note_end(!broken_, loop_.now());
  if (!events.empty()) {
    const bool told = co_await responder_.write(events);
    if (told) record_.bytes_out += events.size();
  }
  const bool finished = co_await responder_.finish();
  if (finished && !broken_) co_await read_to_framings_end();
}

std::string StreamRelay::ending() {
  const ChatStream& stream = attempt_.stream;
  if (stream.error()) break_by({ErrorKind::upstream_failed, stream.error()->text.message});
  if (!broken_ && !stream.whole())
    break_by({ErrorKind::upstream_closed, attempt_.target->name() + " ended the stream before its end"});
  if (!broken_) return stream.ending();
  broken_->message = log::redact(broken_->message);
  return wire::stream_error(*broken_, record_.request_id);
}

// [DONE] is here but perhaps not yet the framing's end; a connection read to its end is used again.
net::Awaitable<void> StreamRelay::read_to_framings_end() {
  const BootTime by = loop_.now().boot + kAfterDone;
  bool more = true;
  while (more) {
    const auto piece = co_await attempt_.answer->next(by);
    more = piece.has_value() && !piece->empty();
  }
}

}  // namespace weir::gateway
