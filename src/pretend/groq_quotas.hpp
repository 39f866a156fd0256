#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "pretend/quotas.hpp"
#include "weir/pretend/windows.hpp"

namespace weir::pretend {

// Four refilling buckets for each model. The headers tell of two of them; the words of a refusal of the one
// that refused.
class GroqQuotas final : public Quotas {
 public:
  GroqQuotas(const Limits& limits, std::uint64_t default_max_tokens)
      : limits_(limits), default_max_tokens_(default_max_tokens) {}

  std::optional<Reply> admit(const Ask& ask, Instant now) override;
  void describe(const Ask& ask, std::uint64_t completion_tokens, Instant now,
                http::Fields& fields) const override;
  void finish(const Ask& ask, std::uint64_t completion_tokens, Instant now) override;

 private:
  struct Buckets {
    explicit Buckets(const Limits& limits);
    RefillBucket requests_minute;
    RefillBucket requests_day;
    RefillBucket tokens_minute;
    RefillBucket tokens_day;
  };
  // One bucket asked for one cost, and how Groq calls it.
  struct Claim {
    RefillBucket* bucket;
    std::uint64_t cost;
    std::string_view words;  // "tokens per minute (TPM)"
    std::string_view type;
  };

  [[nodiscard]] std::uint64_t charge(const Ask& ask) const;
  Buckets& buckets_of(const std::string& model);
  [[nodiscard]] Reply too_large(const Ask& ask, const Claim& claim, Instant now) const;
  [[nodiscard]] Reply refusal(const Ask& ask, const Claim& claim, Duration wait, Instant now) const;

  Limits limits_;
  std::uint64_t default_max_tokens_;
  std::map<std::string, Buckets> models_;
};

}  // namespace weir::pretend
