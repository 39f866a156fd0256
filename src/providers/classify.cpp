#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "providers/header_windows.hpp"
#include "providers/refusal_prose.hpp"
#include "providers/refusal_rules.hpp"
#include "providers/refusal_wait.hpp"
#include "providers/value_formats.hpp"
#include "weir/base/text.hpp"
#include "weir/providers/signals.hpp"
#include "weir/wire/answer.hpp"
#include "weir/wire/error_facts.hpp"

namespace weir::providers {
namespace {

constexpr Duration kMinute = std::chrono::minutes(1);

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
    case 425:
    case 499:  // an inner proxy gave up
      return AnswerClass::server_error;
    default:
      if (status >= 200 && status < 300) return AnswerClass::ok;
      return status >= 400 && status < 500 ? AnswerClass::invalid_request : AnswerClass::server_error;
  }
}

// One reading of one refusal: what was found on the way to the verdict.
class Reading {
 public:
  Reading(const Signals& signals, const AnswerParts& answer, WallTime now)
      : signals_(signals), answer_(answer), facts_(wire::read_error_facts(answer.body)), now_(now) {
    now_ = parse_http_date(answer.fields.get("date")).value_or(now);
    facts_.words += lower(answer.fields.get("x-error-message"));
  }

  Verdict verdict() {
    verdict_.message = wire::read_error_body(answer_.body).message;
    verdict_.status = status();
    prose_ = read_refusal_prose(facts_.words);
    is_upstreams_ = facts_.is_upstreams || has_phrase(facts_.words, "provider returned error");
    read_windows();
    choose_class();
    if (is_quota()) name_violated();
    judge_quota();
    list_windows();
    choose_scope();
    name_for_ledger();
    read_context();
    read_counts();
    choose_wait();
    choose_retry();
    choose_blame();
    return std::move(verdict_);
  }

 private:
  [[nodiscard]] bool is(AnswerClass answer_class) const { return verdict_.answer_class == answer_class; }
  [[nodiscard]] bool is_quota() const {
    return is(AnswerClass::rate_limited) || is(AnswerClass::quota_exhausted) ||
           is(AnswerClass::request_too_large) || is(AnswerClass::not_on_plan) || is(AnswerClass::concurrency);
  }

  // An error inside a good answer has the status that it names, else that of a broken provider.
  [[nodiscard]] int status() const {
    if (!answer_.is_error_in_answer) return answer_.status;
    if (facts_.status) return *facts_.status;
    for (const auto& [code, meant] : {std::pair{"rate_limit_exceeded", 429},
                                      {"rate_limit_error", 429},
                                      {"resource_exhausted", 429},
                                      {"token_quota_exceeded", 429},
                                      {"request_quota_exceeded", 429},
                                      {"queue_exceeded", 429},
                                      {"insufficient_quota", 429},
                                      {"provider_overloaded", 503},
                                      {"invalid_request_error", 400}})
      if (std::ranges::find(facts_.codes, code) != facts_.codes.end()) return meant;
    return 502;
  }

  void read_windows() {
    read_head(signals_, answer_.fields, now_, heard_);
    for (const auto& [name, value] : facts_.headers) read_header(signals_, name, value, now_, heard_);
    heard_.drop_silent();
    // A header that names no window is about the one that the words name.
    for (Window& window : heard_.all())
      if (window.name.span.unit == Span::Unit::unknown && prose_.window.counted == window.name.counted &&
          window.remaining == 0.0)
        window.name.span = prose_.window.span;
  }

  [[nodiscard]] bool limit_is_zero() const {
    if (!facts_.violations.empty())
      return std::ranges::any_of(facts_.violations,
                                 [](const wire::QuotaViolation& v) { return !v.value || *v.value == "0"; });
    return prose_.limit == std::uint64_t{0} ||
           std::ranges::any_of(heard_.all(), [](const Window& w) { return w.limit == 0.0; });
  }

