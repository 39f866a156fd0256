#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "weir/wire/splice.hpp"

namespace weir::wire {

// A name that stands twice among the members of one object, however it is written: "\u006dodel" is "model".
// One reader takes the first, another the last, and we'd check what isn't served.
[[nodiscard]] std::optional<std::string> name_given_twice(std::span<const Member> members);

// The value of a JSON number that is whole, not negative and at most 2^53: "12", "12.0", "1e3". Nothing for
// any other text.
[[nodiscard]] std::optional<std::uint64_t> whole_number(std::string_view token);

}  // namespace weir::wire
