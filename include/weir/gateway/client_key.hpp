#pragma once

#include <string>
#include <vector>

#include "weir/base/digest.hpp"
#include "weir/quota/limit.hpp"

namespace weir::gateway {

// A key that clients show. Only its digest is kept.
struct ClientKey {
  std::string name;
  Sha256 digest{};
  std::vector<std::string> models;   // globs over the names asked for
  std::vector<quota::Limit> limits;  // of its own, beside those of what it asks for
};

}  // namespace weir::gateway
