#include <array>
#include <chrono>
#include <nlohmann/json.hpp>

#include "pretend/manner.hpp"
#include "pretend/rungs.hpp"

// Mistral's platform as it was measured in August 2026, and its OpenAPI document.
namespace weir::pretend {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using Counts = Rung::Counts;
using Kind = WindowRule::Kind;

constexpr Duration kMinute = std::chrono::minutes(1);

Rungs make_rungs(const Limits& limits) {
  Rungs rungs;
  rungs.add(Counts::requests, "minute",
            {.kind = Kind::aligned, .limit = limits.requests_per_minute, .period = kMinute});
  rungs.add(Counts::tokens, "minute",
            {.kind = Kind::aligned, .limit = limits.tokens_per_minute, .period = kMinute});
  rungs.add(Counts::tokens, "month", {.kind = Kind::month, .limit = limits.tokens_per_month});
  return rungs;
}

// The prompt counts at once, what is written when it has been.
class MistralQuotas final : public Quotas {
 public:
  explicit MistralQuotas(const Limits& limits) : models_(limits, make_rungs) {}

  std::optional<Reply> admit(const Ask& ask, Instant now) override {
    Rungs& rungs = models_.of(ask.model);
    const auto refused = rungs.refused(ask.prompt_tokens, now);
    if (!refused.empty()) return refusal(ask, *refused.front().rung, now);
    rungs.take(ask.prompt_tokens, now);
    return std::nullopt;
  }
  void describe(const Ask& ask, std::uint64_t completion_tokens, Instant now,
                http::Fields& fields) const override {
    if (ask.stream) {
      fields.add("x-max-retry-attempts-reached", "false");
      return;
    }
    const Rungs* rungs = models_.find(ask.model);
    if (rungs == nullptr) return;
    for (const Rung& rung : rungs->all())
      add_pair(rung, rung.counts == Counts::tokens ? completion_tokens : 0, now, fields);
    fields.add("x-ratelimit-tokens-query-cost", std::to_string(ask.prompt_tokens + completion_tokens));
  }
  void finish(const Ask& ask, std::uint64_t completion_tokens, Instant now) override {
    models_.of(ask.model).take_tokens(completion_tokens, now);
  }

 private:
  static void add_pair(const Rung& rung, std::uint64_t more, Instant now, http::Fields& fields) {
    const std::string what =
        (rung.counts == Counts::requests ? "req-" : "tokens-") + std::string(rung.period);
    const std::uint64_t left = rung.remaining(now);
    fields.add("x-ratelimit-limit-" + what, std::to_string(rung.limit));
    fields.add("x-ratelimit-remaining-" + what, std::to_string(left - std::min(left, more)));
  }

  // Only the pair of the rung that refused. A month's comes from the gateway in front, in its short form.
  static Reply refusal(const Ask& ask, const Rung& rung, Instant now) {
    ordered_json body;
    if (rung.period == "month") {
      body = {{"message", "Rate limit exceeded"}, {"code", "1300"}};
    } else {
      body = {{"object", "error"},      {"message", "Rate limit exceeded"},
              {"type", "rate_limited"}, {"param", nullptr},
              {"code", "1300"},         {"raw_status_code", 429}};
    }
    Reply reply = json_reply(429, body);
    add_pair(rung, 0, now, reply.head.fields);
    reply.head.fields.add("x-ratelimit-tokens-query-cost", std::to_string(ask.prompt_tokens));
    return reply;
  }

