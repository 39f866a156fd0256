#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "weir/base/result.hpp"
#include "weir/http/chunked.hpp"
#include "weir/http/guard.hpp"
#include "weir/http/head.hpp"

namespace weir::transport {

// Reads one HTTP/1.x answer from a stream of bytes, strictly and without I/O: what could be read in two ways,
// or was not asked for, is an error, because the bytes behind it would be taken for the next answer. Only
// of an error's body that is coded nothing is read, and its connection ends. Errors: upstream_protocol, and
// upstream_closed from end(). After an error the connection is useless.
class AnswerReader {
 public:
  enum class Asked : std::uint8_t {
    with_body,
    head,
    connect
  };                                     // what the request was: it decides on the body
  static constexpr int kMaxInterim = 8;  // 1xx heads skipped before the answer

  explicit AnswerReader(Asked asked) : asked_(asked) {}

  // Give it all bytes that have arrived and weren't consumed. Consumes 1xx heads and the head; 0: more is
  // needed.
  [[nodiscard]] Result<std::size_t> read_head(std::string_view input);
  [[nodiscard]] bool has_head() const noexcept { return has_head_; }
  [[nodiscard]] const http::ResponseHead& head() const noexcept { return head_; }
  void drop_fields() noexcept { head_.fields.give_back(); }

  // The next piece of the body, once the head is there. Call again with the rest.
  [[nodiscard]] Result<http::ChunkedDecoder::Step> read_body(std::string_view input);
  // The message is complete; bytes that follow aren't part of it.
  [[nodiscard]] bool done() const noexcept;
  // The peer has ended its side cleanly: an error unless the message ends by that.
  [[nodiscard]] Result<void> end();
  // Whether the connection may carry another request. Only after done().
  [[nodiscard]] bool keeps_alive() const noexcept { return keep_alive_; }

 private:
  [[nodiscard]] Result<std::size_t> find_head(std::string_view input);
  [[nodiscard]] Result<void> check_line(std::string_view line);
  [[nodiscard]] Result<void> parse_head(std::string_view head);
  [[nodiscard]] Result<void> take_framing();
  [[nodiscard]] Result<void> take_coded();
  [[nodiscard]] bool has_body() const noexcept;
  [[nodiscard]] bool says_keep_alive() const;

  const Asked asked_;
  // The search for the head's end goes on where it stopped.
  std::size_t line_start_ = 0;
  std::size_t searched_ = 0;
  std::size_t lines_ = 0;
  std::size_t skipped_ = 0;  // bytes of 1xx heads: they count towards the cap
  int interim_ = 0;

  bool has_head_ = false;
  bool keep_alive_ = false;
  bool ended_ = false;
  http::ResponseHead head_;
  http::Framing framing_;
  std::uint64_t left_ = 0;  // of a body with a length
  http::ChunkedDecoder chunks_;
};

}  // namespace weir::transport