  void choose_class() {
    const int status = verdict_.status;
    verdict_.answer_class = class_of(status);
    if (answer_.is_error_in_answer && verdict_.answer_class == AnswerClass::ok)
      verdict_.answer_class = AnswerClass::server_error;
    if (status == 413 || (status == 429 && prose_.never_fits())) {
      verdict_.answer_class = AnswerClass::request_too_large;
      return;
    }
    rule_ = first_fitting(signals_.rules, status, facts_);
    if (rule_ == nullptr && status == 429 && !is_upstreams_ && limit_is_zero()) {
      verdict_.answer_class = AnswerClass::not_on_plan;
      return;
    }
    if (rule_ == nullptr) rule_ = first_fitting(common_rules(), status, facts_);
    if (rule_ != nullptr) {
      verdict_.answer_class = rule_->answer_class;
      verdict_.note = rule_->note;
    } else if (is(AnswerClass::rate_limited) && is_free_at_once()) {
      verdict_.answer_class = AnswerClass::concurrency;
    } else if (is_upstreams_ && status == 429 && !prose_.names_window() && !answer_.is_midway) {
      verdict_.answer_class = AnswerClass::upstream_rate_limited;
    }
  }

  // What is full and free again in no time are the places at once.
  [[nodiscard]] bool is_free_at_once() const {
    return !prose_.names_window() && spent() == nullptr &&
           retry_after(answer_.fields, now_) == Duration::zero();
  }

  // The longest at 0 remaining: what ends last is what refuses. A limit of 0 is no window that was spent.
  [[nodiscard]] const Window* spent() const {
    const Window* spent = nullptr;
    for (const Window& window : heard_.all()) {
      if (window.remaining != 0.0 || window.limit == 0.0) continue;
      if (spent == nullptr || length_of(window.name.span) > length_of(spent->name.span)) spent = &window;
    }
    return spent;
  }

  void name_violated() {
    if (rule_ != nullptr && rule_->window.counted != Counted::unknown) {
      verdict_.violated = rule_->window;
      if (rule_->limit >= 0 || rule_->spent) {
        stated_ = Window{.name = rule_->window};
        if (rule_->limit >= 0) stated_->limit = rule_->limit;
        if (rule_->spent) stated_->remaining = 0;
      }
    } else if (!facts_.violations.empty()) {
      name_violations();
    } else if (is(AnswerClass::concurrency)) {
      verdict_.violated = WindowName{Counted::concurrent_requests, {Span::Unit::none}};
      if (prose_.limit)
        stated_ =
            Window{.name = *verdict_.violated, .limit = static_cast<double>(*prose_.limit), .remaining = 0};
    } else if (prose_.names_window()) {
      verdict_.violated = prose_.window;
      if (prose_.is_stated && !is_upstreams_) stated_ = stated_by_words();
    } else if (const Window* window = spent(); window != nullptr) {
      if (window->name.span.unit != Span::Unit::unknown) verdict_.violated = window->name;
    }
  }

  [[nodiscard]] Window stated_by_words() const {
    Window window{.name = prose_.window};
    window.used = prose_.used;
    window.requested = prose_.requested;
    if (!prose_.limit) return window;
    window.limit = static_cast<double>(*prose_.limit);
    if (prose_.used)
      window.remaining = static_cast<double>(*prose_.limit - std::min(*prose_.limit, *prose_.used));
    else if (!prose_.requested)
      window.remaining = 0;  // "your rate limit is 60 queries per minute", and it was refused
    return window;
  }

  // All of Google's: the longest window is the one that ends last.
  void name_violations() {
    for (const wire::QuotaViolation& violation : facts_.violations) {
      WindowName name = read_quota_id(violation.id);
      const WindowName by_metric{read_quota_metric(violation.metric), name.span};
      if (by_metric.counted != Counted::unknown) name = by_metric;
      Window window{.name = name};
      if (!violation.value)
        window.limit = 0;
      else if (const auto value = parse_count_value(*violation.value))
        window.limit = static_cast<double>(*value);
      // Tokens left may be fewer than the request has, and still some.
      if (window.limit == 0.0 || name.counted == Counted::requests) window.remaining = 0;
      if (std::ranges::find(violations_, name, &Window::name) == violations_.end())
        violations_.push_back(window);
      if (!verdict_.violated || length_of(name.span) > length_of(verdict_.violated->span))
        verdict_.violated = name;
    }
    const auto own = std::ranges::find(violations_, *verdict_.violated, &Window::name);
    stated_ = *own;
    violations_.erase(own);
  }

