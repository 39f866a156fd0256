#include "weir/providers/signals.hpp"

#include <algorithm>
#include <chrono>

#include "providers/refusal_prose.hpp"
#include "providers/value_formats.hpp"
#include "weir/wire/answer.hpp"

namespace weir::providers {
namespace {

constexpr Duration kMinute = std::chrono::minutes(1);

// The moment from which an answer's absolute times count: its own clock where it shows one.
WallTime answer_time(const http::Fields& fields, WallTime now) {
  return parse_http_date(fields.get("date")).value_or(now);
}

quota::Observation& of_window(std::vector<quota::Observation>& all, const HeaderRule& rule) {
  const auto known = std::ranges::find_if(all, [&](const quota::Observation& o) {
    return o.dimension == rule.dimension && o.period == rule.period;
  });
  if (known != all.end()) return *known;
  quota::Observation fresh;
  fresh.dimension = rule.dimension;
  fresh.period = rule.period;
  return all.emplace_back(fresh);
}

// A reset alone tells nothing of what is left.
bool says_something(const quota::Observation& o) {
  return o.limit || o.remaining;
}

AnswerClass class_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return AnswerClass::auth;
    case 402:
      return AnswerClass::payment_required;
    case 404:
    case 410:
      return AnswerClass::model_unavailable;
    case 413:
      return AnswerClass::request_too_large;
    case 429:
      return AnswerClass::rate_limited;
    case 498:  // Groq's flex tier
    case 503:
    case 529:  // Anthropic's "overloaded"
      return AnswerClass::capacity;
    case 408:
    case 409:
    case 499:  // an inner proxy gave up
      return AnswerClass::server_error;
    default:
      if (status >= 200 && status < 300) return AnswerClass::ok;
      return status >= 400 && status < 500 ? AnswerClass::invalid_request : AnswerClass::server_error;
  }
}

// The longest window at 0 remaining: what ends last is what refuses.
const quota::Observation* spent_window(std::span<const quota::Observation> observed) {
  const quota::Observation* spent = nullptr;
  for (const quota::Observation& o : observed) {
    if (o.remaining != std::uint64_t{0}) continue;
    if (spent == nullptr || o.period.length > spent->period.length) spent = &o;
  }
  return spent;
}

void name_window(Verdict& verdict, const RefusalProse& prose, const quota::Observation* spent) {
  if (prose.dimension && prose.period) {
    verdict.dimension = prose.dimension;
    verdict.period = prose.period;
    quota::Observation& stated = verdict.stated.emplace();
    stated.dimension = *prose.dimension;
    stated.period = *prose.period;
    stated.limit = prose.limit;
    if (prose.limit && prose.used) stated.remaining = *prose.limit - std::min(*prose.limit, *prose.used);
  } else if (spent != nullptr) {
    verdict.dimension = spent->dimension;
    verdict.period = spent->period;
  }
}

std::optional<Duration> wait_of(const http::Fields& fields, const RefusalProse& prose,
                                const quota::Observation* spent, WallTime now) {
  const auto header = retry_after(fields, now);
  if (header || prose.wait)
    return std::max(header.value_or(Duration::zero()), prose.wait.value_or(Duration::zero()));
  if (prose.dimension) return std::nullopt;  // the resets may be those of other windows
  if (fields.get("x-ratelimit-remaining") == "0")
    return parse_wait_of_any_form(fields.get("x-ratelimit-reset"), answer_time(fields, now));
  if (spent != nullptr && spent->period.length <= kMinute) return spent->reset;
  return std::nullopt;
}

bool out_of_credit(const wire::ErrorText& words) {
  return words.code == "insufficient_quota" || words.type == "insufficient_quota";
}

void classify_429(Verdict& verdict, const http::Fields& fields, const wire::ErrorText& words,
                  std::span<const quota::Observation> observed, WallTime now) {
  const RefusalProse prose = read_refusal_prose(words.message);
  const quota::Observation* spent = spent_window(observed);
  name_window(verdict, prose, spent);
  if (prose.never_fits()) {
    verdict.answer_class = AnswerClass::request_too_large;
    return;
  }
  verdict.wait = wait_of(fields, prose, spent, now);
  if (out_of_credit(words) && !verdict.wait) {
    verdict.answer_class = AnswerClass::payment_required;
    verdict.whole_account = true;
    return;
  }
  const bool long_window = verdict.period && verdict.period->unit != quota::Period::Unit::span;
  if (long_window || verdict.wait > kMinute) verdict.answer_class = AnswerClass::quota_exhausted;
}

}  // namespace

std::optional<Duration> retry_after(const http::Fields& fields, WallTime now) {
  // Milliseconds from the zero of time are milliseconds.
  if (const auto wait = parse_wait(fields.get("retry-after-ms"), ValueFormat::unix_ms, WallTime{}))
    return wait;
  const std::string_view value = fields.get("retry-after");
  if (const auto wait = parse_wait(value, ValueFormat::seconds, now)) return wait;
  const auto at = parse_http_date(value);
  if (!at) return std::nullopt;
  const Duration wait = *at - answer_time(fields, now);
  if (wait < Duration::zero() || wait > kLongestWait) return std::nullopt;
  return wait;
}

std::vector<quota::Observation> observations(std::span<const HeaderRule> rules, const http::Fields& fields,
                                             WallTime now) {
  std::vector<quota::Observation> all;
  const WallTime base = answer_time(fields, now);
  for (const HeaderRule& rule : rules) {
    const auto value = fields.find(rule.header);
    if (!value) continue;
    quota::Observation& window = of_window(all, rule);
    switch (rule.field) {
      case HeaderField::limit:
        window.limit = parse_count_value(*value);
        break;
      case HeaderField::remaining:
        window.remaining = parse_count_value(*value);
        break;
      case HeaderField::reset:
        window.reset = parse_wait(*value, rule.format, base);
        break;
    }
  }
  std::erase_if(all, [](const quota::Observation& o) { return !says_something(o); });
  return all;
}

std::string_view name(AnswerClass answer_class) noexcept {
  switch (answer_class) {
    case AnswerClass::ok:
      return "ok";
    case AnswerClass::rate_limited:
      return "rate_limited";
    case AnswerClass::quota_exhausted:
      return "quota_exhausted";
    case AnswerClass::request_too_large:
      return "request_too_large";
    case AnswerClass::capacity:
      return "capacity";
    case AnswerClass::payment_required:
      return "payment_required";
    case AnswerClass::auth:
      return "auth";
    case AnswerClass::model_unavailable:
      return "model_unavailable";
    case AnswerClass::invalid_request:
      return "invalid_request";
    case AnswerClass::server_error:
      return "server_error";
  }
  return "unknown";
}

Verdict classify(int status, const http::Fields& fields, std::string_view body,
                 std::span<const quota::Observation> observed, WallTime now) {
  Verdict verdict;
  verdict.answer_class = class_of(status);
  if (verdict.answer_class == AnswerClass::ok) return verdict;
  const wire::ErrorText words = wire::read_error_body(body);
  verdict.message = words.message;
  if (verdict.answer_class == AnswerClass::rate_limited) {
    classify_429(verdict, fields, words, observed, now);
  } else if (verdict.answer_class == AnswerClass::request_too_large) {
    name_window(verdict, read_refusal_prose(words.message), nullptr);  // its retry-after means nothing
  } else if (verdict.answer_class == AnswerClass::capacity ||
             verdict.answer_class == AnswerClass::server_error) {
    verdict.wait = retry_after(fields, now);
  }
  verdict.whole_account = verdict.whole_account || status == 401;
  return verdict;
}

}  // namespace weir::providers
