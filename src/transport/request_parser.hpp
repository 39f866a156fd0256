#pragma once

#include <cstddef>
#include <string_view>

#include "weir/base/result.hpp"
#include "weir/http/guard.hpp"
#include "weir/http/head.hpp"

namespace weir::transport {

// A request as far as its head tells it.
struct ParsedHead {
  http::RequestHead head;  // the target in origin form
  http::Framing framing;
  bool keep_alive = true;         // the client's wish
  bool expects_continue = false;  // it waits for "100 Continue"
};

// From the bytes of a head to values that passed every check: the guard on the raw bytes, Beast's parser, the
// guard on the parsed head, the guard on Host and Origin. One object reads one head after the other.
class RequestParser {
 public:
  explicit RequestParser(const http::HostGuard& guard) : guard_(guard) {}

  // `bytes` begins with the first byte of the head and grows from call to call. The size of the head as soon
  // as it is whole, and then parsed() is filled; 0 until then. An error refuses the request and the rest of
  // the connection.
  [[nodiscard]] Result<std::size_t> parse(std::string_view bytes);

  // Before the first byte of the next head.
  void reset();
  // Nobody reads the head's fields any more: gives their memory back.
  void drop_fields() noexcept { parsed_.head.fields.give_back(); }
  // Where parse() refused, as much as was understood: the method, or nothing.
  [[nodiscard]] const ParsedHead& parsed() const noexcept { return parsed_; }

 private:
  [[nodiscard]] Result<void> read_whole(std::string_view head);

  const http::HostGuard& guard_;
  http::HeadScanner scanner_;
  ParsedHead parsed_;
};

}  // namespace weir::transport
