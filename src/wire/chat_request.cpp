#include "weir/wire/chat_request.hpp"

#include <algorithm>
#include <utility>

#include "weir/base/json_text.hpp"
#include "weir/wire/names.hpp"
#include "wire/json_reader.hpp"
#include "wire/json_scalar.hpp"

namespace weir::wire {
namespace {

using Kind = JsonReader::Kind;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kLongestEcho = 64;  // of a client's own key in our message
// Of one request: many times what the APIs know. Each is remembered and compared with the others.
constexpr std::size_t kMostMembers = 1000;
constexpr std::string_view kIncludeUsage = R"("include_usage":true)";
constexpr std::string_view kWithUsage = R"({"include_usage":true})";

ReadFailure failure(std::string param, std::string message) {
  return {Error{ErrorKind::invalid_request, std::move(message)}, std::move(param)};
}

// "line 3, column 14", as editors count: from 1, columns in bytes.
std::string place(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  const auto line = 1 + std::ranges::count(before, '\n');
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return "line " + std::to_string(line) + ", column " + std::to_string(at - line_begin + 1);
}

// One request on its way into a ChatRequest. A refusal ends the reading, as a flaw in the JSON does.
class RequestReader {
 public:
  RequestReader(std::string_view body, ChatRequest& request) : body_(body), json_(body), request_(request) {}

  std::optional<ReadFailure> read();

 private:
  void member();
  void model();
  void messages();
  void message();
  void role(std::string_view value);
  void note(std::string_view key);  // of a message
  void set(MessageTrait trait) { request_.message_traits |= static_cast<MessageTraits>(trait); }
  void content_parts();
  void text(std::string_view text, bool is_json) {
    if (!text.empty()) request_.texts.push_back({{json_.offset_of(text), text.size()}, is_json});
  }
  void stream();
  void stream_options();
  void token_limit(std::optional<std::uint64_t>& limit);
  void choices();
  void tools();
  void functions();
  void response_format();
  void prompt_cache_key();

  void remember_key();
  [[nodiscard]] std::optional<ReadFailure> twice() const;
  [[nodiscard]] ReadFailure not_json() const;
  // A value that was read well and is wrong: where the JSON has failed, that is what is told.
  void refuse(std::string_view param, std::string_view rule);

