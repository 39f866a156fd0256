#pragma once

#include <span>
#include <string>
#include <string_view>

#include "weir/base/error.hpp"

namespace weir::wire {

// One attempt as an error tells it. Times in milliseconds.
struct AttemptNote {
  std::string target;     // "groq/openai/gpt-oss-120b"
  std::string key;        // its label
  std::string outcome;    // "429", "timeout", "skipped: rpm"
  std::string resets_at;  // RFC 3339, or empty
  long ms = -1;           // -1: not attempted
};

// {"error":{message,type,param,code,weir:{request_id,attempts}}}: the only shape in which an error leaves.
// Valid JSON whatever the texts hold.
[[nodiscard]] std::string error_body(const Error& error, std::string_view param, std::string_view request_id,
                                     std::span<const AttemptNote> attempts);

}  // namespace weir::wire
