#include "pretend/strictness.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "pretend/members.hpp"

namespace weir::pretend {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using Refuses = MemberRule::Refuses;

bool is_listed(std::string_view listed, std::string_view value) {
  while (!listed.empty()) {
    const std::size_t end = std::min(listed.find('|'), listed.size());
    if (listed.substr(0, end) == value) return true;
    listed.remove_prefix(std::min(end + 1, listed.size()));
  }
  return false;
}

// What is wrong with the value: nothing, or words; empty words where the member itself is.
std::optional<std::string> wrong(const MemberRule& rule, const json& value) {
  switch (rule.refuses) {
    case Refuses::all_but_one:
      if (value == json(1)) return std::nullopt;
      return "must be 1";
    case Refuses::all_but_listed:
      if (value.is_string() && is_listed(rule.listed, value.get_ref<const std::string&>()))
        return std::nullopt;
      return "must be one of " + std::string(rule.listed);
    case Refuses::outside_zero_to_one:
      if (value.is_number() && value.get<double>() >= 0 && value.get<double>() <= 1) return std::nullopt;
      return "must be between 0 and 1";
    case Refuses::always:
      break;
  }
  return std::string();
}

void apply(std::span<const MemberRule> rules, const json& object, const ordered_json& place,
           std::string_view model, std::vector<Breach>& breaches) {
  for (const MemberRule& rule : rules) {
    if (!rule.models.empty() && model.find(rule.models) == std::string_view::npos) continue;
    const auto value = object.find(rule.member);
    if (value == object.end() || value->is_null()) continue;
    auto words = wrong(rule, *value);
    if (!words) continue;
    Breach breach{.path = place, .words = std::move(*words), .input = ordered_json::parse(value->dump())};
    breach.path.push_back(rule.member);
    breaches.push_back(std::move(breach));
  }
}

constexpr std::array<MemberRule, 7> kGroqRequest{{
    {"logprobs"},
    {"top_logprobs"},
    {"logit_bias"},
    {"n", Refuses::all_but_one},
    {"reasoning_effort", Refuses::all_but_listed, "low|medium|high", "gpt-oss"},
    {"reasoning_effort", Refuses::all_but_listed, "none|default", "qwen"},
    {"tools", Refuses::always, "", "compound"},
}};
constexpr std::array<MemberRule, 2> kGroqMessage{{{"name"}, {"reasoning_content"}}};

constexpr std::array<MemberRule, 6> kCerebrasRequest{{
    {"frequency_penalty"},
    {"presence_penalty"},
    {"logit_bias"},
    {"parallel_tool_calls"},
    {"n", Refuses::all_but_one},
    {"reasoning_effort", Refuses::all_but_listed, "low|medium|high"},
}};
constexpr std::array<MemberRule, 1> kCerebrasMessage{{{"reasoning_content"}}};

constexpr std::array<MemberRule, 15> kCohereRequest{{
    {"n"},
    {"logit_bias"},
    {"top_logprobs"},
    {"store"},
    {"metadata"},
    {"service_tier"},
    {"parallel_tool_calls"},
    {"prediction"},
    {"modalities"},
    {"audio"},
    {"user"},
    {"max_completion_tokens"},
    {"reasoning_effort", Refuses::all_but_listed, "none|high"},
    {"frequency_penalty", Refuses::outside_zero_to_one},
    {"presence_penalty", Refuses::outside_zero_to_one},
}};

constexpr std::array<MemberRule, 6> kNvidiaRequest{{
    {"max_completion_tokens"},
    {"reasoning_effort"},
    {"user"},
    {"store"},
    {"metadata"},
    {"service_tier"},
}};

constexpr std::array<MemberRule, 10> kGeminiRequest{{
    {"logprobs"},
    {"top_logprobs"},
    {"logit_bias"},
    {"user"},
    {"store"},
    {"metadata"},
    {"service_tier"},
    {"seed"},
    {"parallel_tool_calls"},
    {"tools", Refuses::always, "", "gemma-3"},
}};
constexpr std::array<MemberRule, 3> kGeminiMessage{{{"name"}, {"reasoning"}, {"reasoning_content"}}};

std::string signature_of(const json& call) {
  return text_member(member_of(member_of(call, "extra_content"), "google"), "thought_signature");
}

// Of calls that were made at the same time only the first is signed.
void check_signature(const json& message, std::size_t i, std::vector<Breach>& breaches) {
  const json& calls = list_member(message, "tool_calls");
  if (calls.empty()) return;
  const std::string signature = signature_of(calls.front());
  if (signature == kSkipSignature || signature.starts_with(kPretendSignature)) return;
  Breach breach{.path = {"messages", i, "tool_calls", 0}};
  breach.words =
      signature.empty()
          ? "Function call is missing a thought_signature in functionCall parts. This is required for tools "
            "to "
            "work correctly, and missing thought_signature may lead to degraded model performance. "
            "Additional "
            "data, function call `default_api:" +
                text_member(member_of(calls.front(), "function"), "name") + "` , position " +
                std::to_string(i + 1) +
                ". Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details."
          : "Corrupted thought signature.";
  breaches.push_back(std::move(breach));
}

// A turn begins with what the user says; signatures of earlier ones aren't looked at.
void check_signatures(const json& messages, std::vector<Breach>& breaches) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < messages.size(); ++i)
    if (text_member(messages[i], "role") == "user") begin = i;
  for (std::size_t i = begin; i < messages.size(); ++i) check_signature(messages[i], i, breaches);
}

