#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "transport/response_head.hpp"
#include "transport/server_state.hpp"
#include "transport/stream.hpp"
#include "weir/net/loop.hpp"
#include "weir/transport/server.hpp"

namespace weir::transport {

// What of a request decides the form of its answer.
struct AnswerRules {
  bool head_only = false;  // a HEAD request
  int minor_version = 1;
  bool keep_alive = true;
};

// A chunk's size line.
class ChunkLine {
 public:
  ChunkLine() = default;
  explicit ChunkLine(std::size_t size);
  [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }

 private:
  std::array<char, 18> text_{};
  std::uint8_t size_ = 0;
};

// The answer to one request, written to its connection. A reader that takes nothing for write_timeout is cut
// off.
class SocketResponder final : public Responder {
 public:
  // All of them outlive it.
  SocketResponder(Stream& stream, net::Loop& loop, const ServerState& server, AnswerRules rules);

  [[nodiscard]] net::Awaitable<bool> respond(const http::ResponseHead& head, std::string_view body) override;
  [[nodiscard]] net::Awaitable<bool> begin(const http::ResponseHead& head, std::string_view first) override;
  [[nodiscard]] net::Awaitable<bool> write(std::string_view piece) override;
  [[nodiscard]] net::Awaitable<bool> finish() override;
  void abort() noexcept override;
  [[nodiscard]] net::Cancellation& cancellation() noexcept override { return cancellation_; }

  enum class State : std::uint8_t { fresh, begun, whole, failed };
  [[nodiscard]] State state() const noexcept { return state_; }
  // Whether another request may follow. Known once the head is written.
  [[nodiscard]] bool keeps_connection() const noexcept { return state_ == State::whole && !closing_; }

 private:
  using Pieces = std::array<boost::asio::const_buffer, 4>;

  // The head's bytes. A body of known length, or one in pieces.
  [[nodiscard]] std::string make_head(const http::ResponseHead& head, std::optional<std::uint64_t> length);
  [[nodiscard]] static net::Awaitable<bool> send_nothing();
  // Where an answer has begun; then it is as told.
  [[nodiscard]] net::Awaitable<bool> send(Pieces pieces, State then);

  Stream& stream_;
  net::Loop& loop_;
  const ServerState& server_;
  const AnswerRules rules_;
  net::Cancellation cancellation_;
  net::Deadline clock_;  // cuts off a reader that is stuck
  std::string head_;     // until it is sent
  ChunkLine line_;       // of the chunk that is being sent
  State state_ = State::fresh;
  bool closing_ = false;  // the head said so
  bool has_body_ = true;  // neither HEAD nor a status without one
  bool chunked_ = false;
};

}  // namespace weir::transport
