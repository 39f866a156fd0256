#include "weir/routing/retry.hpp"

#include <algorithm>

namespace weir::routing {

RetryRule rule_for(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::dns_failed:
    case ErrorKind::connect_failed:
    case ErrorKind::tls_failed:
      return {Next::other_or_same, Settlement::refund};
    // Perhaps billed: the estimate stays with the first.
    case ErrorKind::upstream_closed:
    case ErrorKind::upstream_protocol:
    case ErrorKind::upstream_timeout:
      return {Next::other_target, Settlement::keep};
    default:
      return {Next::give_up, Settlement::keep};
  }
}

RetryRule rule_for(providers::AnswerClass answer) noexcept {
  using providers::AnswerClass;
  switch (answer) {
    case AnswerClass::ok:
      return {Next::deliver, Settlement::settle};
    case AnswerClass::invalid_request:
    case AnswerClass::context_too_long:
      return {Next::deliver, Settlement::refuse};
    // Its quota or its patience: what it said has gone to the ledger, so it comes up again only when it has
    // room.
    case AnswerClass::capacity:
    case AnswerClass::server_error:
      return {Next::other_or_same, Settlement::refuse};
    case AnswerClass::rate_limited:
    case AnswerClass::quota_exhausted:
    case AnswerClass::request_too_large:
    case AnswerClass::not_on_plan:
    case AnswerClass::concurrency:
    case AnswerClass::upstream_rate_limited:
    case AnswerClass::payment_required:
    case AnswerClass::auth:
    case AnswerClass::auth_or_quota_ambiguous:
    case AnswerClass::auth_or_client_blocked:
    case AnswerClass::client_blocked:
    case AnswerClass::provider_gone:
    case AnswerClass::model_unavailable:
      return {Next::other_target, Settlement::refuse};
  }
  return {};
}

Duration backoff(std::uint32_t try_index, RandomSource& random) noexcept {
  constexpr Duration kFirst = std::chrono::milliseconds(250);
  constexpr std::uint32_t kDoublings = 5;  // to 8 s
  const Duration ceiling = kFirst * (1U << std::min(try_index, kDoublings));
  return std::chrono::duration_cast<Duration>(ceiling * random.unit());
}

}  // namespace weir::routing
