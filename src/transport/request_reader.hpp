#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "transport/byte_buffer.hpp"
#include "transport/request_parser.hpp"
#include "transport/stream.hpp"
#include "weir/base/result.hpp"
#include "weir/http/chunked.hpp"
#include "weir/net/awaitable.hpp"
#include "weir/net/loop.hpp"
#include "weir/transport/server.hpp"

namespace weir::transport {

// Reads the requests of one connection one after the other: heads through the parser, bodies by length or
// chunks, each against its clock and its limit. What a client sends ahead stays here for the next request. An
// Error is for the client: it is to be answered, and the connection closed. Session's thread only.
class RequestReader {
 public:
  // All of them outlive the reader. `accepted` is when the connection was: the first head's clock began
  // there.
  RequestReader(Stream& stream, net::Loop& loop, const ServerConfig& config, const http::HostGuard& guard,
                BootTime accepted);

  // The next request's head. False where there is none and nobody to tell: the client left or was idle too
  // long.
  [[nodiscard]] net::Awaitable<Result<bool>> read_head();
  // More of its body is still to come than is read for the sake of an answer that says no.
  [[nodiscard]] bool has_much_to_come() const noexcept;
  // Then its body, after "100 Continue" where the client waits for that. False where the client has left.
  [[nodiscard]] net::Awaitable<Result<bool>> read_body();
  // Nobody reads the body or the head's fields any more: gives their memory back.
  void drop() noexcept;
  // After the answer: drops the request, and the memory of a large one.
  void finish();
  // Drops what still comes, until the client closes, nothing has come for `idle` or `at_most` has passed.
  [[nodiscard]] net::Awaitable<void> discard(Duration idle, Duration at_most);

  [[nodiscard]] const ParsedHead& parsed() const noexcept { return parser_.parsed(); }
  // kBodyPadding readable bytes stand behind it. Valid until finish().
  [[nodiscard]] std::span<char> body() noexcept { return body_; }
  [[nodiscard]] Instant arrived() const noexcept { return arrived_; }  // the head, whole
  // Waits for a request of which no byte has come.
  [[nodiscard]] bool idle() const noexcept { return idle_; }
  // Bytes of a next request are here already.
  [[nodiscard]] bool has_input() const noexcept;

 private:
  enum class Got : std::uint8_t { bytes, nothing_in_time, end_of_stream, broken };

  [[nodiscard]] static Result<bool> ended(Got got);
  [[nodiscard]] net::Awaitable<Got> read(std::span<char> space, ByteBuffer& onto, BootTime by);
  [[nodiscard]] net::Awaitable<Result<bool>> read_sized(std::size_t length);
  [[nodiscard]] net::Awaitable<Result<bool>> read_chunked();
  [[nodiscard]] Result<void> take_chunks(http::ChunkedDecoder& decoder);
  [[nodiscard]] net::Awaitable<bool> invite();
  [[nodiscard]] BootTime body_clock() const;

  Stream& stream_;
  net::Loop& loop_;
  const ServerConfig& config_;
  RequestParser parser_;
  net::Deadline clock_;  // ends the read under way
  const BootTime first_head_by_;
  bool first_ = true;
  bool idle_ = false;
  Instant arrived_{};
  ByteBuffer input_;        // what has been read and not used up
  std::size_t in_use_ = 0;  // bytes of input_ that belong to the request being served
  ByteBuffer own_body_;     // a body that didn't come whole with its head
  std::span<char> body_;    // into one of the two
};

}  // namespace weir::transport
