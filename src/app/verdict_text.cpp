#include "app/verdict_text.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "weir/base/units.hpp"

namespace weir::app {
namespace {

using Json = nlohmann::ordered_json;
using providers::AnswerClass;
using providers::RetryHere;
using providers::Span;
using providers::Verdict;
using providers::WaitRule;
using providers::Window;

double seconds_of(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

Json json_of(std::optional<double> number) {
  if (!number) return nullptr;
  constexpr double kMostExact = 1e15;
  if (*number == std::floor(*number) && *number < kMostExact) return static_cast<std::uint64_t>(*number);
  return *number;
}

std::string span_name(Span span) {
  constexpr std::array<std::string_view, 10> kNames{"unknown", "none",       "",    "second", "minute",
                                                    "hour",    "5h-session", "day", "week",   "month"};
  if (span.unit == Span::Unit::seconds) return std::to_string(span.count) + "s";
  return std::string(kNames[static_cast<std::size_t>(span.unit)]);
}

std::string window_words(const providers::WindowName& window) {
  return std::string(name(window.counted)) + "/" + span_name(window.span);
}

Json window_json(const Window& window) {
  Json json{{"dimension", name(window.name.counted)},
            {"window", span_name(window.name.span)},
            {"limit", json_of(window.limit)},
            {"remaining", json_of(window.remaining)}};
  if (window.used) json["used"] = *window.used;
  if (window.requested) json["requested"] = *window.requested;
  json["reset_s"] = nullptr;
  if (window.reset && !window.reset_at) json["reset_s"] = seconds_of(*window.reset);
  if (window.reset_at)
    json["reset_at_ms"] =
        std::chrono::floor<std::chrono::milliseconds>(window.reset_at->time_since_epoch()).count();
  return json;
}

std::string_view class_words(AnswerClass answer_class) {
  constexpr std::array<std::string_view, 18> kWords{
      "the request was served",
      "a short window is full: a matter of seconds",
      "a long window or credit is spent",
      "the request alone is more than the window ever holds: no wait helps, a smaller one does",
      "the prompt is longer than the model's context",
      "this model is not part of the account's plan",
      "too many requests at once",
      "a provider behind this one refused: no quota of yours is spent",
      "the provider is short of capacity: no quota of yours is spent",
      "the account owes money, or has no credit left",
      "the key is refused",
      "the key is refused, or its plan is spent: the answer is the same for both",
      "the key is refused, or the client is: the answer is the same for both",
      "the client was blocked before the provider saw the key: an ordinary User-Agent helps",
      "the provider no longer has this model, or not for this account",
      "the provider has ended its service",
      "the request itself is refused, and would be again",
      "the provider, or something on the way to it, failed"};
  return kWords[static_cast<std::size_t>(answer_class)];
}

std::string_view retry_words(RetryHere retry) {
  constexpr std::array<std::string_view, 8> kWords{"",
                                                   "after the wait",
                                                   "after a pause, ever longer ones",
                                                   "once the request is changed",
                                                   "after a long pause; the key may be good",
                                                   "at once, with fewer requests at a time",
                                                   "only if nothing of the answer was used",
                                                   "never as it is"};
  return kWords[static_cast<std::size_t>(retry)];
}

std::string wait_words(const Verdict& verdict) {
  switch (verdict.wait_rule) {
    case WaitRule::none:
      return {};
    case WaitRule::seconds:
      return (verdict.wait_at_most ? "at most " : "") + Json(seconds_of(*verdict.wait)).dump() + " s";
    case WaitRule::at_time:
      return "until " + format_utc(*verdict.wait_until);
    case WaitRule::next_minute_boundary:
      return "until the next full minute";
    case WaitRule::next_midnight_utc:
      return "until midnight UTC";
    case WaitRule::next_midnight_pacific:
      return "until midnight in Los Angeles";
    case WaitRule::next_month_utc:
      return "until the next month, UTC";
    case WaitRule::ladder:
      return "nobody knows how long: 1 s first, then ever longer";
  }
  return {};
}

std::string number_words(std::optional<double> number) {
  return number ? json_of(number).dump() : std::string("?");
}

}  // namespace

std::string verdict_json(const Verdict& verdict) {
  Json json{{"class", name(verdict.answer_class)}, {"status", verdict.status}, {"violated", nullptr}};
  if (verdict.violated)
    json["violated"] = {{"dimension", name(verdict.violated->counted)},
                        {"window", span_name(verdict.violated->span)}};
  json["windows"] = Json::array();
  for (const Window& window : verdict.windows) json["windows"].push_back(window_json(window));
  json["wait_s"] = nullptr;
  if (verdict.wait && verdict.wait_rule == WaitRule::seconds) {
    const double wait = seconds_of(*verdict.wait);
    json["wait_s"] = json_of(wait);
  }
  json["wait_rule"] = name(verdict.wait_rule);
  if (verdict.wait_until) json["wait_until"] = format_utc(*verdict.wait_until);
  if (verdict.wait_at_most) json["wait_is_upper_bound"] = true;
  json["scope"] = verdict.scope.empty() ? Json(nullptr) : Json(verdict.scope);
  json["retry_same_route"] = name(verdict.retry);
  if (verdict.answer_class == AnswerClass::request_too_large && verdict.violated && !verdict.windows.empty())
    json["max_request_tokens"] = json_of(verdict.windows.front().limit);
  if (verdict.context_limit) json["context_limit"] = *verdict.context_limit;
  if (verdict.context_requested) json["context_requested"] = *verdict.context_requested;
  json["note"] = verdict.note.empty() ? class_words(verdict.answer_class) : verdict.note;
  json["message"] = verdict.message;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string verdict_words(const Verdict& verdict) {
  std::string out =
      std::string(name(verdict.answer_class)) + ": " + std::string(class_words(verdict.answer_class)) + "\n";
  const auto line = [&](std::string_view what, const std::string& words) {
    if (!words.empty()) out += std::string(what) + words + "\n";
  };
  if (verdict.violated) line("refused by     ", window_words(*verdict.violated));
  for (const Window& window : verdict.windows) {
    std::string words = window_words(window.name) + ": " + number_words(window.remaining) + " left of " +
                        number_words(window.limit);
    if (window.reset_at)
      words += ", resets at " + format_utc(*window.reset_at);
    else if (window.reset)
      words += ", resets in " + Json(seconds_of(*window.reset)).dump() + " s";
    line("window         ", words);
  }
  line("wait           ", wait_words(verdict));
  line("about          ", std::string(verdict.scope));
  line("ask it again   ", std::string(retry_words(verdict.retry)));
  if (verdict.context_limit) line("context        ", std::to_string(*verdict.context_limit) + " tokens");
  line("note           ", std::string(verdict.note));
  line("provider says  ", verdict.message);
  return out;
}

}  // namespace weir::app
