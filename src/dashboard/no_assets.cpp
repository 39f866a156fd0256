#include "dashboard/assets.hpp"

namespace weir::dashboard {

std::span<const Asset> built_in_assets() noexcept {
  return {};
}

}  // namespace weir::dashboard
