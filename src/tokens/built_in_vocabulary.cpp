#include "tokens/vocabulary.hpp"

// WEIR_VOCABULARY is the path of the table that make_vocabulary made.
extern "C" const char weir_vocabulary_o200k[];
__asm__(
    ".section .rodata\n"
    ".balign 64\n"
    ".global weir_vocabulary_o200k\n"
    "weir_vocabulary_o200k:\n"
    ".incbin \"" WEIR_VOCABULARY
    "\"\n"
    ".previous\n");

namespace weir::tokens {

const Vocabulary* built_in_vocabulary() noexcept {
  static const Vocabulary vocabulary(weir_vocabulary_o200k);
  return &vocabulary;
}

}  // namespace weir::tokens
