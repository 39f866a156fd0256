#include "pretend/chat.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "pretend/manner.hpp"
#include "pretend/members.hpp"

namespace weir::pretend {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t kEchoBytes = 80;
constexpr std::size_t kResultBytes = 400;

std::optional<std::uint64_t> positive(const json& body, const char* name) {
  const json& value = member_of(body, name);
  if (!value.is_number_unsigned()) return std::nullopt;
  return value.get<std::uint64_t>();
}

bool is_true(const json& body, const char* name) {
  const json& value = member_of(body, name);
  return value.is_boolean() && value.get<bool>();
}

// At most so many bytes of it, cut between characters.
std::string echo(const std::string& text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  std::size_t end = bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + " ...";
}

std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> words;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(' ', begin + 1), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

// Some models always do; the others where they are asked for it.
bool thinks(const json& request, const std::string& model) {
  const std::string effort = text_member(request, "reasoning_effort");
  if (!effort.empty()) return effort != "none";
  return model.find("gpt-oss") != std::string::npos || model.starts_with("magistral");
}

// What is wrong with the request as OpenAI itself would see it; empty: nothing.
std::string malformed(const json& request) {
  if (!request.is_object()) return "the body is not a JSON object";
  if (!member_of(request, "model").is_string()) return "'model' is required";
  const json& messages = list_member(request, "messages");
  if (messages.empty()) return "'messages' must be a list that is not empty";
  if (!std::ranges::all_of(messages, [](const json& message) { return message.is_object(); }))
    return "each message is an object";
  return {};
}

void read_messages(const json& messages, ChatAsk& ask) {
  for (const json& message : messages) {
    const std::string text = message_text(message);
    ask.ask.prompt_tokens += 4 + tokens_of(text.size());
    const std::string role = text_member(message, "role");
    if (role == "user") ask.last_words = text;
    if (role == "tool") {
      ask.tool_results = ask.tool_results ? *ask.tool_results + ", " + text : text;
    } else {
      ask.tool_results.reset();
    }
  }
}

void read_options(const json& request, ChatAsk& ask) {
  ask.ask.max_tokens = positive(request, "max_completion_tokens");
  if (!ask.ask.max_tokens) ask.ask.max_tokens = positive(request, "max_tokens");
  ask.ask.stream = is_true(request, "stream");
  ask.include_usage = is_true(member_of(request, "stream_options"), "include_usage");
  ask.thinks = thinks(request, ask.ask.model);
  ask.calls = planned_calls(request);
}

std::string said(const ProviderSpec& spec, const ChatAsk& ask) {
  const std::string who =
      "This is " + spec.name + ", a pretend provider, answering as " + ask.ask.model + ". ";
  if (ask.tool_results) return who + "The tool said: \"" + echo(*ask.tool_results, kResultBytes) + "\".";
  return who + "You said: \"" + echo(ask.last_words, kEchoBytes) + "\".";
}

}  // namespace

Reading read_chat(const ProviderSpec& spec, std::string_view body) {
  const Faults& faults = *parts_of(spec.manner).faults;
  const json request = json::parse(body, nullptr, false);
  if (const std::string wrong = malformed(request); !wrong.empty()) return {{}, faults.malformed(wrong)};
  ChatAsk ask;
  ask.ask.model = request["model"].get<std::string>();
  if (std::ranges::find(spec.models, ask.ask.model) == spec.models.end())
    return {ask, faults.unknown_model(ask.ask.model)};
  if (const auto breaches = faults.breaches(request); !breaches.empty())
    return {ask, faults.refused(breaches)};
  read_messages(request["messages"], ask);
  if (!list_member(request, "tools").empty())
    ask.ask.prompt_tokens = std::max(ask.ask.prompt_tokens, tokens_of(body.size()));
  read_options(request, ask);
  if (ask.ask.prompt_tokens > spec.context ||
      ask.ask.max_tokens.value_or(0) > spec.context - ask.ask.prompt_tokens)
    return {ask, faults.too_long(ask.ask.prompt_tokens, spec.context)};
  return {std::move(ask), std::nullopt};
}

std::uint64_t Answer::tokens() const {
  std::uint64_t tokens = thought.size() + words.size();
  for (const ToolCall& call : calls) tokens += call.tokens;
  return tokens;
}

Answer compose(const ProviderSpec& spec, const ChatAsk& ask, std::uint64_t number, WallTime now) {
  Answer answer;
  answer.id = "chatcmpl-" + spec.name + "-" + std::to_string(number);
  answer.created = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  if (ask.thinks) answer.thought = split_words("Words were said, and words will do for an answer.");
  answer.calls = ask.calls;
  for (std::size_t i = 0; i < answer.calls.size(); ++i)
    answer.calls[i].id = parts_of(spec.manner).shape->call_id(number * 64 + i);
  if (!answer.calls.empty()) return answer;
  answer.words = split_words(said(spec, ask));
  const std::vector<std::string> filler =
      split_words(" Nobody thought about it: these words only keep the stream flowing.");
  for (std::size_t i = 0; answer.words.size() < spec.words; ++i)
    answer.words.push_back(filler[i % filler.size()]);
  const std::uint64_t most = ask.ask.max_tokens.value_or(answer.tokens());
  answer.cut = answer.tokens() > most;
  answer.thought.resize(std::min<std::size_t>(answer.thought.size(), most));
  answer.words.resize(std::min<std::size_t>(answer.words.size(), most - answer.thought.size()));
  return answer;
}

std::string models_body(const ProviderSpec& spec) {
  ordered_json list = ordered_json::array();
  for (const std::string& id : spec.models) {
    ordered_json model;
    model["id"] = id;
    model["object"] = "model";
    model["owned_by"] = spec.name;
    model[parts_of(spec.manner).shape->context_member()] = spec.context;
    list.push_back(std::move(model));
  }
  ordered_json body;
  body["object"] = "list";
  body["data"] = std::move(list);
  return text_of(body);
}

}  // namespace weir::pretend