void check_results(const json& messages, std::vector<Breach>& breaches) {
  std::set<std::string> made;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    for (const json& call : list_member(messages[i], "tool_calls")) made.insert(text_member(call, "id"));
    if (text_member(messages[i], "role") != "tool" || made.contains(text_member(messages[i], "tool_call_id")))
      continue;
    breaches.push_back({.path = {"messages", i, "tool_call_id"},
                        .words =
                            "Please ensure that function response turn comes immediately after a function "
                            "call turn."});
  }
}

std::string joined_path(const ordered_json& path, bool brackets) {
  std::string text;
  for (const ordered_json& step : path) {
    if (step.is_string()) {
      text += (text.empty() ? "" : ".") + step.get<std::string>();
    } else {
      text += brackets ? "[" + step.dump() + "]" : "." + step.dump();
    }
  }
  return text;
}

}  // namespace

std::string path_text(const ordered_json& path) {
  return joined_path(path, true);
}

std::string dotted_path(const ordered_json& path) {
  return joined_path(path, false);
}

std::vector<Breach> breaches_of(const Strictness& strictness, const json& request) {
  std::vector<Breach> breaches;
  const std::string model = text_member(request, "model");
  apply(strictness.request, request, ordered_json::array(), model, breaches);
  const json& messages = request["messages"];
  for (std::size_t i = 0; i < messages.size(); ++i) {
    apply(strictness.message, messages[i], {"messages", i}, model, breaches);
    const std::string role = text_member(messages[i], "role");
    if (!role.empty() && role == strictness.refused_role)
      breaches.push_back(
          {.path = {"messages", i, "role"}, .words = "unexpected role '" + role + "'", .input = role});
  }
  return breaches;
}

std::vector<Breach> groq_breaches(const json& request) {
  return breaches_of({kGroqRequest, kGroqMessage}, request);
}

std::vector<Breach> cerebras_breaches(const json& request) {
  return breaches_of({kCerebrasRequest, kCerebrasMessage}, request);
}

std::vector<Breach> cohere_breaches(const json& request) {
  std::vector<Breach> breaches = breaches_of({kCohereRequest, {}}, request);
  const json& tools = list_member(request, "tools");
  for (std::size_t i = 0; i < tools.size(); ++i)
    if (!member_of(member_of(tools[i], "function"), "strict").is_null())
      breaches.push_back({.path = {"tools", i, "function", "strict"}});
  return breaches;
}

std::vector<Breach> nvidia_breaches(const json& request) {
  return breaches_of({kNvidiaRequest, {}, "developer"}, request);
}

std::vector<Breach> gemini_breaches(const json& request) {
  const std::string model = text_member(request, "model");
  std::vector<Breach> breaches = breaches_of({kGeminiRequest, kGeminiMessage}, request);
  const json& messages = request["messages"];
  if (model.starts_with("gemma-3"))
    for (std::size_t i = 0; i < messages.size(); ++i)
      if (const std::string role = text_member(messages[i], "role"); role == "system" || role == "developer")
        breaches.push_back({.path = {"messages", i, "role"},
                            .words = "Developer instruction is not enabled for models/" + model});
  if (model.starts_with("gemini-3")) check_signatures(messages, breaches);
  check_results(messages, breaches);
  return breaches;
}

}  // namespace weir::pretend
