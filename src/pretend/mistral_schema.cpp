#include <algorithm>
#include <array>
#include <cctype>
#include <span>

#include "pretend/members.hpp"
#include "pretend/strictness.hpp"

// Mistral's request schema, which takes nothing that it doesn't name (the OpenAPI document of its platform,
// 2026-08).
namespace weir::pretend {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 22> kRequest{"model",
                                                    "messages",
                                                    "temperature",
                                                    "top_p",
                                                    "max_tokens",
                                                    "stream",
                                                    "stop",
                                                    "random_seed",
                                                    "metadata",
                                                    "response_format",
                                                    "tools",
                                                    "tool_choice",
                                                    "presence_penalty",
                                                    "frequency_penalty",
                                                    "n",
                                                    "prediction",
                                                    "parallel_tool_calls",
                                                    "prompt_mode",
                                                    "reasoning_effort",
                                                    "guardrails",
                                                    "prompt_cache_key",
                                                    "safe_prompt"};
constexpr std::array<std::string_view, 2> kSystemOrUser{"role", "content"};
constexpr std::array<std::string_view, 4> kAssistant{"role", "content", "tool_calls", "prefix"};
constexpr std::array<std::string_view, 4> kTool{"role", "content", "tool_call_id", "name"};
constexpr std::array<std::string_view, 4> kToolCall{"id", "type", "function", "index"};
constexpr std::array<std::string_view, 2> kCalledFunction{"name", "arguments"};
constexpr std::array<std::string_view, 2> kToolOffer{"type", "function"};
constexpr std::array<std::string_view, 4> kOfferedFunction{"name", "description", "parameters", "strict"};
constexpr std::size_t kToolCallIdLength = 9;
constexpr double kMostTemperature = 1.5;

ordered_json deeper(const ordered_json& path, const ordered_json& step) {
  ordered_json longer = path;
  longer.push_back(step);
  return longer;
}

// One request being compared with the schema.
class Schema {
 public:
  std::vector<Breach> compare(const json& request) {
    const ordered_json body = {"body"};
    only(request, kRequest, body);
    values(request, body);
    const json& messages = request["messages"];
    for (std::size_t i = 0; i < messages.size(); ++i)
      message(messages[i], deeper(deeper(body, "messages"), i));
    const json& tools = list_member(request, "tools");
    for (std::size_t i = 0; i < tools.size(); ++i) {
      const ordered_json place = deeper(deeper(body, "tools"), i);
      only(tools[i], kToolOffer, place);
      only(member_of(tools[i], "function"), kOfferedFunction, deeper(place, "function"));
    }
    return std::move(breaches_);
  }

 private:
  void add(ordered_json path, const char* type, std::string words, const json& input) {
    Breach breach{
        .path = std::move(path), .words = std::move(words), .input = ordered_json::parse(input.dump())};
    breach.type = type;
    breaches_.push_back(std::move(breach));
  }

  void only(const json& object, Names names, const ordered_json& place) {
    if (!object.is_object()) return;
    for (const auto& [name, value] : object.items())
      if (std::ranges::find(names, name) == names.end())
        add(deeper(place, name), "extra_forbidden", "Extra inputs are not permitted", value);
  }

  void values(const json& request, const ordered_json& body) {
    const json& temperature = member_of(request, "temperature");
    if (temperature.is_number() && temperature.get<double>() > kMostTemperature)
      add(deeper(body, "temperature"), "less_than_equal", "Input should be less than or equal to 1.5",
          temperature);
    const json& effort = member_of(request, "reasoning_effort");
    if (!effort.is_null() && effort != "high" && effort != "none")
      add(deeper(body, "reasoning_effort"), "enum", "Input should be 'high' or 'none'", effort);
    const json& choice = member_of(request, "tool_choice");
    if (choice.is_string() && choice != "auto" && choice != "none" && choice != "any" && choice != "required")
      add(deeper(body, "tool_choice"), "enum", "Input should be 'auto', 'none', 'any' or 'required'", choice);
  }

  void message(const json& message, const ordered_json& place) {
    const std::string role = text_member(message, "role");
    if (role == "assistant") {
      assistant(message, deeper(place, role));
    } else if (role == "tool") {
      only(message, kTool, deeper(place, role));
      check_id(text_member(message, "tool_call_id"), deeper(place, role));
    } else if (role == "system" || role == "user") {
      only(message, kSystemOrUser, deeper(place, role));
    } else {
      add(place, "union_tag_invalid",
          "Input tag '" + role +
              "' found using 'role' does not match any of the expected tags: 'assistant', 'system', 'tool', "
              "'user'",
          message);
    }
  }

  void assistant(const json& message, const ordered_json& place) {
    only(message, kAssistant, place);
    const json& calls = list_member(message, "tool_calls");
    for (std::size_t i = 0; i < calls.size(); ++i) {
      const ordered_json call = deeper(deeper(place, "tool_calls"), i);
      only(calls[i], kToolCall, call);
      only(member_of(calls[i], "function"), kCalledFunction, deeper(call, "function"));
      check_id(text_member(calls[i], "id"), call);
    }
    const json& content = member_of(message, "content");
    if (calls.empty() && (content.is_null() || content == "" || content == json::array()))
      coded(place, "3240", "invalid_request_message_order",
            "Assistant message must have either content or tool_calls, but not none.");
  }

  void check_id(const std::string& id, const ordered_json& place) {
    const bool fits = id.size() == kToolCallIdLength &&
                      std::ranges::all_of(id, [](unsigned char c) { return std::isalnum(c) != 0; });
    if (!fits)
      coded(place, "3280", "invalid_function_call",
            "Tool call id was " + id + " but must be a-z, A-Z, 0-9, with a length of 9.");
  }

  void coded(const ordered_json& place, const char* code, const char* type, std::string words) {
    Breach breach{.path = place, .words = std::move(words)};
    breach.type = type;
    breach.code = code;
    breaches_.push_back(std::move(breach));
  }

  std::vector<Breach> breaches_;
};

}  // namespace

std::vector<Breach> mistral_breaches(const json& request) {
  return Schema().compare(request);
}

}  // namespace weir::pretend
