#pragma once

#include <string_view>
#include <vector>

#include "config/reader.hpp"
#include "weir/quota/limit.hpp"

namespace weir::config {

// The map under `limits:`, in the order written. What is wrong is reported and left out. A window that the
// quota engine meters in another way than written gets a warning with the reason, once a reason.
[[nodiscard]] std::vector<quota::Limit> read_limits(Reading& reading, const Field& field);

// The same of a client's key: its limits count whatever it asks for.
[[nodiscard]] std::vector<quota::Limit> read_client_limits(Reading& reading, const Field& field);

// The map under `charge:`, laid over what `rule` says already.
void read_charge(Reading& reading, const Field& field, quota::ChargeRule& rule);

// The word for a charge rule's value: "prompt+max_tokens".
[[nodiscard]] std::string_view word_of(quota::ChargeRule::Tokens tokens) noexcept;
[[nodiscard]] std::string_view word_of(quota::ChargeRule::Settle settle) noexcept;

}  // namespace weir::config
