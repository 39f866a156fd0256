#pragma once

#include <optional>
#include <string>

#include "config/reader.hpp"
#include "weir/config/config.hpp"

namespace weir::config {

// An address that stands before the file's, with the flag or variable that it comes from.
struct ListenOverride {
  std::string text;
  std::string source;  // "--listen"
};

// Reads the whole document. `root` null: an empty one.
[[nodiscard]] GatewayConfig read_gateway(Reading& reading, const Node* root,
                                         std::span<const providers::Preset> presets,
                                         const std::optional<ListenOverride>& listen,
                                         const std::optional<StandInKeys>& stand_in);

}  // namespace weir::config
