#include "weir/wire/sse.hpp"
#include "wire/chat_facts.hpp"

namespace weir::wire {
namespace {

constexpr std::string_view kDone = "[DONE]";

bool is_done(std::string_view data) {
  const auto first = data.find_first_not_of(" \t");
  return first != std::string_view::npos && data.substr(first).starts_with(kDone) &&
         data.find_first_not_of(" \t", first + kDone.size()) == std::string_view::npos;
}

}  // namespace

EventFacts read_event(std::string_view data) {
  EventFacts facts;
  if (data.empty()) return facts;
  if (is_done(data)) {
    facts.done = true;
    return facts;
  }
  const auto chat = read_chat_facts(data);
  if (!chat) return facts;
  facts.error = chat->error;
  facts.finished = chat->finished;
  facts.commits =
      !chat->error && (chat->text_bytes > 0 || chat->calls_tool || chat->reasons || chat->finished);
  facts.usage_only = chat->has_usage && !chat->has_choices && !chat->error;
  facts.has_usage = chat->has_usage;
  facts.has_choices = chat->has_choices;
  facts.lacks_choices = !chat->has_choices && !chat->choices_empty;
  facts.choices = chat->choices;
  facts.finished_choices = chat->finished_choices;
  facts.may_need_mending = chat->lacks_head || chat->looks_odd;
  facts.text_bytes = chat->text_bytes;
  facts.usage = chat->usage;
  return facts;
}

}  // namespace weir::wire
