#pragma once

#include <optional>
#include <string>
#include <string_view>

// Reading and writing the parts of a request's target.
namespace weir::http {

// "%2F" becomes "/"; what is no escape stays as it is.
[[nodiscard]] std::string unescape(std::string_view text);
// One segment of a path, or one value of a query: all but letters, digits and -._~ is escaped.
[[nodiscard]] std::string escape(std::string_view text);
// The unescaped value of that name in the target's query, where it has one.
[[nodiscard]] std::optional<std::string> query_value(std::string_view target, std::string_view name);

}  // namespace weir::http