  // Whether it is a matter of seconds or of hours, or of money.
  void judge_quota() {
    hint_ = read_wait_hint(facts_, prose_, answer_.fields, now_);
    if (is(AnswerClass::rate_limited) && out_of_credit() && !hint_.wait) {
      verdict_.answer_class = AnswerClass::payment_required;
      verdict_.violated.reset();
      stated_.reset();
      is_state_ = true;
    }
    if (!is(AnswerClass::rate_limited) || rule_ != nullptr) return;
    const bool is_long = verdict_.violated && (length_of(verdict_.violated->span) > std::chrono::hours(1) ||
                                               verdict_.violated->counted == Counted::usage);
    if (is_long || (!verdict_.violated && hint_.wait > kMinute))
      verdict_.answer_class = AnswerClass::quota_exhausted;
  }

  [[nodiscard]] bool out_of_credit() const {
    return std::ranges::find(facts_.codes, "insufficient_quota") != facts_.codes.end();
  }

  void list_windows() {
    std::vector<Window>& all = verdict_.windows;
    if (stated_) {
      give_reset(*stated_);
      all.push_back(*stated_);
    }
    for (Window& window : violations_) {
      give_reset(window);
      all.push_back(window);
    }
    if (hint_.is_quota_reset) all.push_back({.name = {}, .reset = hint_.wait});
    for (const Window& window : heard_.all()) {
      const auto known = std::ranges::find(all, window.name, &Window::name);
      if (known == all.end()) {
        all.push_back(window);
        continue;
      }
      if (!known->limit) known->limit = window.limit;
      if (!known->remaining || window.remaining) known->remaining = window.remaining;
      if (!known->reset && !window.reset_at && !is(AnswerClass::request_too_large))
        known->reset = window.reset;
      known->reset_at = window.reset_at;
    }
  }

  // The wait that was said belongs to the window that refused.
  void give_reset(Window& window) const {
    const bool is_wall = is(AnswerClass::request_too_large) || is(AnswerClass::not_on_plan);
    if (is_wall || window.limit == 0.0 || is(AnswerClass::concurrency)) return;
    if (rule_ != nullptr && rule_->window.counted != Counted::unknown) return;
    if (const WaitDefault* rule = wait_default(signals_, window.name.span);
        rule != nullptr && rule->over_hints)
      return;
    window.reset = hint_.exact ? hint_.exact : hint_.wait;
  }

  // What the provider asks of one model, whoever uses it, is no window of ours: the ledger leaves the model
  // alone for a while and learns nothing from it.
  void name_for_ledger() {
    if (verdict_.scope == "model" || verdict_.scope == "upstream-model") return;
    if (verdict_.violated) {
      const auto dimension = dimension_of(verdict_.violated->counted);
      const auto period = period_of(verdict_.violated->span);
      if (dimension && period) {
        verdict_.dimension = dimension;
        verdict_.period = period;
      }
    }
    if (!stated_ || !verdict_.dimension || !verdict_.period) return;
    if (!stated_->limit && !stated_->remaining && !is_quota()) return;
    quota::Observation& stated = verdict_.stated.emplace();
    stated.dimension = *verdict_.dimension;
    stated.period = *verdict_.period;
    if (stated_->limit) stated.limit = static_cast<std::uint64_t>(*stated_->limit);
    if (stated_->remaining) stated.remaining = static_cast<std::uint64_t>(*stated_->remaining);
  }

  void read_context() {
    if (!is(AnswerClass::context_too_long)) return;
    const std::string_view words = facts_.words;
    verdict_.context_limit = facts_.context_limit;
    verdict_.context_requested = facts_.prompt_tokens;
    prompt_tokens_ = facts_.prompt_tokens;
    for (const std::string_view phrase : {"maximum context length is", "context size (", "while limit is",
                                          "tokens allowed (", "context length of", "maximum of", "> "})
      if (!verdict_.context_limit) verdict_.context_limit = number_behind(words, phrase);
    for (const std::string_view phrase :
         {"you requested", "current length is", "input token count (", "request (", "resulted in"})
      if (!verdict_.context_requested) verdict_.context_requested = number_behind(words, phrase);
    if (!prompt_tokens_) prompt_tokens_ = number_before(words, " in the messages");
  }

