#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "weir/wire/usage.hpp"

namespace weir::wire {

// What a plain (not streamed) chat answer holds.
struct AnswerFacts {
  bool valid_json = false;        // without it, nothing else is known
  bool has_choices = false;       // an array of them, empty or not; without it this is no chat answer
  bool error = false;             // an error object in place of, or beside, choices; or finish_reason "error"
  std::size_t text_bytes = 0;     // of content, reasoning, refusal and tool arguments
  std::optional<Usage> usage;     // at least one number of it
  bool may_need_mending = false;  // see weir/wire/mend.hpp
};
[[nodiscard]] AnswerFacts read_answer(std::string_view body);

// The same answer as the events of a stream, for who asked for one where the provider gave none: its choices,
// then what finished them, then its usage where that is wanted, then [DONE]. Nothing where it is no chat
// answer. Not for the usual request: it builds a tree of the answer.
[[nodiscard]] std::optional<std::string> as_events(std::string_view body, bool wants_usage);

// The provider's own words in an error body of any shape (facts: object, array, flat, string, plain text,
// HTML), without the secrets that the log hides, cut to 500 characters; empty where there are none. JSON
// encoded twice is decoded twice.
struct ErrorText {
  std::string message;
  std::string type;  // Google's status, where there is no type
  std::string code;  // numbers as they stand
};
[[nodiscard]] ErrorText read_error_body(std::string_view body);

}  // namespace weir::wire
