#include "pretend/quotas.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "pretend/groq_quotas.hpp"
#include "weir/pretend/windows.hpp"

namespace weir::pretend {
namespace {

using nlohmann::ordered_json;

constexpr Duration kMinute = std::chrono::minutes(1);
constexpr Duration kDay = std::chrono::hours(24);

std::string whole_seconds(Duration wait) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count());
}

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
  void describe(const Ask& /*ask*/, Instant /*now*/, http::Fields& /*fields*/) const override {}
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

// The whole account: a prompt counts at once, what is written when it has been.
class PlainQuotas final : public Quotas {
 public:
  explicit PlainQuotas(const Limits& limits)
      : requests_minute_(limits.requests_per_minute, kMinute),
        requests_day_(limits.requests_per_day, kDay),
        tokens_minute_(limits.tokens_per_minute, kMinute),
        tokens_day_(limits.tokens_per_day, kDay),
        concurrency_(limits.concurrency) {}

  std::optional<Reply> admit(const Ask& ask, Instant now) override {
    if (concurrency_ != 0 && in_flight_ >= concurrency_)
      return refusal("too many requests at the same time", std::chrono::seconds(1));
    for (const ClockWindow* window : {&requests_day_, &requests_minute_})
      if (!window->fits(1, now.wall)) return refusal("too many requests", window->ends(now.wall) - now.wall);
    for (const ClockWindow* window : {&tokens_day_, &tokens_minute_})
      if (!window->fits(ask.prompt_tokens, now.wall))
        return refusal("too many tokens", window->ends(now.wall) - now.wall);
    requests_minute_.take(1, now.wall);
    requests_day_.take(1, now.wall);
    tokens_minute_.take(ask.prompt_tokens, now.wall);
    tokens_day_.take(ask.prompt_tokens, now.wall);
    ++in_flight_;
    return std::nullopt;
  }
  void describe(const Ask& /*ask*/, Instant /*now*/, http::Fields& /*fields*/) const override {}
  void finish(const Ask& /*ask*/, std::uint64_t completion_tokens, Instant now) override {
    --in_flight_;
    tokens_minute_.take(completion_tokens, now.wall);
    tokens_day_.take(completion_tokens, now.wall);
  }

 private:
  static Reply refusal(const std::string& what, Duration wait) {
    Reply reply = error_reply(429, what + ", please slow down", "rate_limit_error", "rate_limit_exceeded");
    reply.head.fields.add("retry-after", whole_seconds(wait));
    return reply;
  }

  ClockWindow requests_minute_;
  ClockWindow requests_day_;
  ClockWindow tokens_minute_;
  ClockWindow tokens_day_;
  std::uint64_t concurrency_;
  std::uint64_t in_flight_ = 0;
};

}  // namespace

std::unique_ptr<Quotas> make_quotas(const ProviderSpec& spec) {
  switch (spec.manner) {
    case Manner::groq:
      return std::make_unique<GroqQuotas>(spec.limits, spec.default_max_tokens);
    case Manner::openrouter:
      return std::make_unique<OpenRouterQuotas>(spec.limits);
    case Manner::plain:
      break;
  }
  return std::make_unique<PlainQuotas>(spec.limits);
}

Reply error_reply(int status, const std::string& message, const std::string& type, const std::string& code) {
  Reply reply;
  reply.head.status = status;
  reply.head.fields.add("content-type", "application/json");
  ordered_json body;
  body["error"]["message"] = message;
  body["error"]["type"] = type;
  if (!code.empty()) body["error"]["code"] = code;
  reply.body = body.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  return reply;
}

}  // namespace weir::pretend
