#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "weir/routing/planner.hpp"
#include "weir/wire/chat_request.hpp"

// tokens.overflow: truncate.
namespace weir::gateway {

struct Shortened {
  std::string body;
  std::string words;  // "6 messages, 5400 tokens", which were dropped
};

// A request that is too long for every target of the route, without its oldest turns: as few of them as make
// it fit the target that comes nearest. A turn is a user's message and all up to the user's next one, so that
// a tool call and its result stay together. System messages, and the last user's message with what follows
// it, always stay. Nothing where what may go isn't enough, or where it isn't its length that keeps the
// request from all of them.
[[nodiscard]] std::optional<Shortened> shorten(const wire::ChatRequest& chat, std::string_view body,
                                               const routing::Route& route, const routing::Ask& ask,
                                               Instant now);

}  // namespace weir::gateway
