#pragma once

#include <memory>

#include "gateway/local_answer.hpp"
#include "gateway/snapshot.hpp"
#include "weir/gateway/gateway.hpp"
#include "weir/net/awaitable.hpp"
#include "weir/net/cancellation.hpp"
#include "weir/telemetry/request_record.hpp"
#include "weir/transport/server.hpp"

namespace weir::gateway {

// POST /v1/tokenize: what a chat, or a text as one user's message, would take at each target of a model, as
// far as answers have taught it, and how sure that is. No provider is asked. The record gets the client and
// the model. What it is given outlives the call.
[[nodiscard]] net::Awaitable<LocalAnswer> tokenize(Lane& lane, std::shared_ptr<const Snapshot> current,
                                                   const transport::Request& request,
                                                   net::Cancellation& cancellation,
                                                   telemetry::RequestRecord& record);

}  // namespace weir::gateway
