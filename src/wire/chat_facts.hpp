#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "weir/wire/usage.hpp"

namespace weir::wire {

// What a chat completion object says, whole or as one chunk of a stream.
struct ChatFacts {
  bool error = false;
  bool finished = false;  // a finish_reason other than "error"
  bool calls_tool = false;
  bool reasons = false;        // reasoning that is not text, such as an encrypted block
  bool choices_empty = false;  // choices is there and holds nothing
  bool has_usage = false;      // a usage object, whatever is in it
  std::size_t text_bytes = 0;
  std::optional<Usage> usage;
};

// Nothing where the text isn't JSON. UTF-8 may be broken.
[[nodiscard]] std::optional<ChatFacts> read_chat_facts(std::string_view text);

}  // namespace weir::wire
