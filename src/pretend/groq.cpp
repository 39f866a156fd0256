#include <array>
#include <nlohmann/json.hpp>

#include "pretend/groq_quotas.hpp"
#include "pretend/manner.hpp"

// console.groq.com/docs/openai: what isn't supported is a 400.
namespace weir::pretend {
namespace {

class GroqFaults final : public Faults {
 public:
  [[nodiscard]] std::vector<Breach> breaches(const nlohmann::json& request) const override {
    return groq_breaches(request);
  }
  [[nodiscard]] Reply refused(const std::vector<Breach>& breaches) const override {
    const Breach& first = breaches.front();
    const std::string words = first.words.empty() ? "is unsupported" : first.words;
    return error_reply(400, "property '" + dotted_path(first.path) + "' " + words, "invalid_request_error",
                       "");
  }
};

// The finish chunk itself carries usage, in its own place always and in OpenAI's where it was asked for.
class GroqShape final : public Shape {
 public:
  [[nodiscard]] std::string_view context_member() const override { return "context_window"; }

 protected:
  [[nodiscard]] std::string_view thought_member() const override { return "reasoning"; }
  [[nodiscard]] Json usage(const ChatAsk& ask, const Answer& answer, std::uint64_t written) const override {
    Json usage = Shape::usage(ask, answer, written);
    const double seconds = static_cast<double>(written) / 500;
    usage["queue_time"] = 0.03;
    usage["prompt_time"] = 0.01;
    usage["completion_time"] = seconds;
    usage["total_time"] = seconds + 0.01;
    return usage;
  }
  void add_to_whole(Json& body, const ChatAsk& /*ask*/, const Answer& answer) const override {
    body["x_groq"]["id"] = answer.id;
  }
  void add_to_chunk(Json& chunk, const Place& place, const ChatAsk& ask,
                    const Answer& answer) const override {
    if (place.first || place.last) chunk["x_groq"]["id"] = answer.id;
    if (!place.last) return;
    chunk["x_groq"]["usage"] = usage(ask, answer, place.written);
    if (ask.include_usage) chunk["usage"] = usage(ask, answer, place.written);
  }
  [[nodiscard]] bool has_usage_chunk(const ChatAsk& /*ask*/) const override { return false; }
};

std::unique_ptr<Quotas> make_quotas(const ProviderSpec& spec) {
  return std::make_unique<GroqQuotas>(spec.limits, spec.default_max_tokens);
}

constexpr auto kModel = KnownLimit::Of::model;
constexpr std::array<KnownLimit, 4> kKnown{{
    {"rpm", &Limits::requests_per_minute, "refill", kModel},
    {"rpd", &Limits::requests_per_day, "refill", kModel},
    {"tpm", &Limits::tokens_per_minute, "refill", kModel},
    {"tpd", &Limits::tokens_per_day, "refill", kModel},
}};

}  // namespace

const MannerParts& groq_parts() {
  static const GroqFaults kFaults;
  static const GroqShape kShape;
  static const MannerParts kParts{"groq", "groq", "/openai/v1", make_quotas, &kFaults, &kShape, kKnown};
  return kParts;
}

}  // namespace weir::pretend
