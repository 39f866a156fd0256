#include <array>
#include <chrono>
#include <nlohmann/json.hpp>

#include "pretend/manner.hpp"
#include "pretend/rungs.hpp"

// Cohere's compatibility API with a trial key, 2026-08.
namespace weir::pretend {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using Counts = Rung::Counts;
using Kind = WindowRule::Kind;

constexpr Duration kMinute = std::chrono::minutes(1);

Rungs make_minute(const Limits& limits) {
  Rungs rungs;
  rungs.add(Counts::requests, "minute",
            {.kind = Kind::sliding, .limit = limits.requests_per_minute, .period = kMinute});
  return rungs;
}

Reply flat(int status, const std::string& message) {
  return json_reply(status,
                    ordered_json{{"id", "00000000-0000-4000-8000-000000000000"}, {"message", message}});
}

class CohereQuotas final : public Quotas {
 public:
  explicit CohereQuotas(const Limits& limits) : limits_(limits), models_(limits, make_minute) {
    month_.add(Counts::requests, "month", {.kind = Kind::month, .limit = limits.requests_per_month});
  }

  std::optional<Reply> admit(const Ask& ask, Instant now) override {
    Rungs& minute = models_.of(ask.model);
    for (const Rungs* rungs : {&month_, &minute})
      if (const auto refused = rungs->refused(0, now); !refused.empty())
        return refusal(*refused.front().rung);
    month_.take(0, now);
    minute.take(0, now);
    return std::nullopt;
  }
  // Of the month only the limit; what is left of it nobody says.
  void describe(const Ask& ask, std::uint64_t /*completion_tokens*/, Instant now,
                http::Fields& fields) const override {
    if (const std::uint64_t limit = limits_.requests_per_minute; limit != 0) {
      const Rungs* minute = models_.find(ask.model);
      const std::uint64_t left = minute == nullptr ? limit : minute->all().front().remaining(now);
      fields.add("x-trial-endpoint-call-limit", std::to_string(limit));
      fields.add("x-trial-endpoint-call-remaining", std::to_string(left));
    }
    if (limits_.requests_per_month != 0)
      fields.add("x-endpoint-monthly-call-limit", std::to_string(limits_.requests_per_month));
  }
  void describe_error(const Ask& ask, Instant now, http::Fields& fields) const override {
    describe(ask, 0, now, fields);
  }
  void finish(const Ask& /*ask*/, std::uint64_t /*completion_tokens*/, Instant /*now*/) override {}

 private:
  static Reply refusal(const Rung& rung) {
    return flat(429,
                "You are using a Trial key, which is limited to " + std::to_string(rung.limit) +
                    " API calls / " + std::string(rung.period) +
                    ". You can continue to use the Trial key for free or upgrade to a Production key with "
                    "higher rate limits at 'https://dashboard.cohere.com/api-keys'.");
  }

  Limits limits_;
  Rungs month_;
  RungsByModel models_;
};

class CohereFaults final : public Faults {
 public:
  [[nodiscard]] Reply malformed(const std::string& message) const override {
    return flat(400, "invalid request: " + message);
  }
  [[nodiscard]] Reply bad_key() const override { return flat(401, "invalid api token"); }
  [[nodiscard]] Reply unknown_model(const std::string& model) const override {
    return flat(404,
                "model '" + model +
                    "' not found, make sure the correct model ID was used and that you have access to the "
                    "model.");
  }
  [[nodiscard]] Reply too_long(std::uint64_t tokens, std::uint64_t context) const override {
    return flat(400, "too many tokens: this model's maximum context length is " + std::to_string(context) +
                         " tokens and the request has " + std::to_string(tokens));
  }
  [[nodiscard]] std::vector<Breach> breaches(const json& request) const override {
    return cohere_breaches(request);
  }
  [[nodiscard]] Reply refused(const std::vector<Breach>& breaches) const override {
    const Breach& first = breaches.front();
    const std::string path = path_text(first.path);
    if (path == "reasoning_effort")
      return flat(422,
                  "unprocessable entity: reasoning_effort 'medium' and 'low' are not supported. Use 'high' "
                  "instead");
    return flat(422, "unprocessable entity: " + path + " " +
                         (first.words.empty() ? "is not supported" : first.words));
  }
};

class CohereShape final : public Shape {};

std::unique_ptr<Quotas> make_quotas(const ProviderSpec& spec) {
  return std::make_unique<CohereQuotas>(spec.limits);
}

constexpr std::array<KnownLimit, 2> kKnown{{
    {"rpm", &Limits::requests_per_minute, "sliding", KnownLimit::Of::model},
    {"rpmo", &Limits::requests_per_month, "calendar, zone: UTC"},
}};

}  // namespace

const MannerParts& cohere_parts() {
  static const CohereFaults kFaults;
  static const CohereShape kShape;
  static const MannerParts kParts{"cohere", "cohere", "/compatibility/v1", make_quotas, &kFaults,
                                  &kShape,  kKnown};
  return kParts;
}

}  // namespace weir::pretend