  std::string_view body_;
  JsonReader json_;
  ChatRequest& request_;
  bool has_model_ = false;
  bool has_messages_ = false;
  bool has_user_ = false;  // a message of that role
  std::optional<std::uint64_t> max_completion_tokens_;
  std::optional<std::uint64_t> max_tokens_;
  std::optional<ReadFailure> refused_;
};

std::optional<ReadFailure> RequestReader::read() {
  if (body_.starts_with(kByteOrderMark)) {
    return failure("", "the request body begins with a byte order mark; send UTF-8 without one");
  }
  if (json_.ok() && json_.kind() != Kind::object)
    return failure("", "the request body must be a JSON object");
  json_.enter();
  request_.first_member = json_.behind();
  request_.members.reserve(16);
  request_.texts.reserve(8);
  while (!refused_ && json_.next_member()) {
    if (request_.members.size() == kMostMembers)
      return failure("", "the request has more than " + std::to_string(kMostMembers) + " members");
    remember_key();
    member();
    Member& taken = request_.members.back();
    taken.value.size = json_.behind() - taken.value.at;
    taken.whole.size = json_.behind() - taken.whole.at;
  }
  if (refused_) return refused_;
  if (!json_.finish()) return not_json();
  if (auto found = twice()) return found;
  if (!has_model_) return failure("model", "model is missing: name the model to ask");
  if (!has_messages_) return failure("messages", "messages is missing: an array of at least one message");
  request_.members.shrink_to_fit();  // they are kept until its answer begins
  request_.texts.shrink_to_fit();
  request_.uses_images = request_.media > 0;
  request_.max_tokens = max_completion_tokens_ ? max_completion_tokens_ : max_tokens_;
  request_.limits_differ = max_completion_tokens_ && max_tokens_ && max_completion_tokens_ != max_tokens_;
  return std::nullopt;
}

void RequestReader::member() {
  const std::string_view key = json_.key();
  if (key == "messages") return messages();
  if (key == "model") return model();
  if (key == "stream") return stream();
  if (key == "stream_options") return stream_options();
  if (key == "max_completion_tokens") return token_limit(max_completion_tokens_);
  if (key == "max_tokens") return token_limit(max_tokens_);
  if (key == "n") return choices();
  if (key == "tools") return tools();
  if (key == "functions") return functions();
  if (key == "response_format") return response_format();
  if (key == "prompt_cache_key") return prompt_cache_key();
  json_.skip();
}

void RequestReader::model() {
  has_model_ = true;
  request_.model_value.at = json_.offset();
  auto name = json_.take_string();
  request_.model_value.size = json_.behind() - request_.model_value.at;
  if (!name || name->empty()) return refuse("model", "must be a string that is not empty");
  if (name->size() > kMaxModelName) return refuse("model", "must not be longer than 256 bytes");
  request_.model = std::move(*name);
}

void RequestReader::messages() {
  has_messages_ = true;
  constexpr std::string_view kRule = "must be an array of at least one message object";
  if (json_.kind() != Kind::array) return refuse("messages", kRule);
  request_.opening.at = json_.offset();
  json_.enter();
  while (json_.next_element()) {
    if (json_.kind() != Kind::object) return refuse("messages", kRule);
    ++request_.messages;
    message();
    if (has_user_ && request_.opening.size == 0) request_.opening.size = json_.behind() - request_.opening.at;
  }
  if (!has_user_) request_.opening.size = json_.behind() - request_.opening.at;
  if (request_.messages == 0) refuse("messages", kRule);
}

void RequestReader::message() {
  json_.enter();
  while (json_.next_member()) {
    const std::string_view key = json_.key();
    if (key == "role") {
      role(json_.skip());
      continue;
    }
    note(key);
    if (key == "content" && json_.kind() == Kind::array)
      content_parts();
    else if (key == "tool_calls" || (key == "function_call" && json_.kind() == Kind::object))
      text(json_.skip(), true);
    else if (json_.kind() == Kind::string)
      text(inside(json_.skip()), false);
    else
      json_.skip();
  }
}

void RequestReader::role(std::string_view value) {
  if (value == R"("system")") set(MessageTrait::system_role);
  if (value == R"("developer")") set(MessageTrait::developer_role);
  if (value == R"("user")") has_user_ = true;
}

void RequestReader::note(std::string_view key) {
  if (key == "content") return;
  if (key == "tool_calls" || key == "tool_call_id")
    set(MessageTrait::tools);
  else if (key == "name")
    set(MessageTrait::name);
  else if (key == "reasoning_content" || key == "reasoning")
    set(MessageTrait::reasoning);
  else
    set(MessageTrait::other);
}

void RequestReader::content_parts() {
  json_.enter();
  while (json_.next_element()) {
    if (json_.kind() != Kind::object) {
      json_.skip();
      continue;
    }
    json_.enter();
    while (json_.next_member()) {
      const std::string_view key = json_.key();
      if (key == "text" && json_.kind() == Kind::string) {
        text(inside(json_.skip()), false);
      } else if (key == "type") {
        const auto type = json_.take_string();
        if (type == "image_url" || type == "input_audio") ++request_.media;
        if (type != "text") request_.uses_more_than_text = true;
      } else {
        json_.skip();
      }
    }
  }
}

void RequestReader::stream() {
  const Kind kind = json_.kind();
  request_.stream = json_.skip() == "true";
  if (kind != Kind::boolean && kind != Kind::null) refuse("stream", "must be true or false");
}

void RequestReader::stream_options() {
  const std::size_t begin = json_.offset();
  const Kind kind = json_.kind();
  if (kind != Kind::object) {
    json_.skip();
    if (kind != Kind::null) return refuse("stream_options", "must be an object");
  } else {
    json_.enter();
    while (json_.next_member()) {
      if (json_.key() != "include_usage") {
        json_.skip();
        continue;
      }
      if (request_.include_usage) return refuse("stream_options", "has include_usage twice");
      const Span value{json_.offset(), 0};
      const Kind value_kind = json_.kind();
      request_.asks_for_usage = json_.skip() == "true";
      request_.include_usage = Span{value.at, json_.behind() - value.at};
      if (value_kind != Kind::boolean && value_kind != Kind::null) {
        return refuse("stream_options", "must have true or false for include_usage");
      }
    }
  }
  request_.stream_options = Span{begin, json_.behind() - begin};
}

void RequestReader::token_limit(std::optional<std::uint64_t>& limit) {
  const Kind kind = json_.kind();
  const std::string key(json_.key());
  const std::string_view number = json_.skip();
  if (kind == Kind::null) return;
  if (kind == Kind::number) limit = whole_number(number);
  if (!limit) refuse(key, "must be a whole number of tokens");
}

// A wrong one is the provider's to refuse.
void RequestReader::choices() {
  const bool is_number = json_.kind() == Kind::number;
  const std::string_view number = json_.skip();
  if (is_number)
    request_.choices = std::clamp(whole_number(number).value_or(1), std::uint64_t{1}, kMaxChoices);
}

void RequestReader::tools() {
  const bool is_array = json_.kind() == Kind::array;
  const std::string_view value = json_.skip();
  request_.uses_tools = is_array && inside(value).find_first_not_of(" \t\r\n") != std::string_view::npos;
  if (request_.uses_tools) text(value, true);
}

// What tools were before they had types.
void RequestReader::functions() {
  const bool is_array = json_.kind() == Kind::array;
  const std::string_view value = json_.skip();
  if (is_array) text(value, true);
}

// A schema may be longer than all messages, and is put before the model like these.
void RequestReader::response_format() {
  if (json_.kind() != Kind::object) {
    json_.skip();
    return;
  }
  json_.enter();
  while (json_.next_member()) {
    const std::string_view key = json_.key();
    if (key == "json_schema" && json_.kind() == Kind::object) {
      text(json_.skip(), true);
    } else if (key == "type") {
      const auto type = json_.take_string();
      request_.needs_json_schema = type == "json_schema";
      request_.uses_json_schema = request_.needs_json_schema || type == "json_object";
    } else {
      json_.skip();
    }
  }
}

void RequestReader::prompt_cache_key() {
  const bool is_string = json_.kind() == Kind::string;
  const Span value{json_.offset(), json_.skip().size()};
  if (is_string && value.size > 2) request_.prompt_cache_key = value;
}

void RequestReader::remember_key() {
  const std::string_view name = json_.raw_key();
  const auto begin = static_cast<std::size_t>(name.data() - body_.data()) - 1;
  request_.members.push_back({name, {begin, 0}, {json_.offset(), 0}});
}

std::optional<ReadFailure> RequestReader::twice() const {
  const std::optional<std::string> found = name_given_twice(request_.members);
  if (!found) return std::nullopt;
  std::size_t size = std::min(found->size(), kLongestEcho);
  while (size > 0 && size < found->size() && (static_cast<unsigned char>((*found)[size]) & 0xC0U) == 0x80U)
    --size;
  const std::string key = found->substr(0, size);
  return failure(key, "\"" + key + "\" stands twice in the request");
}

ReadFailure RequestReader::not_json() const {
  const JsonFlaw& flaw = *json_.flaw();
  return failure(
      "", "the request body is not valid JSON: " + std::string(flaw.reason) + " at " + place(body_, flaw.at));
}

void RequestReader::refuse(std::string_view param, std::string_view rule) {
  if (json_.ok()) refused_ = failure(std::string(param), std::string(param) + " " + std::string(rule));
}

// The edit that makes a request ask for usage: stream_options, or one more member in those that are there.
Edit usage_edit(const ChatRequest& request, std::string_view body) {
  if (!request.stream_options) {
    // The request has a model at least, so a member follows the comma.
    return {{request.first_member, 0}, R"("stream_options":)" + std::string(kWithUsage) + ","};
  }
  if (request.include_usage) return {*request.include_usage, "true"};
  const Span options = *request.stream_options;
  if (body[options.at] != '{') return {options, std::string(kWithUsage)};  // null
  const bool is_empty = body[body.find_first_not_of(" \t\r\n", options.at + 1)] == '}';
  return {{options.at + 1, 0}, std::string(kIncludeUsage) + (is_empty ? "" : ",")};
}

}  // namespace

std::optional<ReadFailure> read_chat_request(std::string_view body, ChatRequest& request) {
  request = {};
  return RequestReader(body, request).read();
}

std::string text_of(const PromptText& text, std::string_view body) {
  const std::string_view raw = body.substr(text.at.at, text.at.size);
  return text.is_json ? std::string(raw) : unescape_leniently(raw);
}

std::vector<Edit> edits_for(const ChatRequest& request, std::string_view body,
                            std::string_view upstream_model, bool ask_for_usage) {
  std::vector<Edit> edits;
  std::string model;
  append_json_string(model, upstream_model);
  if (model != body.substr(request.model_value.at, request.model_value.size)) {
    edits.push_back({request.model_value, std::move(model)});
  }
  if (ask_for_usage && request.stream && !request.asks_for_usage) edits.push_back(usage_edit(request, body));
  put_in_order(edits);
  return edits;
}

}  // namespace weir::wire
