#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

// What went wrong, in the vocabulary of the whole program. A module creates an Error where the facts are; the
// edge alone turns it into an HTTP answer, by the table in error.cpp.
enum class ErrorKind : std::uint8_t {
  // The client's doing.
  invalid_request,    // bad JSON, bad field, bad framing
  unauthorized,       // no or wrong client key
  model_not_allowed,  // this key may not use that model
  forbidden,          // Host or Origin that is not ours
  unknown_url,
  method_not_allowed,
  unsupported_media_type,
  length_required,
  expectation_failed,
  uri_too_long,
  head_too_large,
  not_implemented,
  version_not_supported,
  model_not_found,
  request_too_large,
  context_length_exceeded,
  request_timeout,  // the request did not arrive within its clock

  // Nothing to give.
  rate_limited,     // back within a minute
  quota_exhausted,  // back later
  overloaded,       // draining, or too many connections

  // The upstream's doing. Of the first three it is certain that no request was sent.
  dns_failed,
  connect_failed,
  tls_failed,
  upstream_closed,    // closed or reset after we began to send
  upstream_protocol,  // an answer that breaks HTTP or our caps
  upstream_timeout,   // first byte, idle or total clock
  upstream_failed,    // every target failed

  // Ours.
  deadline_spent,
  cancelled,  // the client has gone
  config,
  io,
  internal,
};

// How the edge answers an error of one kind.
struct ErrorTraits {
  std::string_view name;  // as logged: "connect_failed"
  int http_status;
  std::string_view type;  // OpenAI's error.type
  std::string_view code;  // OpenAI's error.code; empty is null
};

// A failure that was foreseen. Its message is for people: what to do, never a secret or a path of ours.
struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;
};

[[nodiscard]] const ErrorTraits& traits(ErrorKind kind) noexcept;

}  // namespace weir
