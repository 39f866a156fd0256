#include "gateway/attempt_class.hpp"

namespace weir::gateway {

telemetry::AttemptClass class_of(const Attempt& attempt) noexcept {
  using routing::Point;
  using telemetry::AttemptClass;
  const bool is_of_quota = attempt.verdict().answer_class == providers::AnswerClass::quota_exhausted;
  switch (attempt.point) {
    case Point::served:
      return AttemptClass::ok;
    case Point::unreachable:
    case Point::lost:
    case Point::own_shortage:
      return AttemptClass::network;
    case Point::timed_out:
      return AttemptClass::timeout;
    case Point::failed:
    case Point::busy:
    case Point::broken_answer:
    case Point::broken_stream:
      return AttemptClass::server_error;
    case Point::no_room:
      return is_of_quota ? AttemptClass::quota : AttemptClass::rate_limited;
    case Point::key_refused:
      return AttemptClass::auth;
    case Point::model_refused:
    case Point::too_large:
    case Point::too_long:
    case Point::client_fault:
      return AttemptClass::bad_request;
    case Point::client_gone:
      break;
  }
  return AttemptClass::aborted;
}

}  // namespace weir::gateway