  void read_counts() {
    // Tools are counted apart there, and are part of the prompt.
    if (!has_phrase(facts_.words, " in the functions")) verdict_.prompt_tokens = prompt_tokens_;
    if (signals_.requested != Requested::prompt_plus_max_tokens) return;
    verdict_.admission_tokens = prose_.exactly_requested(Counted::tokens);
    if (const auto prompt = prose_.exactly_requested(Counted::input_tokens)) verdict_.prompt_tokens = prompt;
  }

  void choose_wait() {
    const Window* known = nullptr;
    for (const Window& window : verdict_.windows)
      if (verdict_.violated && window.name == *verdict_.violated) known = &window;
    // Of unknown length, but its own reset.
    if (!verdict_.violated && !prose_.names_window() && count_spent() == 1) known = spent();
    const Refused refused{.answer_class = verdict_.answer_class,
                          .violated = verdict_.violated,
                          .window = known,
                          .is_named_by_words = prose_.names_window() || !facts_.violations.empty(),
                          .spent_windows = count_spent(),
                          .is_midway = answer_.is_midway,
                          .is_upstreams = blames_upstream()};
    const Waiting waiting = waiting_of(signals_, refused, hint_, rule_, now_);
    verdict_.wait = waiting.wait;
    verdict_.wait_rule = waiting.rule;
    verdict_.wait_until = waiting.until;
    verdict_.wait_at_most = waiting.at_most;
  }

