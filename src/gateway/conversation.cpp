#include "gateway/conversation.hpp"

#include <cstring>
#include <string>

#include "weir/base/digest.hpp"

namespace weir::gateway {
namespace {

// With its length in front, so that no two sequences of parts become one text.
void append_part(std::string& out, std::string_view part) {
  out.append(std::to_string(part.size())).append(":").append(part);
}

}  // namespace

routing::ConversationId conversation_of(std::string_view client, const wire::ChatRequest& chat,
                                        std::string_view body) {
  const wire::Span begin = chat.prompt_cache_key.value_or(chat.opening);
  // A digest of its own: a long opening isn't copied.
  const Sha256 words = sha256(body.substr(begin.at, begin.size));
  std::string text;
  append_part(text, client);
  append_part(text, chat.model);
  text += chat.prompt_cache_key ? 'k' : 'o';
  text.append(reinterpret_cast<const char*>(words.data()), words.size());
  const Sha256 digest = sha256(text);
  routing::ConversationId id{};
  std::memcpy(id.data(), digest.data(), sizeof id);
  return id;
}

}  // namespace weir::gateway
