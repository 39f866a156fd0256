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

struct Shortened {
  std::string body;
  std::size_t messages = 0;  // that were dropped
  std::uint64_t tokens = 0;  // that they are thought to come to
};

// What a request has lost so far.
struct Dropped {
  std::uint32_t cuts = 0;
  std::size_t messages = 0;
  std::uint64_t tokens = 0;

  void add(const Shortened& shorter);
  [[nodiscard]] std::string words() const;  // "6 messages, 5400 tokens", or empty
};

// A request that is too long for every target of the route, without its oldest turns: as few of them as make
// it fit the target that comes nearest. A turn is a user's message and all up to the user's next one, so that
// a tool call and its result stay together. System messages, and the last user's message with what follows
// it, always stay. What a message comes to is a guess: the result may have to be shortened once more. Nothing
// where nothing may go, or where it isn't its length that keeps the request from all of them.
[[nodiscard]] std::optional<Shortened> shorten(const wire::ChatRequest& chat, std::string_view body,
                                               const routing::Route& route, const routing::Ask& ask,
                                               Instant now);

}  // namespace weir::gateway
