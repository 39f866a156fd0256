#include "pretend/chat.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

namespace weir::pretend {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t kEchoBytes = 80;

std::string text_of(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

Reply bad_request(const std::string& message) {
  return error_reply(400, message, "invalid_request_error", "invalid_request");
}

// Text of a message: a string, or the text parts of a list.
std::string message_text(const json& message) {
  const auto content = message.find("content");
  if (content == message.end()) return {};
  if (content->is_string()) return content->get<std::string>();
  std::string text;
  if (content->is_array())
    for (const json& part : *content)
      if (part.is_object() && part.contains("text") && part["text"].is_string())
        text += part["text"].get<std::string>();
  return text;
}

std::uint64_t tokens_of(std::size_t bytes) {
  return (bytes + 3) / 4;
}

std::optional<std::uint64_t> positive(const json& body, const char* name) {
  const auto value = body.find(name);
  if (value == body.end() || !value->is_number_unsigned()) return std::nullopt;
  return value->get<std::uint64_t>();
}

bool is_true(const json& body, const char* name) {
  const auto value = body.find(name);
  return value != body.end() && value->is_boolean() && value->get<bool>();
}

// At most kEchoBytes of it, cut between characters.
std::string echo(const std::string& text) {
  if (text.size() <= kEchoBytes) return text;
  std::size_t end = kEchoBytes;
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

ordered_json usage_of(const ChatAsk& ask, const Answer& answer) {
  ordered_json usage;
  usage["prompt_tokens"] = ask.ask.prompt_tokens;
  usage["completion_tokens"] = answer.words.size();
  usage["total_tokens"] = ask.ask.prompt_tokens + answer.words.size();
  return usage;
}

ordered_json envelope(const ChatAsk& ask, const Answer& answer, const char* object) {
  ordered_json body;
  body["id"] = answer.id;
  body["object"] = object;
  body["created"] = answer.created;
  body["model"] = ask.ask.model;
  return body;
}

ordered_json chunk(const ChatAsk& ask, const Answer& answer, ordered_json delta, ordered_json finish_reason) {
  ordered_json choice;
  choice["index"] = 0;
  choice["delta"] = std::move(delta);
  choice["finish_reason"] = std::move(finish_reason);
  ordered_json body = envelope(ask, answer, "chat.completion.chunk");
  body["choices"] = ordered_json::array({std::move(choice)});
  return body;
}

std::string event_of(const ordered_json& body) {
  return "data: " + text_of(body) + "\n\n";
}

}  // namespace

std::variant<ChatAsk, Reply> read_chat(const ProviderSpec& spec, std::string_view body) {
  const json request = json::parse(body, nullptr, false);
  if (!request.is_object()) return bad_request("the body is not a JSON object");
  const auto model = request.find("model");
  if (model == request.end() || !model->is_string()) return bad_request("'model' is required");
  const auto messages = request.find("messages");
  if (messages == request.end() || !messages->is_array() || messages->empty())
    return bad_request("'messages' must be a list that is not empty");
  ChatAsk ask;
  ask.ask.model = model->get<std::string>();
  if (std::ranges::find(spec.models, ask.ask.model) == spec.models.end())
    return error_reply(404,
                       "The model `" + ask.ask.model + "` does not exist or you do not have access to it.",
                       "invalid_request_error", "model_not_found");
  for (const json& message : *messages) {
    if (!message.is_object()) return bad_request("each message is an object");
    const std::string text = message_text(message);
    ask.ask.prompt_tokens += 4 + tokens_of(text.size());
    if (message.value("role", json()) == "user") ask.last_words = text;
  }
  if (const auto tools = request.find("tools"); tools != request.end() && !tools->empty())
    ask.ask.prompt_tokens = std::max(ask.ask.prompt_tokens, tokens_of(body.size()));
  ask.ask.max_tokens = positive(request, "max_completion_tokens");
  if (!ask.ask.max_tokens) ask.ask.max_tokens = positive(request, "max_tokens");
  if (ask.ask.prompt_tokens > spec.context ||
      ask.ask.max_tokens.value_or(0) > spec.context - ask.ask.prompt_tokens)
    return error_reply(400, "Please reduce the length of the messages or completion.",
                       "invalid_request_error", "context_length_exceeded");
  ask.stream = is_true(request, "stream");
  if (const auto options = request.find("stream_options"); options != request.end() && options->is_object())
    ask.include_usage = is_true(*options, "include_usage");
  return ask;
}

Answer compose(const ProviderSpec& spec, const ChatAsk& ask, std::uint64_t number, WallTime now) {
  Answer answer;
  answer.id = "chatcmpl-" + spec.name + "-" + std::to_string(number);
  answer.created = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  std::vector<std::string> words =
      split_words("This is " + spec.name + ", a pretend provider, answering as " + ask.ask.model +
                  ". You said: \"" + echo(ask.last_words) + "\".");
  const std::vector<std::string> filler =
      split_words(" Nobody thought about it: these words only keep the stream flowing.");
  for (std::size_t i = 0; words.size() < spec.words; ++i) words.push_back(filler[i % filler.size()]);
  const std::uint64_t most = ask.ask.max_tokens.value_or(spec.words);
  answer.cut = words.size() > most;
  words.resize(std::min<std::size_t>(words.size(), most));
  answer.words = std::move(words);
  return answer;
}

std::string answer_body(const ProviderSpec& spec, const ChatAsk& ask, const Answer& answer) {
  std::string text;
  for (const std::string& word : answer.words) text += word;
  ordered_json choice;
  choice["index"] = 0;
  choice["message"]["role"] = "assistant";
  choice["message"]["content"] = text;
  choice["finish_reason"] = answer.cut ? "length" : "stop";
  ordered_json body = envelope(ask, answer, "chat.completion");
  body["choices"] = ordered_json::array({std::move(choice)});
  body["usage"] = usage_of(ask, answer);
  if (spec.manner == Manner::groq) body["x_groq"]["id"] = answer.id;
  return text_of(body);
}

std::string opening_events(const ProviderSpec& spec, const ChatAsk& ask, const Answer& answer) {
  ordered_json delta;
  delta["role"] = "assistant";
  delta["content"] = "";
  ordered_json first = chunk(ask, answer, std::move(delta), nullptr);
  if (spec.manner == Manner::groq) first["x_groq"]["id"] = answer.id;
  const std::string comment = spec.manner == Manner::openrouter ? ": OPENROUTER PROCESSING\n\n" : "";
  return comment + event_of(first);
}

std::string word_event(const ChatAsk& ask, const Answer& answer, const std::string& word) {
  ordered_json delta;
  delta["content"] = word;
  return event_of(chunk(ask, answer, std::move(delta), nullptr));
}

std::string closing_events(const ProviderSpec& spec, const ChatAsk& ask, const Answer& answer) {
  ordered_json last = chunk(ask, answer, ordered_json::object(), answer.cut ? "length" : "stop");
  // Groq's finish chunk itself carries usage, in its own place always and in OpenAI's where it was asked for.
  if (spec.manner == Manner::groq) {
    last["x_groq"]["id"] = answer.id;
    last["x_groq"]["usage"] = usage_of(ask, answer);
    if (ask.include_usage) last["usage"] = usage_of(ask, answer);
    return event_of(last) + "data: [DONE]\n\n";
  }
  std::string events = event_of(last);
  if (spec.manner == Manner::openrouter || ask.include_usage) {
    ordered_json usage = envelope(ask, answer, "chat.completion.chunk");
    usage["choices"] = ordered_json::array();
    usage["usage"] = usage_of(ask, answer);
    events += event_of(usage);
  }
  return events + "data: [DONE]\n\n";
}

std::string models_body(const ProviderSpec& spec) {
  ordered_json list = ordered_json::array();
  for (const std::string& id : spec.models) {
    ordered_json model;
    model["id"] = id;
    model["object"] = "model";
    model["owned_by"] = spec.name;
    model[spec.manner == Manner::groq ? "context_window" : "context_length"] = spec.context;
    list.push_back(std::move(model));
  }
  ordered_json body;
  body["object"] = "list";
  body["data"] = std::move(list);
  return text_of(body);
}

}  // namespace weir::pretend
