#include "wire/chat_facts.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include "wire/json_reader.hpp"
#include "wire/json_scalar.hpp"

namespace weir::wire {
namespace {

using Kind = JsonReader::Kind;

constexpr std::uint64_t kMostTokens = std::uint64_t{1} << 40U;
constexpr std::uint64_t kLastBit = 15;  // of the choices'

class FactReader {
 public:
  explicit FactReader(std::string_view text) : json_(text) {}

  std::optional<ChatFacts> read();
  [[nodiscard]] bool is_utf8() const { return json_.is_utf8(); }

 private:
  void completion();
  void choices();
  void choice(std::uint64_t position);
  void message();
  void text();
  void tool_calls();
  void tool_call();
  void function();
  void error();
  [[nodiscard]] bool finish_reason();
  void groq();
  void usage(std::optional<Usage>& usage);
  void tokens(std::optional<std::uint64_t>& count);
  void cached_tokens(Usage& usage);
  bool enter_object();  // or skips what isn't one

  JsonReader json_;
  ChatFacts facts_;
  std::optional<Usage> groq_usage_;
};

std::optional<ChatFacts> FactReader::read() {
  if (json_.kind() == Kind::array) {  // Google wraps its errors so
    json_.enter();
    while (json_.next_element()) completion();
  } else {
    completion();
  }
  if (!json_.finish()) return std::nullopt;
  // Groq says the same usage twice in one chunk where it was asked for.
  if (!facts_.usage) facts_.usage = groq_usage_;
  return facts_;
}

void FactReader::completion() {
  if (!enter_object()) return;
  unsigned heads = 0;  // how many of id, object, created and model are there
  while (json_.next_member()) {
    const std::string_view key = json_.key();
    if (key == "choices") {
      choices();
    } else if (key == "usage") {
      facts_.has_usage = json_.kind() == Kind::object;
      usage(facts_.usage);
    } else if (key == "error") {
      error();
    } else if (key == "x_groq") {
      groq();
    } else if (key == "object") {
      if (json_.kind() != Kind::null) ++heads;
      if (json_.skip() == R"("error")") facts_.error = true;
    } else {
      if (json_.kind() != Kind::null && (key == "id" || key == "created" || key == "model")) ++heads;
      json_.skip();
    }
  }
  facts_.lacks_head = heads < 4 && (facts_.has_choices || facts_.choices_empty);
}

void FactReader::choices() {
  if (json_.kind() != Kind::array) {
    json_.skip();
    return;
  }
  json_.enter();
  for (std::uint64_t position = 0; json_.next_element(); ++position) {
    facts_.has_choices = true;
    choice(position);
  }
  facts_.choices_empty = !facts_.has_choices;
}

void FactReader::choice(std::uint64_t position) {
  if (!enter_object()) return;
  bool finishes = false;
  std::uint64_t index = position;
  while (json_.next_member()) {
    const std::string_view key = json_.key();
    if (key == "delta" || key == "message")
      message();
    else if (key == "finish_reason")
      finishes = finish_reason();
    else if (key == "error")
      error();
    else if (key == "text")
      text();
    else if (key == "index")
      index = whole_number(json_.skip()).value_or(position);
    else
      json_.skip();
  }
  const auto bit = static_cast<std::uint16_t>(1U << std::min(index, kLastBit));
  facts_.choices |= bit;
  if (finishes) facts_.finished_choices |= bit;
  facts_.lacks_finish = facts_.lacks_finish || !finishes;
}

void FactReader::message() {
  if (!enter_object()) return;
  bool has_role = false;
  while (json_.next_member()) {
    const std::string_view key = json_.key();
    if (key == "role") {
      has_role = json_.kind() != Kind::null;
      json_.skip();
    } else if (key == "content") {
      facts_.looks_odd = facts_.looks_odd || json_.kind() == Kind::array;
      text();
    } else if (key == "reasoning_content" || key == "refusal") {
      text();
    } else if (key == "reasoning") {
      facts_.looks_odd = facts_.looks_odd || json_.kind() == Kind::string;
      text();
    } else if (key == "tool_calls") {
      tool_calls();
    } else if (key == "function_call") {  // the form before tool_calls
      facts_.calls_tool = facts_.calls_tool || json_.kind() == Kind::object;
      function();
    } else if (key == "reasoning_details") {
      const bool is_array = json_.kind() == Kind::array;
      if (is_array && inside(json_.skip()).find('{') != std::string_view::npos)
        facts_.reasons = true;
      else if (!is_array)
        json_.skip();
    } else {
      json_.skip();
    }
  }
  facts_.lacks_role = facts_.lacks_role || !has_role;
}

// A string, or an array of parts that have one: {"type":"text","text":...},
// {"type":"thinking","thinking":[...]}.
void FactReader::text() {
  switch (json_.kind()) {
    case Kind::string:
      facts_.text_bytes += unescaped_size(inside(json_.skip()));
      break;
    case Kind::array:
      json_.enter();
      while (json_.next_element()) text();
      break;
    case Kind::object:
      json_.enter();
      while (json_.next_member()) {
        if (json_.key() == "text" || json_.key() == "thinking")
          text();
        else
          json_.skip();
      }
      break;
    default:
      json_.skip();
  }
}

void FactReader::tool_calls() {
  if (json_.kind() != Kind::array) {
    json_.skip();
    return;
  }
  json_.enter();
  while (json_.next_element()) {
    facts_.calls_tool = true;
    tool_call();
  }
}

// All but the pieces of arguments that follow a call's first delta look odd: which call begins where must be
// known before it can be said what one lacks.
void FactReader::tool_call() {
  if (!enter_object()) return;
  bool has_index = false;
  while (json_.next_member()) {
    const std::string_view key = json_.key();
    if (key == "function") {
      function();
      continue;
    }
    if (key == "index")
      has_index = json_.kind() == Kind::number;
    else if (key == "id")
      facts_.looks_odd = facts_.looks_odd || json_.kind() != Kind::null;
    json_.skip();
  }
  facts_.looks_odd = facts_.looks_odd || !has_index;
}

void FactReader::function() {
  if (!enter_object()) return;
  while (json_.next_member()) {
    const std::string_view key = json_.key();
    if (key == "arguments") {
      text();
      continue;
    }
    if (key == "name") facts_.looks_odd = facts_.looks_odd || json_.kind() == Kind::string;
    json_.skip();
  }
}

// An error object or text. null, false and "" are how some say that there is none.
void FactReader::error() {
  const std::string_view value = json_.skip();
  if (!value.empty() && value != "null" && value != "false" && value != "\"\"") facts_.error = true;
}

// Whether there is one.
bool FactReader::finish_reason() {
  const bool is_null = json_.kind() == Kind::null;
  const auto reason = json_.take_string();
  if (!reason) return !is_null;
  if (reason->empty()) return false;
  if (*reason == "error")
    facts_.error = true;
  else
    facts_.finished = true;
  facts_.looks_odd = facts_.looks_odd || known_finish_reason(*reason);
  return true;
}

void FactReader::groq() {
  if (!enter_object()) return;
  while (json_.next_member()) {
    if (json_.key() == "usage")
      usage(groq_usage_);
    else if (json_.key() == "error")
      error();
    else
      json_.skip();
  }
}

void FactReader::usage(std::optional<Usage>& usage) {
  if (!enter_object()) return;
  Usage said;
  while (json_.next_member()) {
    const std::string_view key = json_.key();
    if (key == "prompt_tokens")
      tokens(said.prompt_tokens);
    else if (key == "completion_tokens")
      tokens(said.completion_tokens);
    else if (key == "total_tokens")
      tokens(said.total_tokens);
    else if (key == "prompt_tokens_details")
      cached_tokens(said);
    else if (key == "prompt_cache_hit_tokens")
      tokens(said.cached_tokens);  // DeepSeek
    else
      json_.skip();
  }
  if (said.prompt_tokens || said.completion_tokens || said.total_tokens) usage = said;
}

void FactReader::tokens(std::optional<std::uint64_t>& count) {
  const bool is_number = json_.kind() == Kind::number;
  const std::string_view value = json_.skip();
  if (!is_number) return;
  const auto number = whole_number(value);
  if (number && *number <= kMostTokens) count = number;
}

void FactReader::cached_tokens(Usage& usage) {
  if (!enter_object()) return;
  while (json_.next_member()) {
    if (json_.key() == "cached_tokens")
      tokens(usage.cached_tokens);
    else
      json_.skip();
  }
}

bool FactReader::enter_object() {
  const bool is_object = json_.kind() == Kind::object;
  if (is_object)
    json_.enter();
  else
    json_.skip();
  return is_object;
}

}  // namespace

std::optional<ChatFacts> read_chat_facts(std::string_view text) {
  {
    FactReader reader(text);
    auto facts = reader.read();
    if (facts || reader.is_utf8()) return facts;
  }
  // Only sizes and ASCII words matter here, so the bytes in question may be any letter.
  const std::string ascii = ascii_of(text);
  return FactReader(ascii).read();
}

std::string ascii_of(std::string_view text) {
  std::string ascii(text);
  for (char& c : ascii) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return ascii;
}

std::optional<std::string_view> known_finish_reason(std::string_view reason) {
  if (reason == "model_length") return "length";  // Mistral: the context is full
  return std::nullopt;
}

}  // namespace weir::wire
