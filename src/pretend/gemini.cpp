#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>

#include "pretend/manner.hpp"
#include "pretend/rungs.hpp"

// Google AI Studio through its OpenAI-compatible address, as logs of August 2026 show it.
namespace weir::pretend {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using Counts = Rung::Counts;
using Kind = WindowRule::Kind;

constexpr Duration kMinute = std::chrono::minutes(1);
constexpr double kDaysMisleadingWait = 38.93713494;  // seconds; said whenever a day is over, and never true
constexpr std::string_view kRateLimits = "https://ai.google.dev/gemini-api/docs/rate-limits";

TimeZone pacific() {
  const auto zone = TimeZone::find("America/Los_Angeles");
  return zone ? zone.value() : TimeZone::utc();
}

Rungs make_rungs(const Limits& limits) {
  Rungs rungs;
  rungs.add(Counts::requests, "Day",
            {.kind = Kind::day, .limit = limits.requests_per_day, .zone = pacific()});
  rungs.add(Counts::requests, "Minute",
            {.kind = Kind::sliding, .limit = limits.requests_per_minute, .period = kMinute});
  rungs.add(Counts::tokens, "Minute",
            {.kind = Kind::sliding, .limit = limits.tokens_per_minute, .period = kMinute});
  return rungs;
}

Reply in_array(int status, const std::string& message, const char* name, ordered_json details) {
  ordered_json error;
  error["code"] = status;
  error["message"] = message;
  error["status"] = name;
  if (!details.is_null()) error["details"] = std::move(details);
  ordered_json wrapped;
  wrapped["error"] = std::move(error);
  return json_reply(status, ordered_json::array({std::move(wrapped)}));
}

Reply invalid(const std::string& message) {
  return in_array(400, message, "INVALID_ARGUMENT", nullptr);
}

// Only the prompt counts; what never fits is refused as if it would some day.
class GeminiQuotas final : public Quotas {
 public:
  explicit GeminiQuotas(const Limits& limits) : models_(limits, make_rungs) {}

  std::optional<Reply> admit(const Ask& ask, Instant now) override {
    Rungs& rungs = models_.of(ask.model);
    const auto refused = rungs.refused(ask.prompt_tokens, now);
    if (!refused.empty()) return refusal(ask, refused);
    rungs.take(ask.prompt_tokens, now);
    return std::nullopt;
  }
  void describe(const Ask& /*ask*/, std::uint64_t /*completion_tokens*/, Instant /*now*/,
                http::Fields& /*fields*/) const override {}
  void finish(const Ask& /*ask*/, std::uint64_t /*completion_tokens*/, Instant /*now*/) override {}

 private:
  static std::string metric_of(const Rung& rung) {
    return rung.counts == Counts::requests
               ? "generativelanguage.googleapis.com/generate_content_free_tier_requests"
               : "generativelanguage.googleapis.com/generate_content_free_tier_input_token_count";
  }
  static ordered_json violation_of(const Ask& ask, const Rung& rung) {
    ordered_json violation;
    violation["quotaMetric"] = metric_of(rung);
    violation["quotaId"] =
        rung.counts == Counts::requests
            ? "GenerateRequestsPer" + std::string(rung.period) + "PerProjectPerModel-FreeTier"
            : std::string("GenerateContentInputTokensPerModelPerMinute-FreeTier");
    violation["quotaDimensions"] = {{"location", "global"}, {"model", ask.model}};
    violation["quotaValue"] = std::to_string(rung.limit);
    return violation;
  }

