#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What providers refuse in requests that OpenAI would take. Pure functions; each manner words the breaches
// itself.
namespace weir::pretend {

struct Breach {
  nlohmann::ordered_json path;  // ["messages", 1, "name"]
  // For people. Empty: the provider doesn't know the member at all, and has its own words for that.
  std::string words;
  nlohmann::ordered_json input = nullptr;  // what stood there
  std::string type{};                      // pydantic's name of it, or the provider's own
  std::string code{};                      // the provider's, where it has one
};

// "messages[1].name"; with another separator "messages.1.name".
[[nodiscard]] std::string path_text(const nlohmann::ordered_json& path);
[[nodiscard]] std::string dotted_path(const nlohmann::ordered_json& path);

// A member of a request, or of each of its messages, that isn't taken. null counts as absent.
struct MemberRule {
  enum class Refuses : std::uint8_t { always, all_but_one, all_but_listed, outside_zero_to_one };
  std::string_view member;
  Refuses refuses = Refuses::always;
  std::string_view listed{};  // "low|medium|high"
  std::string_view models{};  // only those whose id has this in it
};
struct Strictness {
  std::span<const MemberRule> request;
  std::span<const MemberRule> message;  // of any role
  std::string_view refused_role{};
};

[[nodiscard]] std::vector<Breach> breaches_of(const Strictness& strictness, const nlohmann::json& request);

// Mistral's schema: all that it doesn't name is refused, in messages and tool calls too.
[[nodiscard]] std::vector<Breach> mistral_breaches(const nlohmann::json& request);
// Gemini's own: the tables, and a history whose tool calls and results belong together.
[[nodiscard]] std::vector<Breach> gemini_breaches(const nlohmann::json& request);
[[nodiscard]] std::vector<Breach> groq_breaches(const nlohmann::json& request);
[[nodiscard]] std::vector<Breach> cerebras_breaches(const nlohmann::json& request);
[[nodiscard]] std::vector<Breach> cohere_breaches(const nlohmann::json& request);
[[nodiscard]] std::vector<Breach> nvidia_breaches(const nlohmann::json& request);

// The signatures of pretend Gemini's tool calls begin with this; others are corrupt to it.
inline constexpr std::string_view kPretendSignature = "cHJldGVuZC";
// Google documents it for calls that were not made by Gemini.
inline constexpr std::string_view kSkipSignature = "skip_thought_signature_validator";

}  // namespace weir::pretend