  [[nodiscard]] std::size_t count_spent() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        heard_.all(), [](const Window& w) { return w.remaining == 0.0 && w.limit != 0.0; }));
  }

  [[nodiscard]] bool blames_upstream() const {
    return is(AnswerClass::upstream_rate_limited) || (is_upstreams_ && is_quota());
  }

  void choose_scope() {
    verdict_.scope = scope();
    scope_is_told_ = !verdict_.scope.empty() && is_quota();
    if (verdict_.scope.empty() && is(AnswerClass::quota_exhausted)) verdict_.scope = "account";
    const bool model_at_least = is(AnswerClass::not_on_plan) || is(AnswerClass::concurrency);
    if (verdict_.scope.empty() && model_at_least) verdict_.scope = "account+model";
  }

  [[nodiscard]] std::string_view scope() const {
    if (is(AnswerClass::request_too_large)) return "request";
    if (blames_upstream()) return "upstream-model";
    if (answer_.is_error_in_answer && is_quota() && !signals_.stream_scope.empty())
      return signals_.stream_scope;
    if (rule_ != nullptr && !rule_->scope.empty()) return rule_->scope;
    for (const ScopeRule& rule : signals_.scopes) {
      if (rule.answer_class && !is(*rule.answer_class)) continue;
      const Span span = verdict_.violated ? verdict_.violated->span : Span{};
      if (rule.span.unit != Span::Unit::unknown && rule.span != span) continue;
      if (fits(rule.match, verdict_.status, facts_)) return rule.scope;
    }
    switch (verdict_.answer_class) {
      case AnswerClass::ok:
      case AnswerClass::rate_limited:
      case AnswerClass::quota_exhausted:
      case AnswerClass::not_on_plan:
      case AnswerClass::concurrency:
        return signals_.refusal_scope.empty() ? signals_.scope : signals_.refusal_scope;
      case AnswerClass::request_too_large:
      case AnswerClass::context_too_long:
      case AnswerClass::invalid_request:
        return "request";
      case AnswerClass::upstream_rate_limited:
        return "upstream-model";
      case AnswerClass::capacity:
      case AnswerClass::model_unavailable:
        return "model";
      case AnswerClass::payment_required:
        return "account";
      case AnswerClass::auth:
      case AnswerClass::auth_or_quota_ambiguous:
      case AnswerClass::auth_or_client_blocked:
        return "key";
      case AnswerClass::client_blocked:
        return "client";
      case AnswerClass::provider_gone:
      case AnswerClass::server_error:
        return "provider";
    }
    return {};
  }

  void choose_retry() { verdict_.retry = answer_.is_midway ? RetryHere::only_if_nothing_was_sent : retry(); }

  [[nodiscard]] RetryHere retry() const {
    switch (verdict_.answer_class) {
      case AnswerClass::ok:
        return RetryHere::not_applicable;
      case AnswerClass::rate_limited:
      case AnswerClass::quota_exhausted:
        if (blames_upstream()) return RetryHere::backoff;
        return verdict_.violated || verdict_.wait || verdict_.wait_until ? RetryHere::after_wait
                                                                         : RetryHere::backoff;
      case AnswerClass::concurrency:
        return RetryHere::immediately_with_lower_parallelism;
      case AnswerClass::upstream_rate_limited:
      case AnswerClass::capacity:
      case AnswerClass::server_error:
        return RetryHere::backoff;
      case AnswerClass::invalid_request:
        return RetryHere::after_transform;
      case AnswerClass::context_too_long: {
        // With less output asked it fits, if the prompt alone does.
        const bool prompt_fits =
            prompt_tokens_ && verdict_.context_limit && *prompt_tokens_ < *verdict_.context_limit;
        return prompt_fits ? RetryHere::after_transform : RetryHere::never;
      }
      case AnswerClass::auth_or_quota_ambiguous:
      case AnswerClass::auth_or_client_blocked:
        return RetryHere::after_long_cooldown;
      case AnswerClass::request_too_large:
      case AnswerClass::not_on_plan:
      case AnswerClass::payment_required:
      case AnswerClass::auth:
      case AnswerClass::client_blocked:
      case AnswerClass::model_unavailable:
      case AnswerClass::provider_gone:
        return RetryHere::never;
    }
    return RetryHere::never;
  }

  // For the ledger: whether all models of the key or account are meant.
  void choose_blame() {
    constexpr std::array<std::string_view, 3> kAccounts{"account", "org", "project"};
    const bool is_accounts = std::ranges::find(kAccounts, verdict_.scope) != kAccounts.end();
    switch (verdict_.answer_class) {
      case AnswerClass::quota_exhausted:
        verdict_.whole_account = scope_is_told_ && is_accounts && verdict_.violated && !verdict_.dimension;
        break;
      case AnswerClass::payment_required:
        // A 402 may be about this one request: moderation, or more output than is paid for. A code says more.
        verdict_.whole_account = is_state_ || (rule_ != nullptr && !rule_->match.code.empty());
        break;
      case AnswerClass::auth:
        verdict_.whole_account = verdict_.status == 401 || (rule_ != nullptr && verdict_.status == 400);
        break;
      case AnswerClass::auth_or_quota_ambiguous:
      case AnswerClass::auth_or_client_blocked:
      case AnswerClass::client_blocked:
        verdict_.whole_account = true;
        break;
      default:
        break;
    }
  }

  const Signals& signals_;
  const AnswerParts& answer_;
  wire::ErrorFacts facts_;
  WallTime now_;
  Verdict verdict_;
  RefusalProse prose_;
  WaitHint hint_;
  WindowList heard_;                // of the head, and of a head that the body quotes
  std::optional<Window> stated_;    // the refused one, as the body has it
  std::vector<Window> violations_;  // others that the body names
  const SignalRule* rule_ = nullptr;
  std::optional<std::uint64_t> prompt_tokens_;
  bool is_upstreams_ = false;
  bool is_state_ = false;  // only a person can mend it
  bool scope_is_told_ = false;
};

}  // namespace

Verdict classify(const Signals& signals, const AnswerParts& answer, WallTime now) {
  if (!answer.is_error_in_answer && class_of(answer.status) == AnswerClass::ok) {
    Verdict verdict;
    verdict.status = answer.status;
    return verdict;
  }
  return Reading(signals, answer, now).verdict();
}

}  // namespace weir::providers
