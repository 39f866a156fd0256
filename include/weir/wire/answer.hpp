#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "weir/base/error.hpp"
#include "weir/wire/usage.hpp"

namespace weir::wire {

// What a plain (not streamed) chat answer holds.
struct AnswerFacts {
  bool valid_json = false;
  bool error = false;            // an error object in place of, or beside, choices
  std::size_t text_bytes = 0;
  std::optional<Usage> usage;
};
[[nodiscard]] AnswerFacts read_answer(std::string_view body);

// The provider's own words in an error body of any shape (facts: object, array, flat, string, plain text, HTML),
// cut to 500 characters; empty where there are none. JSON encoded twice is decoded twice.
struct ErrorText {
  std::string message;
  std::string type;
  std::string code;
};
[[nodiscard]] ErrorText read_error_body(std::string_view body);

}  // namespace weir::wire
