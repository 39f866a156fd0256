#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "weir/base/clock.hpp"
#include "weir/http/head.hpp"
#include "weir/pretend/pretend.hpp"

namespace weir::pretend {

// What a chat request would take.
struct Ask {
  std::string model;
  std::uint64_t prompt_tokens = 0;
  std::optional<std::uint64_t> max_tokens;
};

// An answer that is all head and one body.
struct Reply {
  http::ResponseHead head;
  std::string body;
};

// One provider's counting and its words about it. Loop's thread only.
class Quotas {
 public:
  virtual ~Quotas() = default;

  // Charges the request and lets it in; or says no and charges nothing.
  [[nodiscard]] virtual std::optional<Reply> admit(const Ask& ask, Instant now) = 0;
  // What a served answer's head says of the quota now.
  virtual void describe(const Ask& ask, Instant now, http::Fields& fields) const = 0;
  // An admitted request has ended; so many tokens were written.
  virtual void finish(const Ask& ask, std::uint64_t completion_tokens, Instant now) = 0;
};

[[nodiscard]] std::unique_ptr<Quotas> make_quotas(const ProviderSpec& spec);

// The error shape that all three manners share. `code` may be empty.
[[nodiscard]] Reply error_reply(int status, const std::string& message, const std::string& type,
                                const std::string& code);

}  // namespace weir::pretend
