#include "gateway/conversation.hpp"

#include "weir/base/fingerprint.hpp"

namespace weir::gateway {

routing::ConversationId conversation_of(std::string_view client, const wire::ChatRequest& chat,
                                        std::string_view body) {
  const wire::Span begin = chat.prompt_cache_key.value_or(chat.opening);
  return fingerprint(
      {client, chat.model, chat.prompt_cache_key ? "k" : "o", body.substr(begin.at, begin.size)});
}

}  // namespace weir::gateway
