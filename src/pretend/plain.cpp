#include "pretend/manner.hpp"

#include <array>
#include <chrono>

#include "weir/pretend/windows.hpp"

namespace weir::pretend {
namespace {

constexpr Duration kMinute = std::chrono::minutes(1);
constexpr Duration kDay = std::chrono::hours(24);

std::string whole_seconds(Duration wait) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count());
}

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
  void describe(const Ask& /*ask*/, std::uint64_t /*completion_tokens*/, Instant /*now*/,
                http::Fields& /*fields*/) const override {}
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

std::unique_ptr<Quotas> make_quotas(const ProviderSpec& spec) {
  return std::make_unique<PlainQuotas>(spec.limits);
}

constexpr std::array<KnownLimit, 4> kKnown{{
    {"rpm", &Limits::requests_per_minute, "fixed"},
    {"rpd", &Limits::requests_per_day, "fixed"},
    {"tpm", &Limits::tokens_per_minute, "fixed"},
    {"tpd", &Limits::tokens_per_day, "fixed"},
}};

}  // namespace

const MannerParts& plain_parts() {
  static const Faults kFaults;
  static const Shape kShape;
  static const MannerParts kParts{"plain", "openai_compatible", "/v1", make_quotas, &kFaults, &kShape,
                                  kKnown};
  return kParts;
}

}  // namespace weir::pretend
