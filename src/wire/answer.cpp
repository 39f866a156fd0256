#include "weir/wire/answer.hpp"

#include "wire/chat_facts.hpp"

namespace weir::wire {

AnswerFacts read_answer(std::string_view body) {
  const auto chat = read_chat_facts(body);
  if (!chat) return {};
  return {.valid_json = true, .error = chat->error, .text_bytes = chat->text_bytes, .usage = chat->usage};
}

}  // namespace weir::wire
