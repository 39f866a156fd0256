#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "weir/base/result.hpp"

namespace weir::http {

// Takes chunked framing off a stream of bytes, strictly (RFC 9112 section 7.1) and with caps: a chunk line,
// its extensions included, of at most 4 KiB; trailers of at most 8 KiB in all, which are dropped. Extensions
// are ignored, quoted line feeds in them refused. Works on whatever piece arrives. An error is of kind
// invalid_request and final: the bytes behind it mean nothing.
class ChunkedDecoder {
 public:
  static constexpr std::size_t kMaxLine = 4 * 1024;
  static constexpr std::size_t kMaxTrailers = 8 * 1024;

  struct Step {
    std::size_t consumed = 0;  // of the input
    std::string_view body;     // a view into the input; may be empty
  };

  // Consumes up to and including the next piece of body, or up to the end of input or message. Call again
  // with the rest until it consumes nothing or done() is true. What stands behind the end of the message is
  // not touched.
  [[nodiscard]] Result<Step> decode(std::string_view input);
  // Bytes that the chunk under way still announces.
  [[nodiscard]] std::uint64_t left() const noexcept { return left_; }
  [[nodiscard]] bool done() const noexcept { return state_ == State::done; }

 private:
  enum class State : std::uint8_t {
    size_start,
    size,
    size_space,  // white space that only an extension may follow
    extension,
    quoted,
    escaped,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer_name,
    trailer,
    trailer_lf,
    last_lf,
    done
  };

  [[nodiscard]] Result<void> step(char c);
  [[nodiscard]] Result<void> step_size(char c);
  [[nodiscard]] Result<void> step_extension(char c);
  [[nodiscard]] Result<void> step_trailer(char c);

  State state_ = State::size_start;
  std::uint64_t left_ = 0;    // of the chunk
  std::size_t line_ = 0;      // bytes of this chunk line
  std::size_t trailers_ = 0;  // bytes of trailers
};

}  // namespace weir::http
