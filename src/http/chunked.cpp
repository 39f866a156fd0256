#include "weir/http/chunked.hpp"

#include <algorithm>
#include <limits>

#include "http/charset.hpp"

namespace weir::http {
namespace {

Error malformed(const char* message) {
  return {ErrorKind::invalid_request, message};
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Result<ChunkedDecoder::Step> ChunkedDecoder::decode(std::string_view input) {
  std::size_t at = 0;
  while (at < input.size() && state_ != State::done) {
    if (state_ == State::data) {
      const std::size_t size = std::min<std::uint64_t>(left_, input.size() - at);
      left_ -= size;
      if (left_ == 0) state_ = State::data_cr;
      return Step{.consumed = at + size, .body = input.substr(at, size)};
    }
    auto stepped = step(input[at]);
    if (!stepped) return std::move(stepped).error();
    ++at;
  }
  return Step{.consumed = at, .body = {}};
}

Result<void> ChunkedDecoder::step(char c) {
  switch (state_) {
    case State::size_start:
    case State::size:
    case State::size_space:
      return step_size(c);
    case State::extension:
    case State::quoted:
    case State::escaped:
      return step_extension(c);
    case State::size_lf:
      if (c != '\n') return malformed("a chunk's size line must end with CR LF");
      line_ = 0;
      state_ = left_ == 0 ? State::trailer_start : State::data;
      return {};
    case State::data_cr:
      if (c != '\r') return malformed("a chunk is longer than its size says");
      state_ = State::data_lf;
      return {};
    case State::data_lf:
      if (c != '\n') return malformed("a chunk must end with CR LF");
      state_ = State::size_start;
      return {};
    case State::trailer_start:
    case State::trailer_name:
    case State::trailer:
    case State::trailer_lf:
      return step_trailer(c);
    case State::last_lf:
      if (c != '\n') return malformed("the chunked body must end with CR LF");
      state_ = State::done;
      return {};
    case State::data:
    case State::done:
      break;  // decode() doesn't ask
  }
  return {};
}

Result<void> ChunkedDecoder::step_size(char c) {
  if (++line_ > kMaxLine) return malformed("a chunk's size line is too long");
  if (const int digit = hex_value(c); digit >= 0 && state_ != State::size_space) {
    if (left_ > std::numeric_limits<std::uint64_t>::max() >> 4U)
      return malformed("a chunk's size is out of range");
    left_ = left_ << 4U | static_cast<std::uint64_t>(digit);
    state_ = State::size;
    return {};
  }
  if (state_ != State::size_start) {
    if (c == ';') {
      state_ = State::extension;
      return {};
    }
    if (c == ' ' || c == '\t') {
      state_ = State::size_space;
      return {};
    }
    if (c == '\r' && state_ == State::size) {
      state_ = State::size_lf;
      return {};
    }
  }
  return malformed("a chunk's size must be a hexadecimal number");
}

Result<void> ChunkedDecoder::step_extension(char c) {
  if (++line_ > kMaxLine) return malformed("a chunk's size line is too long");
  if (c == '\r' && state_ == State::extension) {
    state_ = State::size_lf;
    return {};
  }
  if (!is_value_char(c)) return malformed("a chunk's extension has a control character");
  if (state_ == State::escaped) {
    state_ = State::quoted;
  } else if (c == '"') {
    state_ = state_ == State::quoted ? State::extension : State::quoted;
  } else if (c == '\\' && state_ == State::quoted) {
    state_ = State::escaped;
  }
  return {};
}

// Trailers are dropped, but must look like fields: where a client forgot the last CR LF, what follows is its
// next request, and must not vanish here.
Result<void> ChunkedDecoder::step_trailer(char c) {
  if (++trailers_ > kMaxTrailers) return malformed("the trailers are too long");
  switch (state_) {
    case State::trailer_start:
      if (c == '\r') {
        state_ = State::last_lf;
        return {};
      }
      if (!is_token_char(c)) return malformed("a trailer has no valid name");
      state_ = State::trailer_name;
      return {};
    case State::trailer_name:
      if (c == ':') {
        state_ = State::trailer;
        return {};
      }
      if (!is_token_char(c)) return malformed("a trailer has no valid name");
      return {};
    case State::trailer:
      if (c == '\r') {
        state_ = State::trailer_lf;
        return {};
      }
      if (!is_value_char(c)) return malformed("a trailer has a control character");
      return {};
    default:
      if (c != '\n') return malformed("a trailer must end with CR LF");
      state_ = State::trailer_start;
      return {};
  }
}

}  // namespace weir::http
