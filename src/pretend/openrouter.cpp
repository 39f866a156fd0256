#include "pretend/manner.hpp"

#include <chrono>
#include <nlohmann/json.hpp>

#include "weir/pretend/windows.hpp"

namespace weir::pretend {
namespace {

using nlohmann::ordered_json;

constexpr Duration kMinute = std::chrono::minutes(1);
constexpr Duration kDay = std::chrono::hours(24);

// One pool of the account over its free models.
class OpenRouterQuotas final : public Quotas {
 public:
  explicit OpenRouterQuotas(const Limits& limits)
      : minute_(limits.requests_per_minute, kMinute), day_(limits.requests_per_day, kDay) {}

  std::optional<Reply> admit(const Ask& ask, Instant now) override {
    if (!ask.model.ends_with(":free")) return std::nullopt;
    if (!day_.fits(1, now.wall))
      return refusal(day_, "free-models-per-day. Add 10 credits to unlock 1000 free model requests per day",
                     "openrouter_free_tier_daily", now.wall);
    if (!minute_.fits(1, now.wall))
      return refusal(minute_, "free-models-per-min. ", "openrouter_free_tier_per_minute", now.wall);
    minute_.take(1, now.wall);
    day_.take(1, now.wall);
    return std::nullopt;
  }
  void describe(const Ask& /*ask*/, std::uint64_t /*completion_tokens*/, Instant /*now*/,
                http::Fields& /*fields*/) const override {}
  void finish(const Ask& /*ask*/, std::uint64_t /*completion_tokens*/, Instant /*now*/) override {}

 private:
  static Reply refusal(const ClockWindow& window, const std::string& words, const char* source,
                       WallTime now) {
    const auto reset =
        std::chrono::ceil<std::chrono::milliseconds>(window.ends(now).time_since_epoch()).count();
    const std::string limit = std::to_string(window.limit());
    Reply reply;
    reply.head.status = 429;
    reply.head.fields.add("content-type", "application/json");
    reply.head.fields.add("x-ratelimit-limit", limit);
    reply.head.fields.add("x-ratelimit-remaining", "0");
    reply.head.fields.add("x-ratelimit-reset", std::to_string(reset));
    ordered_json headers;
    headers["X-RateLimit-Limit"] = limit;
    headers["X-RateLimit-Remaining"] = "0";
    headers["X-RateLimit-Reset"] = std::to_string(reset);
    ordered_json body;
    body["error"]["message"] = "Rate limit exceeded: " + words;
    body["error"]["code"] = 429;
    body["error"]["metadata"]["headers"] = headers;
    body["error"]["metadata"]["limit_source"] = source;
    reply.body = body.dump();
    return reply;
  }

  ClockWindow minute_;
  ClockWindow day_;
};

// Comments keep a stream alive, and its usage comes unasked.
class OpenRouterShape final : public Shape {
 public:
  void add_to_head(http::Fields& fields, const Answer& answer) const override {
    fields.add("x-generation-id", answer.id);
  }

 protected:
  [[nodiscard]] std::string_view thought_member() const override { return "reasoning"; }
  [[nodiscard]] bool has_usage_chunk(const ChatAsk& /*ask*/) const override { return true; }
  [[nodiscard]] std::string_view opening_comment() const override { return ": OPENROUTER PROCESSING\n\n"; }
};

std::unique_ptr<Quotas> make_quotas(const ProviderSpec& spec) {
  return std::make_unique<OpenRouterQuotas>(spec.limits);
}

}  // namespace

const MannerParts& openrouter_parts() {
  static const Faults kFaults;
  static const OpenRouterShape kShape;
  // Its limits are a pool over patterns, which known_limits can't say: see configuration.cpp.
  static const MannerParts kParts{"openrouter", "openrouter", "/api/v1", make_quotas, &kFaults, &kShape, {}};
  return kParts;
}

}  // namespace weir::pretend
