#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/wire/chat_request.hpp"

// How a provider's requests differ from OpenAI's: a list of rules in its preset, applied in order.
namespace weir::providers {

// From a name or value to another. Values of JSON strings stand without their quotes.
struct NamePair {
  std::string_view from;
  std::string_view to;
};

// What one rule changes. `names`, `pairs` and `subject` are of DialectRule.
enum class DialectEdit : std::uint8_t {
  rename,              // parameters, by pairs; where both stand, the value of the one renamed holds
  drop,                // parameters, by names
  drop_empty,          // parameters that are arrays of nothing, by names
  only,                // drops the parameters that names doesn't have
  clamp,               // the number `subject` to between pairs[0].from and .to
  map,                 // the value of `subject`, by pairs
  accept,              // drops `subject` where its value isn't one of names
  add,                 // parameters that are missing: name and JSON value, by pairs
  role,                // of messages, by pairs; to "user_text": its text goes before the first user message's
  message_drop,        // fields of messages: pairs of field and role, where an empty role is any
  message_only,        // drops the fields of messages that names doesn't have
  message_rename,      // fields of messages, by pairs; where both stand, one goes
  tool_call_only,      // drops the fields of tool calls in messages that names doesn't have
  call_function_only,  // drops the fields of their functions that names doesn\'t have
  tool_call_add,       // name and JSON value, to the first tool call of a message of which no call has it
  tool_call_ids,       // that aren't nine letters and digits become nine, the same for the same id always
  function_drop,       // fields of a tool's function, by names
  schema_drop,         // keywords in the schemas of tools' parameters, by names
};

struct DialectRule {
  DialectEdit edit;
  std::span<const std::string_view> models = {};  // globs over upstream ids; empty: all
  std::string_view subject = {};
  std::span<const std::string_view> names = {};
  std::span<const NamePair> pairs = {};
};
using Dialect = std::span<const DialectRule>;

struct Translation {
  std::vector<wire::Edit> edits;     // in order
  std::vector<std::string> changes;  // in words: "drop user", "seed becomes random_seed"
};

// What a request needs to be one for this upstream model, beside what edits_for() says. Pure. The request was
// read from `body`. `max_tokens`, where it is given, is what may be written at most: less than the request
// says, or where it says nothing. Where a request has two limits of the output the newer one's value is
// written for both, before the rules. Where nothing is to be changed there are no edits.
[[nodiscard]] Translation translate(Dialect dialect, std::string_view upstream_model,
                                    const wire::ChatRequest& request, std::string_view body,
                                    std::optional<std::uint64_t> max_tokens = std::nullopt);

// How many answers at once an upstream model is asked for where a request asks for so many: one, where the
// dialect drops its `n`.
[[nodiscard]] std::uint64_t choices_sent(Dialect dialect, std::string_view upstream_model,
                                         std::uint64_t choices) noexcept;

}  // namespace weir::providers
