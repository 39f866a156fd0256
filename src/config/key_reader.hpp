#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/reader.hpp"
#include "weir/providers/provider.hpp"

namespace weir::config {

inline constexpr std::string_view kDefaultAccount = "default";

// The keys of one provider.
struct ProviderKeys {
  std::vector<providers::Key> keys;
  std::string
      missing;  // why there is none: "GROQ_API_KEY is not set"; empty: there is one, or it was reported
};

// Reads `api_key` and `keys` out of a provider's map; where neither stands, the first of the preset's
// variables that is set. With `required`, an unset variable is an error.
[[nodiscard]] ProviderKeys read_keys(MapReader& provider, const providers::Preset& preset, bool required);

// The key in the first of the preset's variables that is set; an empty one where the preset needs none.
[[nodiscard]] std::optional<providers::Key> key_from_variables(const providers::Preset& preset,
                                                               const Environment& environment);

// Whether a secret can stand in a header.
[[nodiscard]] bool is_header_text(std::string_view secret) noexcept;

}  // namespace weir::config
