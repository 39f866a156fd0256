#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::wire {

// A quota that Google says was violated.
struct QuotaViolation {
  std::string metric;  // "generativelanguage.googleapis.com/generate_content_free_tier_requests"
  std::string id;      // "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
  std::optional<std::string> value;  // absent where it is 0
};

// What an error body of any shape holds beside its message: whatever has one of the known names, however deep
// it stands and whether or not it was encoded twice. Generated text (the choices) is not looked at. All
// bounded.
struct ErrorFacts {
  std::string words;               // all its sentences in lower case, a line each
  std::vector<std::string> codes;  // code, type, param, status and their like, lower case
  bool has_type = false;
  bool is_upstreams = false;      // it names the provider behind this one
  bool has_error = false;         // an error stands in it at all
  bool has_choices = false;       // beside an answer's beginning
  std::optional<int> status;      // an HTTP status from 400 on in code, status or status_code
  std::string retry_after;        // seconds; as it stands
  std::string retry_after_ms;     // as it stands
  std::string retry_delay;        // google.rpc.RetryInfo, as "47s"
  std::string quota_reset_delay;  // google.rpc.ErrorInfo
  std::vector<QuotaViolation> violations;
  std::vector<std::pair<std::string, std::string>> headers;  // that it quotes; names in lower case
  std::optional<std::uint64_t> prompt_tokens;                // llama.cpp counts them
  std::optional<std::uint64_t> context_limit;
  // What an account endpoint says of a key's credit: OpenRouter's GET /key.
  bool tells_credit = false;
  std::optional<double> credit_limit;
  std::optional<double> credit_remaining;
  std::string credit_reset;  // "monthly"
};
// Where body isn't JSON, its words are its text.
[[nodiscard]] ErrorFacts read_error_facts(std::string_view body);

}  // namespace weir::wire
