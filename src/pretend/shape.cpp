#include "pretend/shape.hpp"

#include <utility>

namespace weir::pretend {
namespace {

using Json = Shape::Json;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += word;
  return text;
}

std::string finish_reason(const Answer& answer) {
  if (answer.cut) return "length";
  return answer.calls.empty() ? "stop" : "tool_calls";
}

Json envelope(const ChatAsk& ask, const Answer& answer, const char* object) {
  Json body;
  body["id"] = answer.id;
  body["object"] = object;
  body["created"] = answer.created;
  body["model"] = ask.ask.model;
  return body;
}

std::string event_of(const Json& body) {
  return "data: " + text_of(body) + "\n\n";
}

}  // namespace

std::string made_up_id(std::uint64_t number, std::size_t length, std::string_view alphabet) {
  std::string id;
  std::uint64_t state = number;
  while (id.size() < length) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    id += alphabet[(state >> 33U) % alphabet.size()];
  }
  return id;
}

std::string Shape::call_id(std::uint64_t number) const {
  return "call_" + made_up_id(number, 24, kLettersAndDigits);
}

std::string Shape::whole(const ChatAsk& ask, const Answer& answer) const {
  Json choice;
  choice["index"] = 0;
  choice["message"] = message(answer);
  choice["finish_reason"] = finish_reason(answer);
  Json body = envelope(ask, answer, "chat.completion");
  body["choices"] = Json::array({std::move(choice)});
  body["usage"] = usage(ask, answer, answer.tokens());
  add_to_whole(body, ask, answer);
  return text_of(body);
}

std::vector<Event> Shape::stream(const ChatAsk& ask, const Answer& answer) const {
  std::vector<Delta> pieces = deltas(answer);
  std::vector<Event> events;
  Place place;
  for (Delta& piece : pieces) {
    place.first = events.empty();
    place.last = events.size() + 1 == pieces.size();
    place.written += piece.tokens;
    Json choice;
    choice["index"] = 0;
    choice["delta"] = std::move(piece.message);
    choice["finish_reason"] = place.last ? Json(finish_reason(answer)) : Json(nullptr);
    Json chunk = envelope(ask, answer, "chat.completion.chunk");
    chunk["choices"] = Json::array({std::move(choice)});
    add_to_chunk(chunk, place, ask, answer);
    events.push_back({event_of(chunk), piece.tokens});
  }
  if (has_usage_chunk(ask)) {
    Json chunk = envelope(ask, answer, "chat.completion.chunk");
    chunk["choices"] = Json::array();
    chunk["usage"] = usage(ask, answer, place.written);
    events.push_back({event_of(chunk), 0});
  }
  events.push_back({"data: [DONE]\n\n", 0});
  events.front().text.insert(0, opening_comment());
  return events;
}

Json Shape::message(const Answer& answer) const {
  Json message;
  message["role"] = "assistant";
  message["content"] = answer.calls.empty() ? Json(joined(answer.words)) : Json(nullptr);
  if (!answer.thought.empty() && !thought_member().empty())
    message[thought_member()] = joined(answer.thought);
  for (std::size_t i = 0; i < answer.calls.size(); ++i) message["tool_calls"].push_back(tool_call(answer, i));
  return message;
}

Json Shape::tool_call(const Answer& answer, std::size_t i) const {
  const ToolCall& made = answer.calls[i];
  Json call;
  call["id"] = made.id;
  call["type"] = "function";
  call["function"]["name"] = made.name;
  call["function"]["arguments"] = made.arguments;
  return call;
}

std::vector<Shape::Delta> Shape::deltas(const Answer& answer) const {
  std::vector<Delta> deltas;
  const bool shows_thought = !thought_member().empty();
  deltas.push_back({{{"role", "assistant"}, {"content", ""}}, shows_thought ? 0 : answer.thought.size()});
  for (const std::string& word : answer.thought)
    if (shows_thought) deltas.push_back({{{thought_member(), word}}, 1});
  for (const std::string& word : answer.words) deltas.push_back({{{"content", word}}, 1});
  for (Delta& delta : call_deltas(answer)) deltas.push_back(std::move(delta));
  deltas.push_back({Json::object(), 0});
  return deltas;
}

// Whole, each in one delta.
std::vector<Shape::Delta> Shape::call_deltas(const Answer& answer) const {
  std::vector<Delta> deltas;
  for (std::size_t i = 0; i < answer.calls.size(); ++i) {
    Json call = tool_call(answer, i);
    call["index"] = i;
    Json message;
    message["tool_calls"] = Json::array({std::move(call)});
    deltas.push_back({std::move(message), answer.calls[i].tokens});
  }
  return deltas;
}

Json Shape::usage(const ChatAsk& ask, const Answer& answer, std::uint64_t written) const {
  Json usage;
  usage["prompt_tokens"] = ask.ask.prompt_tokens;
  usage["completion_tokens"] = written;
  usage["total_tokens"] = ask.ask.prompt_tokens + written;
  if (!answer.thought.empty()) usage["completion_tokens_details"]["reasoning_tokens"] = answer.thought.size();
  return usage;
}

}  // namespace weir::pretend
