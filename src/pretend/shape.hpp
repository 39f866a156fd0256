#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "pretend/chat.hpp"

namespace weir::pretend {

// A server-sent event, and how many tokens it brings.
struct Event {
  std::string text;
  std::uint64_t tokens = 0;
};

// How a manner writes answers. The shape here is OpenAI's, with reasoning left unsaid: manners say what they
// do otherwise.
class Shape {
 public:
  using Json = nlohmann::ordered_json;

  virtual ~Shape() = default;

  // Of the n-th tool call that a provider makes.
  [[nodiscard]] virtual std::string call_id(std::uint64_t number) const;
  // Beside what the quotas say.
  virtual void add_to_head(http::Fields& /*fields*/, const Answer& /*answer*/) const {}
  // The whole answer as one JSON object.
  [[nodiscard]] std::string whole(const ChatAsk& ask, const Answer& answer) const;
  // The same as server-sent events, to the last: "data: [DONE]".
  [[nodiscard]] std::vector<Event> stream(const ChatAsk& ask, const Answer& answer) const;
  // What /models says of the context.
  [[nodiscard]] virtual std::string_view context_member() const { return "context_length"; }

 protected:
  // What one chunk adds to the message.
  struct Delta {
    Json message;
    std::uint64_t tokens = 0;
  };
  // Where a chunk stands, and all tokens written with it.
  struct Place {
    bool first = false;
    bool last = false;  // the one with the finish_reason
    std::uint64_t written = 0;
  };

  [[nodiscard]] virtual Json message(const Answer& answer) const;
  [[nodiscard]] virtual Json tool_call(const Answer& answer, std::size_t i) const;
  // All deltas in turn; the last one's chunk has the finish_reason.
  [[nodiscard]] virtual std::vector<Delta> deltas(const Answer& answer) const;
  [[nodiscard]] virtual std::vector<Delta> call_deltas(const Answer& answer) const;
  // Where reasoning is said: in this member of messages and deltas; empty: nowhere.
  [[nodiscard]] virtual std::string_view thought_member() const { return ""; }
  [[nodiscard]] virtual Json usage(const ChatAsk& ask, const Answer& answer, std::uint64_t written) const;
  // What stands at the top of a whole answer or of a chunk beside OpenAI's own.
  virtual void add_to_whole(Json& /*body*/, const ChatAsk& /*ask*/, const Answer& /*answer*/) const {}
  virtual void add_to_chunk(Json& /*chunk*/, const Place& /*place*/, const ChatAsk& /*ask*/,
                            const Answer& /*answer*/) const {}
  // Whether a chunk without choices brings the usage at the end.
  [[nodiscard]] virtual bool has_usage_chunk(const ChatAsk& ask) const { return ask.include_usage; }
  [[nodiscard]] virtual std::string_view opening_comment() const { return ""; }
};

// Letters and digits that look random and depend on the number alone.
[[nodiscard]] std::string made_up_id(std::uint64_t number, std::size_t length, std::string_view alphabet);
inline constexpr std::string_view kLettersAndDigits =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

}  // namespace weir::pretend
