#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pretend/quotas.hpp"

// What a pretend provider reads and writes: chat requests, and answers in OpenAI's shape with the manner's
// own additions. Pure functions.
namespace weir::pretend {

struct ChatAsk {
  Ask ask;
  bool stream = false;
  bool include_usage = false;  // stream_options.include_usage
  std::string last_words;      // of the last user message, for the answer
};

// The request, or the 400 or 404 that answers it.
[[nodiscard]] std::variant<ChatAsk, Reply> read_chat(const ProviderSpec& spec, std::string_view body);

// What is answered, word by word. Each word is one token and brings the space before it.
struct Answer {
  std::string id;
  std::int64_t created = 0;  // seconds since 1970
  std::vector<std::string> words;
  bool cut = false;  // by max_tokens
};
[[nodiscard]] Answer compose(const ProviderSpec& spec, const ChatAsk& ask, std::uint64_t number,
                             WallTime now);

// The whole answer as one JSON object.
[[nodiscard]] std::string answer_body(const ProviderSpec& spec, const ChatAsk& ask, const Answer& answer);

// The same as server-sent events: what stands before the first word, a word, and all that follows the last
// one.
[[nodiscard]] std::string opening_events(const ProviderSpec& spec, const ChatAsk& ask, const Answer& answer);
[[nodiscard]] std::string word_event(const ChatAsk& ask, const Answer& answer, const std::string& word);
[[nodiscard]] std::string closing_events(const ProviderSpec& spec, const ChatAsk& ask, const Answer& answer);

[[nodiscard]] std::string models_body(const ProviderSpec& spec);

}  // namespace weir::pretend
