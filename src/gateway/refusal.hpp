#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/base/error.hpp"
#include "weir/gateway/client_key.hpp"
#include "weir/http/head.hpp"
#include "weir/providers/signals.hpp"
#include "weir/routing/planner.hpp"
#include "weir/routing/retry.hpp"
#include "weir/telemetry/request_record.hpp"
#include "weir/wire/error_body.hpp"

namespace weir::gateway {

// An error on its way to the client, with what the client may do about it.
struct Refusal {
  Error error;
  int status = 0;  // 0: what the kind says
  std::string param;
  std::optional<Duration> retry_after;          // truthful; from the moment the refusal was made
  std::optional<bool> should_retry;             // for x-should-retry, which SDKs obey; nothing: they decide
  std::vector<wire::AttemptNote> notes;         // targets that were skipped
  const routing::Target* first_back = nullptr;  // of those; of the snapshot that was asked
};

// One as it is handed about, or nullptr: rare, and larger than what waits should keep room for.
using Refused = std::unique_ptr<const Refusal>;
[[nodiscard]] inline Refused because(Refusal refusal) {
  return std::make_unique<const Refusal>(std::move(refusal));
}

// "all 3 targets of "smart" are out of quota; the first is back at 2026-11-24T08:00:00Z (gemini, in 5h 21m)".
[[nodiscard]] Refusal no_room(const routing::Route& route, const routing::NoRoom& none, Instant now);
// The provider's word on the request itself, for a client's fault or a size.
[[nodiscard]] Refusal passed_on(const providers::Verdict& verdict);
// So many attempts found no room, and more may not be made, though other targets have some.
[[nodiscard]] Refusal tries_spent(const routing::Route& route, std::size_t attempts);
// Every attempt failed: says of each how. `at`: where, if all did at the same point.
[[nodiscard]] Refusal all_failed(const routing::Route& route,
                                 const std::vector<telemetry::AttemptRecord>& attempts,
                                 std::optional<routing::Point> at);
// Names that are like it.
[[nodiscard]] Refusal unknown_model(const routing::Catalogue& catalogue, const std::string& model);
[[nodiscard]] Refusal model_not_allowed(const ClientKey& client, const std::string& model);
// As many wait for room as may.
[[nodiscard]] Refusal queue_full(const routing::Route& route);
[[nodiscard]] Refusal shutting_down();
[[nodiscard]] Refusal deadline_spent(Duration deadline);

// The head and the body that a refusal becomes. Headers common to all answers are the caller's.
void write_fields(const Refusal& refusal, http::Fields& fields);
[[nodiscard]] int status_of(const Refusal& refusal);
[[nodiscard]] std::string body_of(const Refusal& refusal, const telemetry::RequestRecord& record);

}  // namespace weir::gateway
