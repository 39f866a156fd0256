#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "weir/base/clock.hpp"
#include "weir/http/field_lines.hpp"
#include "weir/http/fields.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/telemetry/request_record.hpp"

namespace weir::gateway {

// Adds what x-weir-* fields say of a request so far.
void add_own_fields(const telemetry::RequestRecord& record, http::FieldLines& lines);

// "80000->7400", "none->4096", of max_tokens.
[[nodiscard]] std::string fitted_text(std::optional<std::uint64_t> asked, std::uint64_t sent);
// Whether a provider's fields say that an event stream follows.
[[nodiscard]] bool is_event_stream(const http::Fields& theirs);

// Adds what says that an event stream follows, which no proxy in front is to hold back.
void add_stream_fields(http::FieldLines& lines);

// Adds those of a provider's fields that pass to the client, without the secrets that the log hides.
void add_passed_fields(const http::Fields& theirs, http::Fields& fields);

// Adds x-ratelimit-{limit,remaining,reset}-{requests,tokens}, as OpenAI has them, of the target's windows and
// of the client key's own, where it has some: of each dimension the one of which the least share is left.
// Only where an amount is known; resets as "6m0s".
void add_rate_fields(const quota::Pool& pool, const quota::Pool* client, Instant now,
                     http::FieldLines& lines);

}  // namespace weir::gateway
