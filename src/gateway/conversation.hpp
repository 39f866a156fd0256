#pragma once

#include <string_view>

#include "weir/routing/conversations.hpp"
#include "weir/wire/chat_request.hpp"

namespace weir::gateway {

// Which conversation a request goes on with: what the client calls it (prompt_cache_key), else how it begins,
// through its first user message as the bytes stand. Of one client key, and of one model asked.
[[nodiscard]] routing::ConversationId conversation_of(std::string_view client, const wire::ChatRequest& chat,
                                                      std::string_view body);

}  // namespace weir::gateway
