#include "tokens/vocabulary.hpp"

// Built without the ranks: see vocabulary/CMakeLists.txt.
namespace weir::tokens {

const Vocabulary* built_in_vocabulary() noexcept {
  return nullptr;
}

}  // namespace weir::tokens
