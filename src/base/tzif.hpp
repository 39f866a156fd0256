#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/zone_rule.hpp"
#include "weir/base/result.hpp"

namespace weir {

struct OffsetChange {
  EpochSeconds at = 0;
  std::int32_t offset = 0;  // from then on
};

// What a TZif file says, of which we need the offsets alone.
struct ZoneHistory {
  std::int32_t first_offset = 0;      // before all changes
  std::vector<OffsetChange> changes;  // each later than the one before
  std::optional<ZoneRule> rule;       // for the time after them
};

// Reads the 64-bit part and the footer of a TZif file of version 2 or later (RFC 8536). Whatever the bytes
// are, it reads none beyond them. The error's message names what is wrong with them.
[[nodiscard]] Result<ZoneHistory> parse_tzif(std::string_view bytes);

}  // namespace weir
