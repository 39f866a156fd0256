#include "weir/wire/error_facts.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "weir/base/text.hpp"
#include "weir/wire/answer.hpp"

namespace weir::wire {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLargestBody = 1U << 20U;
constexpr std::size_t kMostWords = 8192;  // bytes
constexpr std::size_t kMostEntries = 32;  // codes, violations, headers
constexpr int kMostNesting = 16;          // JSON in JSON counts too

template <std::size_t kSize>
bool is_one_of(std::string_view word, const std::array<std::string_view, kSize>& words) {
  return std::ranges::find(words, word) != words.end();
}

constexpr std::array<std::string_view, 9> kWordNames{"message", "error", "detail", "details",      "title",
                                                     "msg",     "raw",   "reason", "error_message"};
constexpr std::array<std::string_view, 8> kCodeNames{"code",       "type",         "param",      "status",
                                                     "error_type", "limit_source", "error_code", "reason"};

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() ? value.dump() : std::string();
}

std::optional<std::uint64_t> count_of(const Json& value) {
  if (!value.is_number_unsigned()) return std::nullopt;
  return value.get<std::uint64_t>();
}

std::optional<int> status_of(std::string_view text) {
  int status = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), status);
  if (failed != std::errc() || end != text.data() + text.size() || status < 400 || status > 599)
    return std::nullopt;
  return status;
}

class Walk {
 public:
  explicit Walk(ErrorFacts& facts) : facts_(facts) {}

  void value(const Json& value, int nesting) {
    if (nesting > kMostNesting) return;
    if (value.is_object()) object(value, nesting);
    if (value.is_array())
      for (const Json& element : value) {
        if (element.is_string()) words(element.get_ref<const std::string&>(), nesting);
        this->value(element, nesting + 1);
      }
  }

  // Words, or JSON that was encoded once more.
  void words(const std::string& text, int nesting) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first != std::string::npos && nesting < kMostNesting && (text[first] == '{' || text[first] == '[')) {
      const Json inner = Json::parse(text, nullptr, /*allow_exceptions=*/false);
      if (!inner.is_discarded()) return value(inner, nesting + 1);
    }
    if (facts_.words.size() + text.size() > kMostWords) return;
    facts_.words += lower(text);
    facts_.words += '\n';
  }

 private:
  void object(const Json& object, int nesting) {
    if (object.contains("limit_remaining")) credit(object);
    for (const auto& [name, member] : object.items()) {
      const std::string small = lower(name);
      if (small == "choices") {
        choices(member, nesting);
        continue;
      }
      if (small == "error" && !member.is_null()) facts_.has_error = true;
      if (is_one_of(small, kCodeNames)) code(small, text_of(member));
      if (member.is_string() && is_one_of(small, kWordNames))
        words(member.get_ref<const std::string&>(), nesting);
      known(small, member);
      if (small != "headers" && small != "violations") value(member, nesting + 1);
    }
  }

  // Only what went wrong: the rest is the model's.
  void choices(const Json& list, int nesting) {
    if (!list.is_array()) return;
    facts_.has_choices = facts_.has_choices || !list.empty();
    for (const Json& choice : list) {
      if (!choice.is_object()) continue;
      const auto reason = choice.find("finish_reason");
      if (reason != choice.end() && *reason == "error") facts_.has_error = true;
      const auto error = choice.find("error");
      if (error == choice.end() || error->is_null()) continue;
      facts_.has_error = true;
      if (error->is_string()) words(error->get_ref<const std::string&>(), nesting);
      value(*error, nesting + 1);
    }
  }

  void code(const std::string& name, const std::string& text) {
    if (text.empty()) return;
    if (name == "type") facts_.has_type = true;
    if ((name == "code" || name == "status") && !facts_.status) facts_.status = status_of(text);
    if (facts_.codes.size() < kMostEntries) facts_.codes.push_back(lower(text));
  }

  void known(const std::string& name, const Json& member) {
    if (name == "status_code" && !facts_.status) facts_.status = status_of(text_of(member));
    if (name == "provider_name" || name == "raw") facts_.is_upstreams = true;
    if (name == "retry_after" || name == "retry_after_seconds") facts_.retry_after = text_of(member);
    if (name == "retry_after_ms") facts_.retry_after_ms = text_of(member);
    if (name == "retrydelay") facts_.retry_delay = protobuf_duration(member);
    if (name == "quotaresetdelay") facts_.quota_reset_delay = protobuf_duration(member);
    if (name == "n_prompt_tokens") facts_.prompt_tokens = count_of(member);
    if (name == "n_ctx") facts_.context_limit = count_of(member);
    if (name == "headers" && member.is_object()) headers(member);
    if (name == "violations" && member.is_array()) violations(member);
  }

  void credit(const Json& key) {
    const auto amount = [&](const char* name) -> std::optional<double> {
      const auto found = key.find(name);
      if (found == key.end() || !found->is_number() || found->get<double>() < 0) return std::nullopt;
      return found->get<double>();
    };
    facts_.tells_credit = true;
    facts_.credit_limit = amount("limit");
    facts_.credit_remaining = amount("limit_remaining");
    if (key.contains("limit_reset")) facts_.credit_reset = lower(text_of(key["limit_reset"]));
  }

  // "47s", or {"seconds": "123", "nanos": 5}.
  static std::string protobuf_duration(const Json& value) {
    if (value.is_number()) return value.dump() + "s";
    if (!value.is_object()) return text_of(value);
    std::string seconds = value.contains("seconds") ? text_of(value["seconds"]) : "0";
    if (value.contains("nanos") && value["nanos"].is_number_unsigned()) {
      std::string nanos = value["nanos"].dump();
      if (nanos.size() <= 9) seconds += "." + std::string(9 - nanos.size(), '0') + nanos;
    }
    return seconds + "s";
  }

  void headers(const Json& object) {
    for (const auto& [name, value] : object.items())
      if (facts_.headers.size() < kMostEntries) facts_.headers.emplace_back(lower(name), text_of(value));
  }

  void violations(const Json& list) {
    for (const Json& one : list) {
      if (!one.is_object() || facts_.violations.size() >= kMostEntries) continue;
      QuotaViolation violation;
      if (one.contains("quotaMetric")) violation.metric = lower(text_of(one["quotaMetric"]));
      if (one.contains("quotaId")) violation.id = lower(text_of(one["quotaId"]));
      if (one.contains("quotaValue")) violation.value = text_of(one["quotaValue"]);
      facts_.violations.push_back(std::move(violation));
    }
  }

  ErrorFacts& facts_;
};

}  // namespace

ErrorFacts read_error_facts(std::string_view body) {
  ErrorFacts facts;
  Json json = Json::value_t::discarded;
  if (body.size() <= kLargestBody) json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  Walk walk(facts);
  if (json.is_discarded() || json.is_string())
    walk.words(json.is_string() ? json.get<std::string>() : read_error_body(body).message, 0);
  else
    walk.value(json, 0);
  return facts;
}

}  // namespace weir::wire
