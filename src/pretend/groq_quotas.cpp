#include "pretend/groq_quotas.hpp"

#include <array>
#include <chrono>

#include "weir/base/units.hpp"

namespace weir::pretend {
namespace {

constexpr Duration kMinute = std::chrono::minutes(1);
constexpr Duration kDay = std::chrono::hours(24);

std::string subject(const Ask& ask, std::string_view words) {
  return "for model `" + ask.model + "` in organization `org_pretend` service tier `on_demand` on " +
         std::string(words);
}

void add_retry_after(Reply& reply, Duration wait) {
  reply.head.fields.add("retry-after", std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count()));
}

}  // namespace

GroqQuotas::Buckets::Buckets(const Limits& limits)
    : requests_minute(limits.requests_per_minute, kMinute),
      requests_day(limits.requests_per_day, kDay),
      tokens_minute(limits.tokens_per_minute, kMinute),
      tokens_day(limits.tokens_per_day, kDay) {}

std::optional<Reply> GroqQuotas::admit(const Ask& ask, Instant now) {
  Buckets& buckets = buckets_of(ask.model);
  const std::uint64_t tokens = charge(ask);
  const std::array<Claim, 4> claims{{
      {&buckets.requests_minute, 1, "requests per minute (RPM)", "requests"},
      {&buckets.requests_day, 1, "requests per day (RPD)", "requests"},
      {&buckets.tokens_minute, tokens, "tokens per minute (TPM)", "tokens"},
      {&buckets.tokens_day, tokens, "tokens per day (TPD)", "tokens"},
  }};
  for (const Claim& claim : claims)
    if (!claim.bucket->ever_fits(claim.cost)) return too_large(ask, claim, now);
  for (const Claim& claim : claims) {
    const Duration wait = claim.bucket->wait(claim.cost, now.boot);
    if (wait > Duration::zero()) return refusal(ask, claim, wait, now);
  }
  for (const Claim& claim : claims) claim.bucket->take(claim.cost, now.boot);
  return std::nullopt;
}

void GroqQuotas::describe(const Ask& ask, std::uint64_t /*completion_tokens*/, Instant now,
                          http::Fields& fields) const {
  const auto known = models_.find(ask.model);
  if (known == models_.end()) return;
  const auto add = [&](const std::string& what, const RefillBucket& bucket) {
    if (bucket.limit() == 0) return;
    fields.add("x-ratelimit-limit-" + what, std::to_string(bucket.limit()));
    fields.add("x-ratelimit-remaining-" + what, std::to_string(bucket.remaining(now.boot)));
    fields.add("x-ratelimit-reset-" + what, format_openai_duration(bucket.until_full(now.boot)));
  };
  add("requests", known->second.requests_day);
  add("tokens", known->second.tokens_minute);
}

void GroqQuotas::finish(const Ask& ask, std::uint64_t completion_tokens, Instant now) {
  const std::uint64_t used = ask.prompt_tokens + completion_tokens;
  const std::uint64_t unused = charge(ask) - std::min(charge(ask), used);
  Buckets& buckets = buckets_of(ask.model);
  buckets.tokens_minute.give_back(unused, now.boot);
  buckets.tokens_day.give_back(unused, now.boot);
}

std::uint64_t GroqQuotas::charge(const Ask& ask) const {
  return ask.prompt_tokens + ask.max_tokens.value_or(default_max_tokens_);
}

GroqQuotas::Buckets& GroqQuotas::buckets_of(const std::string& model) {
  return models_.try_emplace(model, limits_).first->second;
}

Reply GroqQuotas::too_large(const Ask& ask, const Claim& claim, Instant now) const {
  Reply reply = error_reply(
      413,
      "Request too large " + subject(ask, claim.words) + ": Limit " + std::to_string(claim.bucket->limit()) +
          ", Requested " + std::to_string(claim.cost) + ", please reduce your message size and try again.",
      std::string(claim.type), "rate_limit_exceeded");
  describe(ask, 0, now, reply.head.fields);
  // Groq sends one here too, and it means nothing.
  add_retry_after(reply, claim.bucket->until_full(now.boot) + std::chrono::seconds(1));
  return reply;
}

Reply GroqQuotas::refusal(const Ask& ask, const Claim& claim, Duration wait, Instant now) const {
  Reply reply = error_reply(
      429,
      "Rate limit reached " + subject(ask, claim.words) + ": Limit " + std::to_string(claim.bucket->limit()) +
          ", Used " + std::to_string(claim.bucket->used(now.boot)) + ", Requested " +
          std::to_string(claim.cost) + ". Please try again in " + format_openai_duration(wait) + ".",
      std::string(claim.type), "rate_limit_exceeded");
  describe(ask, 0, now, reply.head.fields);
  add_retry_after(reply, wait);
  return reply;
}

}  // namespace weir::pretend
