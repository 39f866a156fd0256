#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/provider_reader.hpp"
#include "config/reader.hpp"
#include "weir/config/config.hpp"

namespace weir::config {

struct Routes {
  std::vector<ModelRoute> models;
  std::map<std::string, std::string> aliases;  // each to where its chain ends
};

// The maps under `models:` and `aliases:`, checked against the providers. Targets of a skipped provider are
// left out with a warning, and so are routes and aliases that have nothing left; where no route at all is
// left, that is an error.
[[nodiscard]] Routes read_routes(Reading& reading, const std::optional<Field>& models,
                                 const std::optional<Field>& aliases, const Providers& providers);

}  // namespace weir::config
