#pragma once

#include "config/reader.hpp"
#include "weir/tokens/config.hpp"

namespace weir::config {

// The section `tokens`.
void read_tokens(MapReader& tokens, tokens::Config& config);

}  // namespace weir::config
