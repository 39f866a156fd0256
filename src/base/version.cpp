#include "weir/base/version.hpp"

namespace weir {

std::string_view version() noexcept {
  return WEIR_VERSION;
}

std::string_view compiler() noexcept {
#ifdef __clang__
  return "clang++ " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

}  // namespace weir
