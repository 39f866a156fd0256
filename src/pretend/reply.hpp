#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "weir/http/head.hpp"

namespace weir::pretend {

// An answer that is all head and one body.
struct Reply {
  http::ResponseHead head;
  std::string body;
};

[[nodiscard]] Reply json_reply(int status, std::string body);
[[nodiscard]] Reply json_reply(int status, const nlohmann::ordered_json& body);
// As one line; what isn't UTF-8 is replaced.
[[nodiscard]] std::string text_of(const nlohmann::ordered_json& value);

// OpenAI's error shape. `code` may be empty.
[[nodiscard]] Reply error_reply(int status, const std::string& message, const std::string& type,
                                const std::string& code);

}  // namespace weir::pretend
