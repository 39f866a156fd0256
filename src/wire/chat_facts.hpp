#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
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
  bool has_choices = false;    // choices is there and holds something
  // Which choices it holds, and which of them have a finish_reason: a bit each, the last for the sixteenth
  // and all behind it.
  std::uint16_t choices = 0;
  std::uint16_t finished_choices = 0;
  // What may need mending, and is noted for no more than that (weir/wire/mend.hpp).
  bool lacks_head = false;    // there are choices, but no id, object, created or model
  bool lacks_finish = false;  // a choice has no finish_reason
  bool lacks_role = false;    // a message or delta has no role
  bool looks_odd = false;     // something inside a choice
  bool has_usage = false;     // a usage object, whatever is in it
  std::size_t text_bytes = 0;
  std::optional<Usage> usage;
};

// Nothing where the text isn't JSON. UTF-8 may be broken.
[[nodiscard]] std::optional<ChatFacts> read_chat_facts(std::string_view text);

// The text with '?' for each byte that isn't ASCII: as long, and its JSON has the same shape. For reading
// what isn't UTF-8.
[[nodiscard]] std::string ascii_of(std::string_view text);

// The finish_reason that SDKs know for one that they don't, else nothing. Static text.
[[nodiscard]] std::optional<std::string_view> known_finish_reason(std::string_view reason);

}  // namespace weir::wire