  static Reply refusal(const Ask& ask, const std::vector<Rungs::Refused>& refused) {
    std::string message =
        "You exceeded your current quota, please check your plan and billing details. For more information "
        "on "
        "this error, head to: " +
        std::string(kRateLimits) + ". To monitor your current usage, head to: https://ai.dev/rate-limit. ";
    ordered_json violations = ordered_json::array();
    double seconds = 0;
    for (const Rungs::Refused& one : refused) {
      message += "\n* Quota exceeded for metric: " + metric_of(*one.rung) +
                 ", limit: " + std::to_string(one.rung->limit) + ", model: " + ask.model;
      violations.push_back(violation_of(ask, *one.rung));
      const Duration wait = std::min(one.wait, kMinute);
      seconds = std::max(seconds, one.rung->period == "Day" ? kDaysMisleadingWait
                                                            : std::chrono::duration<double>(wait).count());
    }
    const auto nanoseconds = static_cast<std::int64_t>(seconds * 1e9);
    std::string digits = std::to_string(nanoseconds % 1'000'000'000);
    digits.insert(0, 9 - digits.size(), '0');
    message += "\nPlease retry in " + std::to_string(nanoseconds / 1'000'000'000) + "." + digits + "s.";
    ordered_json help;
    help["@type"] = "type.googleapis.com/google.rpc.Help";
    help["links"] = ordered_json::array(
        {ordered_json{{"description", "Learn more about Gemini API quotas"}, {"url", kRateLimits}}});
    ordered_json failure;
    failure["@type"] = "type.googleapis.com/google.rpc.QuotaFailure";
    failure["violations"] = std::move(violations);
    ordered_json retry;
    retry["@type"] = "type.googleapis.com/google.rpc.RetryInfo";
    retry["retryDelay"] = std::to_string(static_cast<std::int64_t>(seconds)) + "s";
    return in_array(429, message, "RESOURCE_EXHAUSTED", ordered_json::array({help, failure, retry}));
  }

  RungsByModel models_;
};

class GeminiFaults final : public Faults {
 public:
  [[nodiscard]] Reply malformed(const std::string& message) const override { return invalid(message); }
  [[nodiscard]] Reply bad_key() const override {
    return invalid("API key not valid. Please pass a valid API key.");
  }
  [[nodiscard]] Reply unknown_model(const std::string& model) const override {
    return in_array(404,
                    "models/" + model +
                        " is not found for API version v1main, or is not supported for generateContent. Call "
                        "ListModels to see the list of available models and their supported methods.",
                    "NOT_FOUND", nullptr);
  }
  [[nodiscard]] Reply too_long(std::uint64_t tokens, std::uint64_t context) const override {
    return invalid("The input token count (" + std::to_string(tokens) +
                   ") exceeds the maximum number of tokens allowed (" + std::to_string(context) + ").");
  }
  [[nodiscard]] std::vector<Breach> breaches(const json& request) const override {
    return gemini_breaches(request);
  }
  [[nodiscard]] Reply refused(const std::vector<Breach>& breaches) const override {
    const Breach& first = breaches.front();
    if (!first.words.empty()) return invalid(first.words);
    ordered_json place = first.path;
    const auto member = place.back().get<std::string>();
    place.erase(place.size() - 1);
    std::string message = "Invalid JSON payload received. Unknown name \"" + member + "\"";
    if (!place.empty()) message += " at '" + path_text(place) + "'";
    message += ": Cannot find field.";
    ordered_json detail;
    detail["@type"] = "type.googleapis.com/google.rpc.BadRequest";
    detail["fieldViolations"] = ordered_json::array({ordered_json{{"description", message}}});
    return in_array(400, message, "INVALID_ARGUMENT", ordered_json::array({std::move(detail)}));
  }
};

// Each delta has the role, the last one the finish_reason; usage grows from chunk to chunk, where it was
// asked for. Thinking isn't shown and counts in the total only. Of calls the first is signed, and none has an
// index.
class GeminiShape final : public Shape {
 public:
  [[nodiscard]] std::string call_id(std::uint64_t number) const override {
    return "function-call-" + made_up_id(number, 20, "123456789");
  }

 protected:
  [[nodiscard]] Json message(const Answer& answer) const override {
    Json message = Shape::message(answer);
    if (message["content"].is_null()) message.erase("content");
    return message;
  }
  [[nodiscard]] Json tool_call(const Answer& answer, std::size_t i) const override {
    Json call;
    if (i == 0)
      call["extra_content"]["google"]["thought_signature"] =
          std::string(kPretendSignature) + answer.calls[i].id;
    call.update(Shape::tool_call(answer, i));
    return call;
  }
  [[nodiscard]] std::vector<Delta> deltas(const Answer& answer) const override {
    std::vector<Delta> deltas;
    for (const std::string& word : answer.words)
      deltas.push_back({{{"role", "assistant"}, {"content", word}}, 1});
    if (!answer.calls.empty()) {
      Delta calls{{{"role", "assistant"}}, 0};
      for (std::size_t i = 0; i < answer.calls.size(); ++i) {
        calls.message["tool_calls"].push_back(tool_call(answer, i));
        calls.tokens += answer.calls[i].tokens;
      }
      deltas.push_back(std::move(calls));
    }
    if (deltas.empty()) deltas.push_back({{{"role", "assistant"}}, 0});
    deltas.front().tokens += answer.thought.size();
    return deltas;
  }
  [[nodiscard]] Json usage(const ChatAsk& ask, const Answer& answer, std::uint64_t written) const override {
    Json usage;
    usage["completion_tokens"] = written - std::min<std::uint64_t>(written, answer.thought.size());
    usage["prompt_tokens"] = ask.ask.prompt_tokens;
    usage["total_tokens"] = ask.ask.prompt_tokens + written;
    return usage;
  }
  void add_to_chunk(Json& chunk, const Place& place, const ChatAsk& ask,
                    const Answer& answer) const override {
    if (ask.include_usage) chunk["usage"] = usage(ask, answer, place.written);
  }
  [[nodiscard]] bool has_usage_chunk(const ChatAsk& /*ask*/) const override { return false; }
};

std::unique_ptr<Quotas> make_quotas(const ProviderSpec& spec) {
  return std::make_unique<GeminiQuotas>(spec.limits);
}

constexpr auto kModel = KnownLimit::Of::model;
constexpr std::array<KnownLimit, 3> kKnown{{
    {"rpm", &Limits::requests_per_minute, "sliding", kModel},
    {"rpd", &Limits::requests_per_day, "calendar, zone: America/Los_Angeles", kModel},
    {"itpm", &Limits::tokens_per_minute, "sliding", kModel},
}};

}  // namespace

const MannerParts& gemini_parts() {
  static const GeminiFaults kFaults;
  static const GeminiShape kShape;
  static const MannerParts kParts{"gemini", "gemini", "/v1beta/openai", make_quotas, &kFaults,
                                  &kShape,  kKnown};
  return kParts;
}

}  // namespace weir::pretend
