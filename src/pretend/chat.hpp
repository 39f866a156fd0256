#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pretend/quotas.hpp"
#include "pretend/tools.hpp"

// What a pretend provider reads, and what it has to say. Pure functions. How a manner writes that is its
// Shape.
namespace weir::pretend {

struct ChatAsk {
  Ask ask;
  bool include_usage = false;  // stream_options.include_usage
  bool thinks = false;         // the model shows reasoning, or was asked for it
  std::string last_words;      // of the last user message, for the answer
  std::vector<ToolCall> calls;
  std::optional<std::string> tool_results;  // that the messages end with
};

// A request as far as it could be read, and the 4xx that answers it where it isn't taken.
struct Reading {
  ChatAsk ask;
  std::optional<Reply> refusal;
};
[[nodiscard]] Reading read_chat(const ProviderSpec& spec, std::string_view body);

// What is answered, word by word. Each word is one token and brings the space before it.
struct Answer {
  std::string id;
  std::int64_t created = 0;  // seconds since 1970
  std::vector<std::string> thought;
  std::vector<std::string> words;
  std::vector<ToolCall> calls;
  bool cut = false;  // by max_tokens

  [[nodiscard]] std::uint64_t tokens() const;
};
[[nodiscard]] Answer compose(const ProviderSpec& spec, const ChatAsk& ask, std::uint64_t number,
                             WallTime now);

[[nodiscard]] std::string models_body(const ProviderSpec& spec);

}  // namespace weir::pretend
