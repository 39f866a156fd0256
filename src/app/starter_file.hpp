#pragma once

#include <cstddef>
#include <string>

#include "weir/config/environment.hpp"

namespace weir::app {

// What `weir init` writes.
struct StarterFile {
  std::string text;
  std::size_t found = 0;  // providers in it whose key is set
};

// For the keys in `environment`. Every line in it that begins with "#" and a name is right once that # is
// off: it stands where the name has to.
[[nodiscard]] StarterFile starter_file(const config::Environment& environment);

}  // namespace weir::app
