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
  std::optional<Error> broken;
  bool client_there = true;
  give_back(out_);
  while (client_there && !broken && !attempt_.stream.done() && !attempt_.stream.error()) {
    const BootTime by = std::min(loop_.now().boot + timeouts.idle, total_by);
    const auto piece = co_await attempt_.answer->next(by);
    if (!piece) broken = piece.error();
    if (!piece || piece->empty()) break;
    out_.reserve(piece->size() + kMendedRoom);
    const auto taken = attempt_.stream.take(*piece, out_);
    if (!taken) broken = taken.error();
    if (!out_.empty()) client_there = co_await responder_.write(out_);
    record_.bytes_out += out_.size();
    give_back(out_);  // no memory while nothing comes
  }
  if (!client_there || responder_.cancellation().requested()) co_return false;
  const bool whole = attempt_.stream.whole() && !broken && !attempt_.stream.error();
  co_await end(std::move(broken));
  co_return whole;
}

net::Awaitable<void> StreamRelay::end(std::optional<Error> broken) {
  const ChatStream& stream = attempt_.stream;
  if (stream.error()) broken = Error{ErrorKind::upstream_failed, stream.error()->text.message};
  if (!broken && !stream.whole())
    broken = Error{ErrorKind::upstream_closed, attempt_.target->name() + " ended the stream before its end"};
  attempt_.note_end(!broken, loop_.now());
  std::string events;
  if (broken) {
    broken->message = log::redact(broken->message);
    events = wire::stream_error(*broken, record_.request_id);
  } else if (!stream.done()) {
    events = stream.ending();
  }
  if (!events.empty()) {
    const bool told = co_await responder_.write(events);
    if (told) record_.bytes_out += events.size();
  }
  const bool finished = co_await responder_.finish();
  if (finished && !broken) co_await read_to_framings_end();
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
