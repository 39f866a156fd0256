#include "transport/responder.hpp"

#include <algorithm>
#include <charconv>
#include <span>

#include "weir/base/log.hpp"

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

// A chunk's size line.
class ChunkLine {
 public:
  explicit ChunkLine(std::size_t size) {
    char* end = std::to_chars(text_.data(), text_.data() + text_.size() - kCrLf.size(), size, 16).ptr;
    end = std::ranges::copy(kCrLf, end).out;
    size_ = static_cast<std::size_t>(end - text_.data());
  }
  [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }

 private:
  std::array<char, 18> text_{};
  std::size_t size_ = 0;
};

}  // namespace

SocketResponder::SocketResponder(Stream& stream, net::Loop& loop, const ServerState& server,
                                 AnswerRules rules)
    : stream_(stream), loop_(loop), server_(server), rules_(rules), clock_(loop.timers(), [this] {
        stream_.reset();
      }) {}

net::Awaitable<bool> SocketResponder::respond(const http::ResponseHead& head, std::string_view body) {
  if (state_ != State::fresh) co_return false;
  const std::string bytes = make_head(head, body.size());
  state_ = State::begun;
  const Pieces pieces{view(bytes), view(has_body_ ? body : std::string_view())};
  const bool sent = co_await send(pieces);
  if (sent) state_ = State::whole;
  co_return sent;
}

net::Awaitable<bool> SocketResponder::begin(const http::ResponseHead& head, std::string_view first) {
  if (state_ != State::fresh) co_return false;
  const std::string bytes = make_head(head, std::nullopt);
  state_ = State::begun;
  if (first.empty() || !has_body_) {
    const Pieces pieces{view(bytes)};
    co_return co_await send(pieces);
  }
  if (!chunked_) {
    const Pieces pieces{view(bytes), view(first)};
    co_return co_await send(pieces);
  }
  const std::string start = bytes + std::string(ChunkLine(first.size()).text());
  const Pieces pieces{view(start), view(first), view(kCrLf)};
  co_return co_await send(pieces);
}

net::Awaitable<bool> SocketResponder::write(std::string_view piece) {
  if (state_ != State::begun) co_return false;
  if (piece.empty() || !has_body_) co_return true;
  if (!chunked_) {
    const Pieces pieces{view(piece)};
    co_return co_await send(pieces);
  }
  const ChunkLine line(piece.size());
  const Pieces pieces{view(line.text()), view(piece), view(kCrLf)};
  co_return co_await send(pieces);
}

net::Awaitable<bool> SocketResponder::finish() {
  if (state_ != State::begun) co_return false;
  if (chunked_ && has_body_) {
    const Pieces pieces{view(kLastChunk)};
    const bool sent = co_await send(pieces);
    if (!sent) co_return false;
  }
  state_ = State::whole;
  co_return true;
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

net::Awaitable<bool> SocketResponder::send(Pieces pieces) {
  while (true) {
    const Pieces slice = take_slice(pieces);
    if (asio::buffer_size(slice) == 0) co_return true;
    error_code ec;
    clock_.arm_after(server_.config.write_timeout);
    co_await stream_.write(slice, ec);
    clock_.disarm();
    if (ec) {
      if (clock_.expired()) log::info("client_stuck");
      state_ = State::failed;
      cancellation_.request();
      co_return false;
    }
  }
}

}  // namespace weir::transport
