#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace weir::pretend {

struct ToolCall {
  std::string id;
  std::string name;
  std::string arguments;  // JSON
  std::uint64_t tokens = 0;
};

// Four bytes are one.
[[nodiscard]] std::uint64_t tokens_of(std::size_t bytes);
// Text of a message: a string, or the text parts of a list.
[[nodiscard]] std::string message_text(const nlohmann::json& message);

// The calls that answer a request, without ids: of each tool that the last message, a user's, names; of the
// one that tool_choice asks for, or of the first where it asks for any. Arguments are the required
// parameters, strings filled with the message's last words.
[[nodiscard]] std::vector<ToolCall> planned_calls(const nlohmann::json& request);

}  // namespace weir::pretend
