#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weir/routing/planner.hpp"
#include "weir/wire/chat_request.hpp"

// tokens.overflow: truncate.
namespace weir::gateway {

struct Truncated {
  std::string body;
  std::size_t messages = 0;  // that were dropped
  std::uint64_t tokens = 0;  // about so many
};

// How many tokens too long a request is for the target of the route that can take most; 0: its length isn't
// what keeps it from all of them.
struct Excess {
  const routing::Target* target = nullptr;
  std::uint64_t tokens = 0;
};
[[nodiscard]] Excess excess_of(const routing::Route& route, const routing::Ask& ask, Instant now);

// The request without its oldest turns, as few as make it that much shorter. A turn is a user's message and
// all up to the user's next one, so that a tool call and its result stay together. System messages, and the
// last user's message with what follows it, always stay. Nothing where what may go isn't enough.
[[nodiscard]] std::optional<Truncated> truncate(const wire::ChatRequest& chat, std::string_view body,
                                                const routing::Ask& ask, const Excess& excess);

}  // namespace weir::gateway
