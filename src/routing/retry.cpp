#include "weir/routing/retry.hpp"

#include <algorithm>
#include <array>

namespace weir::routing {
namespace {

using providers::AnswerClass;
using quota::Health;

// In the order of Point. A kept connection that is closed before any byte of an answer isn't here: the
// request wasn't processed, so `transport` sends it once more on a fresh one, within the attempt and its
// reservation.
constexpr std::array kTable{
    // Another may have a connection that is kept, and soon there may be a descriptor again.
    RetryRow{Point::own_shortage, "own_shortage", {Next::other_or_same, Settlement::refund, Health::untold}},
    RetryRow{
        Point::unreachable, "unreachable", {Next::other_or_same, Settlement::refund, Health::unreachable}},
    // Perhaps billed: the estimate stays, and the same target isn't made to bill it twice.
    RetryRow{Point::lost, "lost", {Next::other_target, Settlement::keep, Health::failing}},
    RetryRow{Point::timed_out, "timed_out", {Next::other_target, Settlement::keep, Health::failing}},
    RetryRow{Point::failed, "failed", {Next::other_or_same, Settlement::refuse, Health::failing}},
    RetryRow{Point::busy, "busy", {Next::other_or_same, Settlement::refuse, Health::refusing}},
    // What it said has gone to the ledger, so it comes up again only when it has room.
    RetryRow{Point::no_room, "no_room", {Next::other_target, Settlement::refuse, Health::refusing}},
    RetryRow{Point::key_refused, "key_refused", {Next::other_target, Settlement::refuse, Health::refusing}},
    RetryRow{
        Point::model_refused, "model_refused", {Next::other_target, Settlement::refuse, Health::refusing}},
    RetryRow{Point::too_large, "too_large", {Next::other_target, Settlement::refuse, Health::refusing}},
    RetryRow{Point::too_long, "too_long", {Next::larger_context, Settlement::refuse, Health::refusing}},
    RetryRow{Point::client_fault, "client_fault", {Next::deliver, Settlement::refuse, Health::refusing}},
    RetryRow{Point::broken_answer, "broken_answer", {Next::other_target, Settlement::keep, Health::failing}},
    RetryRow{Point::broken_stream, "broken_stream", {Next::deliver, Settlement::settle, Health::failing}},
    RetryRow{Point::client_gone, "client_gone", {Next::give_up, Settlement::settle, Health::untold}},
    RetryRow{Point::served, "served", {Next::deliver, Settlement::settle, Health::served}},
};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i)
    if (static_cast<std::size_t>(kTable[i].point) != i) return false;
  return kTable.size() == static_cast<std::size_t>(Point::served) + 1;
}
static_assert(is_in_order());

// 408, 409, 425 are no failures of the server's; and who says when to come back knows what it does.
bool is_busy(const providers::Verdict& verdict) {
  return verdict.wait.has_value() || (verdict.status >= 400 && verdict.status < 500);
}

}  // namespace

std::span<const RetryRow> retry_table() noexcept {
  return kTable;
}

std::string_view name(Point point) noexcept {
  return kTable[static_cast<std::size_t>(point)].name;
}

const RetryRule& rule_for(Point point) noexcept {
  return kTable[static_cast<std::size_t>(point)].rule;
}

Point point_of(ErrorKind kind, Heard heard) noexcept {
  switch (kind) {
    case ErrorKind::overloaded:
      return Point::own_shortage;
    case ErrorKind::dns_failed:
    case ErrorKind::connect_failed:
    case ErrorKind::tls_failed:
      return Point::unreachable;
    case ErrorKind::upstream_timeout:
      return Point::timed_out;
    case ErrorKind::cancelled:
      return Point::client_gone;
    default:
      return heard == Heard::head ? Point::broken_answer : Point::lost;
  }
}

Point point_of(const providers::Verdict& verdict) noexcept {
  switch (verdict.answer_class) {
    case AnswerClass::ok:
      return Point::served;
    case AnswerClass::invalid_request:
      return Point::client_fault;
    case AnswerClass::context_too_long:
      return Point::too_long;
    case AnswerClass::request_too_large:
      return Point::too_large;
    case AnswerClass::capacity:
    case AnswerClass::server_error:
      return is_busy(verdict) ? Point::busy : Point::failed;
    case AnswerClass::rate_limited:
    case AnswerClass::quota_exhausted:
    case AnswerClass::concurrency:
    case AnswerClass::upstream_rate_limited:
      return Point::no_room;
    case AnswerClass::payment_required:
    case AnswerClass::auth:
    case AnswerClass::auth_or_quota_ambiguous:
    case AnswerClass::auth_or_client_blocked:
    case AnswerClass::client_blocked:
      return Point::key_refused;
    case AnswerClass::not_on_plan:
    case AnswerClass::model_unavailable:
    case AnswerClass::provider_gone:
      return Point::model_refused;
  }
  return Point::failed;
}

Duration backoff(std::uint32_t try_index, RandomSource& random) noexcept {
  constexpr Duration kFirst = std::chrono::milliseconds(250);
  constexpr std::uint32_t kDoublings = 5;  // to 8 s
  const Duration ceiling = kFirst * (1U << std::min(try_index, kDoublings));
  return std::chrono::duration_cast<Duration>(ceiling * random.unit());
}

}  // namespace weir::routing
