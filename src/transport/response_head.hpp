#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "weir/base/clock.hpp"
#include "weir/base/error.hpp"
#include "weir/http/head.hpp"

namespace weir::transport {

// What an answer's head says of its framing. The connection's rules decide it, never the caller's fields.
struct AnswerFraming {
  std::optional<std::uint64_t> length;  // Content-Length
  bool chunked = false;
  enum class Connection : std::uint8_t { unsaid, close, keep_alive } connection = Connection::unsaid;
};

// Appends the head of an answer, blank line included. Fields of `head` that belong to the framing
// (Content-Length, Transfer-Encoding, Connection and its kin, Date) are left out, since ours are written; so
// are fields whose name or value could break out of its line, wherever they came from.
void append_answer_head(std::string& out, const http::ResponseHead& head, const AnswerFraming& framing,
                        WallTime date);

// The head of an answer that says no, with the lines of Handler::reject().
[[nodiscard]] http::ResponseHead refusal_head(const Error& error, const http::FieldLines& lines);

// Whether answers of this status have no body by definition (RFC 9110 section 6.4.1).
[[nodiscard]] bool never_has_body(int status) noexcept;

}  // namespace weir::transport
