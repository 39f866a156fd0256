#pragma once

#include "gateway/refusal.hpp"
#include "gateway/snapshot.hpp"
#include "weir/http/head.hpp"
#include "weir/routing/needs.hpp"
#include "weir/wire/chat_request.hpp"

namespace weir::gateway {

// What the request asks of a target by its content, and the client by x-weir-no-training and x-weir-provider.
// Refuses the name of a provider that isn't in use.
[[nodiscard]] Refused read_needs(const Snapshot& snapshot, const http::Fields& fields,
                                 const wire::ChatRequest& chat, routing::Needs& needs);

}  // namespace weir::gateway
