#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pretend/reply.hpp"
#include "weir/base/clock.hpp"
#include "weir/pretend/pretend.hpp"

namespace weir::pretend {

// What a chat request would take.
struct Ask {
  std::string model;
  std::uint64_t prompt_tokens = 0;
  std::optional<std::uint64_t> max_tokens;
  bool stream = false;
};

// One provider's counting and its words about it. Loop's thread only.
class Quotas {
 public:
  virtual ~Quotas() = default;

  // Charges the request and lets it in; or says no and charges nothing.
  [[nodiscard]] virtual std::optional<Reply> admit(const Ask& ask, Instant now) = 0;
  // What a served answer's head says of the quota now. So many tokens have been written and not been told to
  // finish(): none yet where the answer streams.
  virtual void describe(const Ask& ask, std::uint64_t completion_tokens, Instant now,
                        http::Fields& fields) const = 0;
  // What an error's head says that no quota was asked for.
  virtual void describe_error(const Ask& /*ask*/, Instant /*now*/, http::Fields& /*fields*/) const {}
  // An admitted request has ended; so many tokens were written.
  virtual void finish(const Ask& ask, std::uint64_t completion_tokens, Instant now) = 0;
};

}  // namespace weir::pretend
