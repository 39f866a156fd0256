#include "transport/responder.hpp"

#include <algorithm>
#include <charconv>
#include <span>

#include "weir/base/log.hpp"
#include "weir/base/text.hpp"

namespace weir::transport {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// A reader that takes this much within write_timeout is slow, not stuck.
constexpr std::size_t kSlice = 256 * 1024;
constexpr std::string_view kCrLf = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";

asio::const_buffer view(std::string_view text) {
  return asio::buffer(text.data(), text.size());
}

// Takes up to kSlice bytes off the front.
template <class Pieces>
Pieces take_slice(Pieces& pieces) {
  Pieces slice{};
  std::size_t left = kSlice;
  for (std::size_t i = 0; i < pieces.size() && left > 0; ++i) {
    slice[i] = asio::buffer(pieces[i], left);
    pieces[i] += slice[i].size();
    left -= slice[i].size();
  }
  return slice;
}

}  // namespace

ChunkLine::ChunkLine(std::size_t size) {
  char* end = std::to_chars(text_.data(), text_.data() + text_.size() - kCrLf.size(), size, 16).ptr;
  end = std::ranges::copy(kCrLf, end).out;
  size_ = static_cast<std::uint8_t>(end - text_.data());
}

SocketResponder::SocketResponder(Stream& stream, net::Loop& loop, const ServerState& server,
                                 AnswerRules rules)
    : stream_(stream), loop_(loop), server_(server), rules_(rules), clock_(loop.timers(), [this] {
        stream_.reset();
      }) {}

// None of these is a coroutine: what is sent is kept here, and a stream has a frame less for each piece.
net::Awaitable<bool> SocketResponder::respond(const http::ResponseHead& head, std::string_view body) {
  if (state_ != State::fresh) return send_nothing();
  head_ = make_head(head, body.size());
  state_ = State::begun;
  return send({view(head_), view(has_body_ ? body : std::string_view())}, State::whole);
}

net::Awaitable<bool> SocketResponder::begin(const http::ResponseHead& head, std::string_view first) {
  if (state_ != State::fresh) return send_nothing();
  head_ = make_head(head, std::nullopt);
  state_ = State::begun;
  if (first.empty() || !has_body_) return send({view(head_)}, State::begun);
  if (!chunked_) return send({view(head_), view(first)}, State::begun);
  line_ = ChunkLine(first.size());
  return send({view(head_), view(line_.text()), view(first), view(kCrLf)}, State::begun);
}

net::Awaitable<bool> SocketResponder::write(std::string_view piece) {
  if (piece.empty() || !has_body_) return send({}, state_);
  if (!chunked_) return send({view(piece)}, State::begun);
  line_ = ChunkLine(piece.size());
  return send({view(line_.text()), view(piece), view(kCrLf)}, State::begun);
}

net::Awaitable<bool> SocketResponder::finish() {
  return send({view(chunked_ && has_body_ ? kLastChunk : std::string_view())}, State::whole);
}

void SocketResponder::abort() noexcept {
  // Where the body's end is the connection's end, only a reset tells "cut" from "whole". Elsewhere the
  // missing last chunk says it, and a reset might destroy what is still on its way.
  if (state_ == State::begun && has_body_ && !chunked_) {
    stream_.reset();
  } else {
    stream_.close();
  }
  state_ = State::failed;
}

std::string SocketResponder::make_head(const http::ResponseHead& head, std::optional<std::uint64_t> length) {
  using Connection = AnswerFraming::Connection;
  const bool bodiless = never_has_body(head.status);
  has_body_ = !bodiless && !rules_.head_only;
  AnswerFraming framing;
  if (!bodiless) {
    framing.length = length;
    framing.chunked = !length && rules_.minor_version > 0;
  }
  chunked_ = framing.chunked;
  const bool until_close = !bodiless && !length && !framing.chunked;
  closing_ = until_close || !rules_.keep_alive || server_.draining.load(std::memory_order_relaxed);
  if (closing_) {
    framing.connection = Connection::close;
  } else if (rules_.minor_version == 0) {
    framing.connection = Connection::keep_alive;
  }
  std::string bytes;
  append_answer_head(bytes, head, framing, loop_.now().wall);
  return bytes;
}

net::Awaitable<bool> SocketResponder::send_nothing() {
  co_return false;
}

net::Awaitable<bool> SocketResponder::send(Pieces pieces, State then) {
  if (state_ != State::begun) co_return false;
  while (true) {
    const Pieces slice = take_slice(pieces);
    if (asio::buffer_size(slice) == 0) break;
    error_code ec;
    clock_.arm_after(server_.config.write_timeout);
    const bool written = co_await stream_.write(slice, ec);
    clock_.disarm();
    if (!written) {
      if (clock_.expired()) log::info("client_stuck");
      state_ = State::failed;
      cancellation_.request();
      co_return false;
    }
  }
  give_back(head_);
  state_ = then;
  co_return true;
}

}  // namespace weir::transport
