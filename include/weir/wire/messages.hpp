#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "weir/wire/chat_request.hpp"

// The messages of a request, one by one: for who must leave some out.
namespace weir::wire {

enum class Role : std::uint8_t { system, user, assistant, tool, other };  // a developer counts as system

struct Message {
  Span at;  // of the object
  Role role = Role::other;
  std::size_t first_text = 0;  // of request.texts
  std::size_t texts = 0;
};

// Of a request that read_chat_request() has read from this body, in order.
[[nodiscard]] std::vector<Message> messages_of(const ChatRequest& request, std::string_view body);

}  // namespace weir::wire
