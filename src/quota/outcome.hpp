#pragma once

#include <cstdint>

#include "weir/quota/ledger.hpp"

namespace weir::quota {

// What became of an attempt, as far as its charge goes.
enum class Outcome : std::uint8_t {
  not_sent,
  refused,  // 4xx, 429 or 5xx before any content
  served,   // also where the client left or the stream broke: what came is known
  unknown,  // time-out after sending, connection lost, reservation dropped
};

struct Ending {
  Outcome outcome = Outcome::unknown;
  Cost used;                    // where it was served
  bool failures_count = false;  // the provider's rule
};

// What stays charged of `admitted`: the table of what comes back.
[[nodiscard]] std::uint64_t final_charge(const Ending& ending, Dimension dimension,
                                         std::uint64_t admitted) noexcept;

}  // namespace weir::quota