  RungsByModel models_;
};

class MistralFaults final : public Faults {
 public:
  [[nodiscard]] Reply malformed(const std::string& message) const override {
    return flat(400, message, "invalid_request_error", nullptr);
  }
  [[nodiscard]] Reply bad_key() const override {
    return json_reply(401, ordered_json{{"detail", "Unauthorized"}});
  }
  [[nodiscard]] Reply unknown_model(const std::string& model) const override {
    return flat(400, "Invalid model: " + model, "invalid_model", "1500");
  }
  [[nodiscard]] Reply too_long(std::uint64_t tokens, std::uint64_t context) const override {
    return flat(400,
                "Prompt contains " + std::to_string(tokens) + " tokens, too large for model with " +
                    std::to_string(context) + " maximum context length",
                "invalid_request_prompt", "3051");
  }
  [[nodiscard]] std::vector<Breach> breaches(const json& request) const override {
    return mistral_breaches(request);
  }
  // The schema's breaches all at once; what stands behind the schema one by one, with a code.
  [[nodiscard]] Reply refused(const std::vector<Breach>& breaches) const override {
    ordered_json detail = ordered_json::array();
    for (const Breach& breach : breaches)
      if (breach.code.empty())
        detail.push_back(ordered_json{
            {"type", breach.type}, {"loc", breach.path}, {"msg", breach.words}, {"input", breach.input}});
    const Breach& first = breaches.front();
    if (detail.empty()) return flat(400, first.words, first.type.c_str(), first.code);
    return flat(422, ordered_json{{"detail", detail}}, "invalid_request_error", nullptr);
  }

 private:
  static Reply flat(int status, const ordered_json& message, const char* type, const ordered_json& code) {
    ordered_json body;
    body["object"] = "error";
    body["message"] = message;
    body["type"] = type;
    body["param"] = nullptr;
    body["code"] = code;
    body["raw_status_code"] = status;
    return json_reply(status, body);
  }
};

// Reasoning is a part of the content, which then is a list; usage comes unasked with the finish_reason.
class MistralShape final : public Shape {
 public:
  [[nodiscard]] std::string call_id(std::uint64_t number) const override {
    return made_up_id(number, 9, kLettersAndDigits);
  }

 protected:
  [[nodiscard]] Json message(const Answer& answer) const override {
    Json message = Shape::message(answer);
    if (message["content"].is_null()) message["content"] = "";
    if (answer.thought.empty()) return message;
    std::string thought;
    for (const std::string& word : answer.thought) thought += word;
    Json content = Json::array({thinking(thought)});
    if (!answer.words.empty()) content.push_back({{"type", "text"}, {"text", message["content"]}});
    message["content"] = std::move(content);
    return message;
  }
  [[nodiscard]] std::vector<Delta> deltas(const Answer& answer) const override {
    std::vector<Delta> deltas;
    deltas.push_back({{{"role", "assistant"}, {"content", ""}}, 0});
    for (const std::string& word : answer.thought) {
      Json message;
      message["content"] = Json::array({thinking(word)});
      deltas.push_back({std::move(message), 1});
    }
    for (const std::string& word : answer.words) deltas.push_back({{{"content", word}}, 1});
    deltas.push_back({{{"content", ""}}, 0});
    for (std::size_t i = 0; i < answer.calls.size(); ++i) {
      Json call = tool_call(answer, i);
      call["index"] = i;
      deltas.back().message["tool_calls"].push_back(std::move(call));
      deltas.back().tokens += answer.calls[i].tokens;
    }
    return deltas;
  }
  void add_to_chunk(Json& chunk, const Place& place, const ChatAsk& ask,
                    const Answer& answer) const override {
    if (place.last) chunk["usage"] = usage(ask, answer, place.written);
  }
  [[nodiscard]] bool has_usage_chunk(const ChatAsk& /*ask*/) const override { return false; }

 private:
  static Json thinking(const std::string& text) {
    Json part;
    part["type"] = "thinking";
    part["thinking"] = Json::array({Json{{"type", "text"}, {"text", text}}});
    return part;
  }
};

std::unique_ptr<Quotas> make_quotas(const ProviderSpec& spec) {
  return std::make_unique<MistralQuotas>(spec.limits);
}

constexpr auto kModel = KnownLimit::Of::model;
constexpr std::array<KnownLimit, 3> kKnown{{
    {"rpm", &Limits::requests_per_minute, "fixed", kModel},
    {"tpm", &Limits::tokens_per_minute, "fixed", kModel},
    {"tpmo", &Limits::tokens_per_month, "calendar, zone: UTC", kModel},
}};

}  // namespace

const MannerParts& mistral_parts() {
  static const MistralFaults kFaults;
  static const MistralShape kShape;
  static const MannerParts kParts{"mistral", "mistral", "/v1", make_quotas, &kFaults, &kShape, kKnown};
  return kParts;
}

}  // namespace weir::pretend
