#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/error.hpp"

// The OpenAI dialect's chat request, read in one pass and edited by splicing, so that its bytes stay.
namespace weir::wire {

// A stretch of the request's bytes.
struct Span {
  std::size_t at = 0;
  std::size_t size = 0;
};

// What the gateway needs to know of a request. Offsets are into the body it was read from.
struct ChatRequest {
  std::string model;
  Span model_value;              // the model's JSON string, quotes included
  std::size_t first_member = 0;  // right behind the opening brace
  bool stream = false;
  std::optional<std::uint64_t> max_tokens;  // max_completion_tokens, or else max_tokens
  std::optional<Span> stream_options;       // its value, an object or null
  std::optional<Span> include_usage;        // the value of stream_options.include_usage, a boolean or null
  bool asks_for_usage = false;              // include_usage is true
  bool uses_tools = false;                  // a tools array that isn't empty
  bool uses_images = false;                 // an image_url or input_audio part
  bool uses_json_schema = false;            // response_format of type json_schema or json_object
  std::size_t messages = 0;
  std::size_t prompt_bytes = 0;  // text of messages and tools, as it stands in the JSON
};

inline constexpr std::size_t kMaxDepth = 64;
inline constexpr std::size_t kMaxModelName = 256;  // bytes

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

// One replacement: `text` instead of the bytes of `span` (an empty span inserts).
struct Edit {
  Span span;
  std::string text;
};

// The body with its edits, as views into both, for one gathered write. Edits must be in order and not
// overlap. The body outlives it.
class SplicedBody {
 public:
  SplicedBody(std::string_view body, std::vector<Edit> edits);
  SplicedBody(const SplicedBody&) = delete;
  SplicedBody& operator=(const SplicedBody&) = delete;

  [[nodiscard]] std::span<const std::string_view> pieces() const { return pieces_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::vector<Edit> edits_;
  std::vector<std::string_view> pieces_;
  std::size_t size_ = 0;
};

// The edits that send a request to an upstream model: its id instead of the name asked for, and, where usage
// is to be asked of a stream that didn't, stream_options with include_usage.
[[nodiscard]] std::vector<Edit> edits_for(const ChatRequest& request, std::string_view body,
                                          std::string_view upstream_model, bool ask_for_usage);

}  // namespace weir::wire
