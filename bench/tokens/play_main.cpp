// For play.mjs: how far weir's estimates are off where other tokenizers count. Reads answers from stdin, each
// as "FAMILY METHOD TOKENS BYTES\n" and the text; learns after each, per family and method; prints a line for
// each: "likely upper".
#include <cstdio>
#include <iostream>
#include <map>
#include <string>
#include <utility>

#include "weir/tokens/calibration.hpp"
#include "weir/tokens/encoder.hpp"

using namespace weir::tokens;

int main() {
  std::map<std::string, Calibration> models;
  std::string family;
  std::string method;
  std::uint64_t tokens = 0;
  std::size_t bytes = 0;
  while (std::cin >> family >> method >> tokens >> bytes) {
    std::cin.get();
    std::string text(bytes, '\0');
    std::cin.read(text.data(), static_cast<std::streamsize>(bytes));
    PromptFacts facts{.messages = 1};
    add_traits(facts.text, text);
    const PromptSize size = method == "bytes" ? by_bytes(facts) : by_encoder(facts, count(text));
    auto& model = models.try_emplace(family + method, family_of(family)).first->second;
    const auto [likely, upper] = model.prompt(size, 0.9);
    std::printf("%llu %llu\n", static_cast<unsigned long long>(likely),
                static_cast<unsigned long long>(upper));
    model.learn_prompt(size, tokens);
  }
  return 0;
}
