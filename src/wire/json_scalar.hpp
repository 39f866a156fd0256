#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weir/wire/names.hpp"

// Strings and numbers of JSON as they stand in the text. `inside` is what stands between a string's quotes.
namespace weir::wire {

// The offset of the first escape that JSON doesn't know, or npos.
[[nodiscard]] std::size_t find_bad_escape(std::string_view inside);

// Both want escapes that find_bad_escape() has passed.
// The text itself, or nothing where half a surrogate pair makes it no text.
[[nodiscard]] std::optional<std::string> unescape(std::string_view inside);
// The same with U+FFFD for half a pair.
[[nodiscard]] std::string unescape_leniently(std::string_view inside);
// The text's size in UTF-8. Half a surrogate pair counts three, as its replacement would.
[[nodiscard]] std::size_t unescaped_size(std::string_view inside);

[[nodiscard]] bool is_number(std::string_view token);
}  // namespace weir::wire
