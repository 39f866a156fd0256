#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/error.hpp"
#include "weir/wire/splice.hpp"

// The OpenAI dialect's chat request, read in one pass.
namespace weir::wire {

// What stands in the messages of a request beside plain roles and content: a hint where edits may be due.
enum class MessageTrait : std::uint8_t {
  developer_role = 1,
  system_role = 2,
  name = 4,
  reasoning = 8,  // reasoning or reasoning_content
  tools = 16,     // tool_calls or tool_call_id
  other = 32,     // any other field
};
using MessageTraits = std::uint8_t;  // MessageTrait values or-ed

// A text in a request: the inside of a JSON string, or JSON itself, such as the tools or the answer's schema.
struct PromptText {
  Span at;
  bool is_json = false;
};

// What the gateway needs to know of a request. Places and names of members are of the body it was read from,
// which outlives it.
struct ChatRequest {
  std::string model;
  Span model_value;              // the model's JSON string, quotes included
  std::size_t first_member = 0;  // right behind the opening brace
  std::vector<Member> members;   // of the top level, in order
  bool stream = false;
  std::optional<std::uint64_t> max_tokens;  // max_completion_tokens, or else max_tokens
  bool limits_differ = false;               // both are there, and say two things
  std::optional<Span> stream_options;       // its value, an object or null
  std::optional<Span> include_usage;        // the value of stream_options.include_usage, a boolean or null
  bool asks_for_usage = false;              // include_usage is true
  bool uses_tools = false;                  // a tools array that isn't empty
  bool uses_images = false;                 // an image_url or input_audio part
  bool uses_more_than_text = false;         // a part of another type than text
  bool uses_json_schema = false;            // response_format of type json_schema or json_object
  bool needs_json_schema = false;           // of type json_schema: JSON of any shape won't do
  Span opening;  // of the messages' array: from its bracket through the first user message, or all of it
  std::optional<Span> prompt_cache_key;  // its value, a string that isn't empty
  std::size_t messages = 0;
  MessageTraits message_traits = 0;
  std::vector<PromptText> texts;  // what the model reads, in order
  std::size_t media = 0;          // image_url and input_audio parts
  std::uint64_t choices = 1;      // answers asked for at once, by n; at most kMaxChoices
};

inline constexpr std::size_t kMaxDepth = 64;
inline constexpr std::size_t kMaxModelName = 256;  // bytes
inline constexpr std::uint64_t kMaxChoices = 128;  // as OpenAI has it

// Why a request can't be served. The message names the place; `param` is the field for the error body, empty
// where the body as a whole is at fault.
struct ReadFailure {
  Error error;
  std::string param;
};

// Reads a request in place; reads nothing behind it. Every byte is checked: a flaw anywhere is an error, in
// what the gateway doesn't look at too. Errors are invalid_request: not JSON, not UTF-8, a byte order mark,
// deeper than kMaxDepth, a key twice at the top, `model` or `messages` missing, or a wrong type for `model`
// (a string that isn't empty), `messages` (an array of objects that isn't empty), `stream`, `stream_options`
// or a token limit (a whole number; a null is as good as nothing). Other fields are the provider's to judge.
[[nodiscard]] std::optional<ReadFailure> read_chat_request(std::string_view body, ChatRequest& request);

// The text as a model reads it: without JSON's escapes. Half a surrogate pair becomes U+FFFD.
[[nodiscard]] std::string text_of(const PromptText& text, std::string_view body);

// The edits that every upstream needs: its model's id instead of the name asked for, and, where usage is to
// be asked of a stream that didn't, stream_options with include_usage. In order.
[[nodiscard]] std::vector<Edit> edits_for(const ChatRequest& request, std::string_view body,
                                          std::string_view upstream_model, bool ask_for_usage);

}  // namespace weir::wire
