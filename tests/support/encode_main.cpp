// For tests/e2e/tokens.test.js: reads texts from stdin, each as its length in bytes in decimal, a newline and
// the bytes, and writes a line of ranks for each.
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "weir/tokens/encoder.hpp"

int main() {
  if (!weir::tokens::has_encoder()) {
    std::cerr << "built without a vocabulary\n";
    return 1;
  }
  std::size_t size = 0;
  while (std::cin >> size) {
    std::cin.get();
    std::string text(size, '\0');
    if (!std::cin.read(text.data(), static_cast<std::streamsize>(size))) return 1;
    std::vector<std::uint32_t> ranks;
    weir::tokens::encode(text, ranks);
    for (std::size_t i = 0; i < ranks.size(); ++i) std::printf(i == 0 ? "%u" : " %u", ranks[i]);
    std::puts("");
  }
  return 0;
}
