#include "weir/wire/answer.hpp"

#include "wire/chat_facts.hpp"

namespace weir::wire {

AnswerFacts read_answer(std::string_view body) {
  const auto chat = read_chat_facts(body);
  if (!chat) return {};
  const bool is_short = chat->lacks_head || chat->lacks_finish || chat->lacks_role || !chat->has_usage;
  return {.valid_json = true,
          .has_choices = chat->has_choices || chat->choices_empty,
          .error = chat->error,
          .text_bytes = chat->text_bytes,
          .usage = chat->usage,
          .may_need_mending = chat->has_choices && (is_short || chat->looks_odd)};
}

}  // namespace weir::wire
