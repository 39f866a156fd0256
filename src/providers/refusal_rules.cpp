#include "providers/refusal_rules.hpp"

#include <algorithm>

#include "providers/refusal_prose.hpp"

namespace weir::providers {
namespace {

constexpr SignalRule by_code(std::string_view code, AnswerClass answer_class) {
  return {.match = {.code = code}, .answer_class = answer_class};
}
constexpr SignalRule by_phrase(std::string_view phrase, AnswerClass answer_class) {
  return {.match = {.phrase = phrase}, .answer_class = answer_class};
}
constexpr SignalRule by_phrase(std::uint16_t status, std::string_view phrase, AnswerClass answer_class) {
  return {.match = {.status = status, .phrase = phrase}, .answer_class = answer_class};
}

// The words "quota", "credits" and "capacity" alone are in no rule: they stand in refusals of every kind.
constexpr SignalRule kCommonRules[] = {
    by_phrase(403, "error code: 10", AnswerClass::client_blocked),  // Cloudflare's 1010, 1006, 1020
    by_phrase("retirement brownout", AnswerClass::provider_gone),
    by_phrase("scheduled brownout", AnswerClass::provider_gone),
    by_phrase("service has been retired", AnswerClass::provider_gone),
    by_phrase("has been shut down", AnswerClass::provider_gone),
    by_phrase("service has been discontinued", AnswerClass::provider_gone),

    by_code("context_length_exceeded", AnswerClass::context_too_long),
    by_code("exceed_context_size_error", AnswerClass::context_too_long),
    by_code("context_window_exceeded", AnswerClass::context_too_long),
    by_phrase("maximum context length", AnswerClass::context_too_long),
    by_phrase("available context size", AnswerClass::context_too_long),
    by_phrase("exceeds the context", AnswerClass::context_too_long),
    by_phrase("exceed context", AnswerClass::context_too_long),
    by_phrase("context window", AnswerClass::context_too_long),
    by_phrase("current length is*while limit is", AnswerClass::context_too_long),
    by_phrase("input token count*exceeds the maximum", AnswerClass::context_too_long),
    by_phrase("prompt is too long", AnswerClass::context_too_long),
    by_phrase("input is too long", AnswerClass::context_too_long),
    by_phrase(400, "reduce the length of the messages", AnswerClass::context_too_long),

    by_phrase(403, "requires moderation", AnswerClass::invalid_request),
    by_phrase(403, "flagged", AnswerClass::invalid_request),
    by_phrase(403, "guardrail", AnswerClass::invalid_request),

    by_code("queue_exceeded", AnswerClass::capacity),
    by_code("capacity_exceeded", AnswerClass::capacity),
    by_code("capacity_exhausted", AnswerClass::capacity),
    by_code("service_tier_capacity_exceeded", AnswerClass::capacity),
    by_code("overloaded_error", AnswerClass::capacity),
    by_code("overloaded", AnswerClass::capacity),
    by_code("engine_overloaded", AnswerClass::capacity),
    by_code("provider_overloaded", AnswerClass::capacity),
    by_code("server_overloaded", AnswerClass::capacity),
    {.match = {.phrase = "loading model"},
     .answer_class = AnswerClass::capacity,
     .wait = std::chrono::seconds(2),
     .scope = "provider"},
    by_phrase("capacity exceeded", AnswerClass::capacity),
    by_phrase("exceeded capacity", AnswerClass::capacity),
    by_phrase("at capacity", AnswerClass::capacity),
    by_phrase("over capacity", AnswerClass::capacity),
    by_phrase("out of capacity", AnswerClass::capacity),
    by_phrase("no capacity", AnswerClass::capacity),
    by_phrase("insufficient capacity", AnswerClass::capacity),
    by_phrase("overloaded", AnswerClass::capacity),
    by_phrase("degraded function", AnswerClass::capacity),
    by_phrase("experiencing high", AnswerClass::capacity),  // traffic, demand

    by_phrase("userconcurrentrequests", AnswerClass::concurrency),
    by_phrase("concurrent request", AnswerClass::concurrency),
    by_phrase("concurrency limit", AnswerClass::concurrency),
    by_phrase("max concurrency", AnswerClass::concurrency),
    by_phrase("parallel requests", AnswerClass::concurrency),

    by_code("payment_method_required", AnswerClass::payment_required),
    by_code("payment_required", AnswerClass::payment_required),
    by_code("billing_hard_limit_reached", AnswerClass::payment_required),
    by_code("billing_not_active", AnswerClass::payment_required),
    by_code("insufficient_balance", AnswerClass::payment_required),
    by_phrase("can only afford", AnswerClass::payment_required),
    by_phrase("requires more credits", AnswerClass::payment_required),
    by_phrase("insufficient credits", AnswerClass::payment_required),
    by_phrase("insufficient balance", AnswerClass::payment_required),
    by_phrase("credit balance is too low", AnswerClass::payment_required),
    by_phrase("payment required", AnswerClass::payment_required),
    by_phrase("payment method is required", AnswerClass::payment_required),

    by_code("restrictedmodelserror", AnswerClass::not_on_plan),
    by_code("customer_verification_required", AnswerClass::not_on_plan),
    by_phrase("temporarily have restricted access", AnswerClass::not_on_plan),
    by_phrase("not available on your*plan", AnswerClass::not_on_plan),
    by_phrase("not included in your*plan", AnswerClass::not_on_plan),
    by_phrase("not part of your*plan", AnswerClass::not_on_plan),
    by_phrase("does not include access to", AnswerClass::not_on_plan),
    by_phrase("requires a paid plan", AnswerClass::not_on_plan),
    by_phrase("only available on*paid plan", AnswerClass::not_on_plan),

    by_code("invalid_api_key", AnswerClass::auth),
    by_code("wrong_api_key", AnswerClass::auth),
    by_code("api_key_invalid", AnswerClass::auth),
    by_code("authentication_error", AnswerClass::auth),
    by_phrase("api key not valid", AnswerClass::auth),
    by_phrase("valid api key", AnswerClass::auth),  // and "invalid API key"
    by_phrase("api key expired", AnswerClass::auth),
    by_phrase("incorrect api key", AnswerClass::auth),
    by_phrase("missing api key", AnswerClass::auth),

    {.match = {.phrase = "not found for account"},
     .answer_class = AnswerClass::model_unavailable,
     .scope = "account+model"},
    by_code("model_not_found", AnswerClass::model_unavailable),
    by_code("model_decommissioned", AnswerClass::model_unavailable),
    by_code("model_archived", AnswerClass::model_unavailable),
    by_code("model_not_available", AnswerClass::model_unavailable),
    by_phrase("has been decommissioned", AnswerClass::model_unavailable),
    by_phrase("has been archived", AnswerClass::model_unavailable),
    by_phrase("end of life", AnswerClass::model_unavailable),
    by_phrase("is not a valid model", AnswerClass::model_unavailable),
    by_phrase("model not found", AnswerClass::model_unavailable),
    by_phrase("no endpoints found", AnswerClass::model_unavailable),
    by_phrase("no such model", AnswerClass::model_unavailable),
    by_phrase("unknown model", AnswerClass::model_unavailable),
    by_phrase("model*does not exist", AnswerClass::model_unavailable),
    by_phrase("no longer available to new users", AnswerClass::model_unavailable),
};

}  // namespace

std::span<const SignalRule> common_rules() noexcept {
  return kCommonRules;
}

bool fits(const SignalMatch& match, int status, const wire::ErrorFacts& facts) {
  if (match.status != 0 && match.status != status) return false;
  if (match.untyped && facts.has_type) return false;
  if (!match.code.empty() && std::ranges::find(facts.codes, match.code) == facts.codes.end()) return false;
  return has_phrase(facts.words, match.phrase);
}

const SignalRule* first_fitting(std::span<const SignalRule> rules, int status,
                                const wire::ErrorFacts& facts) {
  const auto rule =
      std::ranges::find_if(rules, [&](const SignalRule& r) { return fits(r.match, status, facts); });
  return rule == rules.end() ? nullptr : &*rule;
}

}  // namespace weir::providers
