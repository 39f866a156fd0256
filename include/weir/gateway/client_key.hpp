#pragma once

#include <string>
#include <vector>

#include "weir/base/digest.hpp"

namespace weir::gateway {

// A key that clients show. Only its digest is kept.
struct ClientKey {
  std::string name;
  Sha256 digest{};
  std::vector<std::string> models;  // globs over the names asked for
};

}  // namespace weir::gateway
