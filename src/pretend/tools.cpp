#include "pretend/tools.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "pretend/members.hpp"
#include "pretend/reply.hpp"

namespace weir::pretend {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr int kWordsInAnArgument = 3;

std::string last_words(const std::string& text) {
  std::size_t begin = text.find_last_not_of(" \n.?!");
  const std::size_t end = begin == std::string::npos ? 0 : begin + 1;
  for (int i = 0; i < kWordsInAnArgument && begin != std::string::npos && begin > 0; ++i)
    begin = text.find_last_of(" \n", begin - 1);
  return begin == std::string::npos || begin == 0 ? text.substr(0, end)
                                                  : text.substr(begin + 1, end - begin - 1);
}

ordered_json value_for(const json& schema, const std::string& words) {
  if (const json& choices = member_of(schema, "enum"); choices.is_array() && !choices.empty())
    return ordered_json::parse(choices.front().dump());
  const std::string type = text_member(schema, "type");
  if (type == "number" || type == "integer") return 1;
  if (type == "boolean") return true;
  if (type == "array") return ordered_json::array();
  if (type == "object") return ordered_json::object();
  return words;
}

ToolCall call_of(const json& function, const std::string& text) {
  const json& parameters = member_of(function, "parameters");
  const json& properties = member_of(parameters, "properties");
  ordered_json arguments = ordered_json::object();
  for (const json& name : list_member(parameters, "required"))
    if (name.is_string())
      arguments[name.get<std::string>()] =
          value_for(member_of(properties, name.get<std::string>().c_str()), last_words(text));
  ToolCall call;
  call.name = text_member(function, "name");
  call.arguments = text_of(arguments);
  call.tokens = tokens_of(call.name.size()) + tokens_of(call.arguments.size());
  return call;
}

bool is_chosen(const json& choice, const std::string& name, bool is_first, bool is_named) {
  if (choice.is_object()) return text_member(member_of(choice, "function"), "name") == name;
  if (!choice.is_string() || choice == "auto") return is_named;
  return choice != "none" && is_first;  // required, any
}

}  // namespace

std::uint64_t tokens_of(std::size_t bytes) {
  return (bytes + 3) / 4;
}

std::string message_text(const json& message) {
  std::string text = text_member(message, "content");
  for (const json& part : list_member(message, "content")) text += text_member(part, "text");
  return text;
}

std::vector<ToolCall> planned_calls(const json& request) {
  const json& messages = list_member(request, "messages");
  if (messages.empty() || text_member(messages.back(), "role") != "user") return {};
  const std::string text = message_text(messages.back());
  const json& choice = member_of(request, "tool_choice");
  std::vector<ToolCall> named;
  std::vector<ToolCall> calls;
  for (const json& tool : list_member(request, "tools")) {
    const json& function = member_of(tool, "function");
    const std::string name = text_member(function, "name");
    if (name.empty()) continue;
    const bool is_named = text.find(name) != std::string::npos;
    if (is_named) named.push_back(call_of(function, text));
    if (is_chosen(choice, name, calls.empty(), is_named)) calls.push_back(call_of(function, text));
  }
  // Where any will do, one that is named is better than the first.
  if ((choice == "required" || choice == "any") && !named.empty()) calls = std::move(named);
  if (member_of(request, "parallel_tool_calls") == json(false) && calls.size() > 1) calls.resize(1);
  return calls;
}

}  // namespace weir::pretend
