#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>

#include "pretend/manner.hpp"
#include "pretend/rungs.hpp"

// Cerebras as its trial answered in August 2026.
namespace weir::pretend {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using Counts = Rung::Counts;

// Reserved for the answer: no more, whatever the request says, and this where it says nothing.
constexpr std::uint64_t kReserved = 16'384;

Rungs make_rungs(const Limits& limits) {
  struct Row {
    Counts counts;
    std::string_view period;
    std::uint64_t limit;
    Duration length;
  };
  const std::array<Row, 6> rows{{
      {Counts::requests, "minute", limits.requests_per_minute, std::chrono::minutes(1)},
      {Counts::requests, "hour", limits.requests_per_hour, std::chrono::hours(1)},
      {Counts::requests, "day", limits.requests_per_day, std::chrono::hours(24)},
      {Counts::tokens, "minute", limits.tokens_per_minute, std::chrono::minutes(1)},
      {Counts::tokens, "hour", limits.tokens_per_hour, std::chrono::hours(1)},
      {Counts::tokens, "day", limits.tokens_per_day, std::chrono::hours(24)},
  }};
  Rungs rungs;
  for (const Row& row : rows)
    rungs.add(row.counts, row.period,
              {.kind = WindowRule::Kind::refill, .limit = row.limit, .period = row.length});
  return rungs;
}

Reply flat(int status, const std::string& message, const char* type, const char* param, const char* code) {
  ordered_json body;
  body["message"] = message;
  body["type"] = type;
  body["param"] = param;
  body["code"] = code;
  return json_reply(status, body);
}

// What was reserved stays charged, used or not.
class CerebrasQuotas final : public Quotas {
 public:
  explicit CerebrasQuotas(const Limits& limits) : models_(limits, make_rungs) {}

  std::optional<Reply> admit(const Ask& ask, Instant now) override {
    Rungs& rungs = models_.of(ask.model);
    const std::uint64_t tokens = ask.prompt_tokens + std::min(ask.max_tokens.value_or(kReserved), kReserved);
    const auto refused = rungs.refused(tokens, now);
    if (!refused.empty()) return refusal(*refused.front().rung);
    rungs.take(tokens, now);
    return std::nullopt;
  }
  void describe(const Ask& ask, std::uint64_t /*completion_tokens*/, Instant now,
                http::Fields& fields) const override {
    const Rungs* rungs = models_.find(ask.model);
    if (rungs == nullptr) return;
    for (const Rung& rung : rungs->all()) {
      const std::string what = words_of(rung) + "-" + std::string(rung.period);
      fields.add("x-ratelimit-limit-" + what, std::to_string(rung.limit));
      fields.add("x-ratelimit-remaining-" + what, std::to_string(rung.remaining(now)));
    }
  }
  void finish(const Ask& /*ask*/, std::uint64_t /*completion_tokens*/, Instant /*now*/) override {}

 private:
  static std::string words_of(const Rung& rung) {
    return rung.counts == Counts::requests ? "requests" : "tokens";
  }

  // A minute's is said to last 57 to 60 seconds, whatever it really is; the others almost their whole length.
  Reply refusal(const Rung& rung) {
    const bool requests = rung.counts == Counts::requests;
    const std::string what = requests ? "Requests" : "Tokens";
    Reply reply = flat(429,
                       what + " per " + std::string(rung.period) + " limit exceeded - too many " +
                           words_of(rung) + (requests ? " sent." : " processed."),
                       requests ? "too_many_requests_error" : "too_many_tokens_error", "quota",
                       requests ? "request_quota_exceeded" : "token_quota_exceeded");
    const std::uint64_t wait = rung.period == "minute" ? 57 + refusals_++ % 4
                               : rung.period == "hour" ? 3'599
                                                       : 86'399;
    reply.head.fields.add("retry-after", std::to_string(wait));
    return reply;
  }

  RungsByModel models_;
  std::uint64_t refusals_ = 0;
};

class CerebrasFaults final : public Faults {
 public:
  [[nodiscard]] Reply malformed(const std::string& message) const override {
    return flat(400, message, "invalid_request_error", "validation_error", "wrong_api_format");
  }
  [[nodiscard]] Reply bad_key() const override {
    return flat(401, "Wrong API Key", "invalid_request_error", "api_key", "wrong_api_key");
  }
  [[nodiscard]] Reply unknown_model(const std::string& model) const override {
    return flat(404, "Model " + model + " does not exist or you do not have access to it.", "not_found_error",
                "model", "model_not_found");
  }
  [[nodiscard]] Reply too_long(std::uint64_t tokens, std::uint64_t context) const override {
    return flat(400,
                "Please reduce the length of the messages or completion. Current length is " +
                    std::to_string(tokens) + " while limit is " + std::to_string(context),
                "invalid_request_error", "messages", "context_length_exceeded");
  }
  [[nodiscard]] std::vector<Breach> breaches(const json& request) const override {
    return cerebras_breaches(request);
  }
  [[nodiscard]] Reply refused(const std::vector<Breach>& breaches) const override {
    const Breach& first = breaches.front();
    const std::string path = "body." + dotted_path(first.path);
    return malformed(path + ": property '" + path + "' " +
                     (first.words.empty() ? "is unsupported" : first.words));
  }
};

// Usage and times stand in the last chunk, asked for or not.
class CerebrasShape final : public Shape {
 protected:
  [[nodiscard]] std::string_view thought_member() const override { return "reasoning"; }
  void add_to_whole(Json& body, const ChatAsk& /*ask*/, const Answer& answer) const override {
    body["time_info"] = times(answer);
  }
  void add_to_chunk(Json& chunk, const Place& place, const ChatAsk& ask,
                    const Answer& answer) const override {
    if (!place.last) return;
    chunk["usage"] = usage(ask, answer, place.written);
    chunk["time_info"] = times(answer);
  }
  [[nodiscard]] bool has_usage_chunk(const ChatAsk& /*ask*/) const override { return false; }

 private:
  static Json times(const Answer& answer) {
    const double seconds = static_cast<double>(answer.tokens()) / 2000;
    return {{"queue_time", 0.0001},
            {"prompt_time", 0.001},
            {"completion_time", seconds},
            {"total_time", seconds + 0.0011},
            {"created", answer.created}};
  }
};

std::unique_ptr<Quotas> make_quotas(const ProviderSpec& spec) {
  return std::make_unique<CerebrasQuotas>(spec.limits);
}

constexpr auto kModel = KnownLimit::Of::model;
constexpr std::array<KnownLimit, 6> kKnown{{
    {"rpm", &Limits::requests_per_minute, "refill", kModel},
    {"rph", &Limits::requests_per_hour, "refill", kModel},
    {"rpd", &Limits::requests_per_day, "refill", kModel},
    {"tpm", &Limits::tokens_per_minute, "refill", kModel},
    {"tph", &Limits::tokens_per_hour, "refill", kModel},
    {"tpd", &Limits::tokens_per_day, "refill", kModel},
}};

}  // namespace

const MannerParts& cerebras_parts() {
  static const CerebrasFaults kFaults;
  static const CerebrasShape kShape;
  static const MannerParts kParts{"cerebras", "cerebras", "/v1", make_quotas, &kFaults, &kShape, kKnown};
  return kParts;
}

}  // namespace weir::pretend
