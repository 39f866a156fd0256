#include "weir/wire/messages.hpp"

#include <algorithm>

#include "wire/json_reader.hpp"

namespace weir::wire {
namespace {

Role role_named(std::string_view name) {
  if (name == "system" || name == "developer") return Role::system;
  if (name == "user") return Role::user;
  if (name == "assistant") return Role::assistant;
  return name == "tool" || name == "function" ? Role::tool : Role::other;
}

}  // namespace

std::vector<Message> messages_of(const ChatRequest& request, std::string_view body) {
  const auto member =
      std::ranges::find(request.members, request.opening.at, [](const Member& m) { return m.value.at; });
  if (member == request.members.end()) return {};
  const std::size_t begin = member->value.at;
  std::vector<Message> messages;
  messages.reserve(request.messages);
  JsonReader json(body.substr(begin, member->value.size));
  json.enter();
  while (json.next_element()) {
    Message message{.at = {begin + json.offset(), 0}};
    json.enter();
    while (json.next_member()) {
      if (json.key() == "role")
        message.role = role_named(json.take_string().value_or(""));
      else
        json.skip();
    }
    message.at.size = begin + json.behind() - message.at.at;
    messages.push_back(message);
  }
  std::size_t text = 0;
  const auto is_before = [&](std::size_t at) {
    return text < request.texts.size() && request.texts[text].at.at < at;
  };
  for (Message& message : messages) {
    while (is_before(message.at.at)) ++text;
    message.first_text = text;
    while (is_before(message.at.end())) ++text;
    message.texts = text - message.first_text;
  }
  return messages;
}

}  // namespace weir::wire
