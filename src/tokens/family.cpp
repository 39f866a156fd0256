#include "weir/tokens/family.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "weir/base/text.hpp"
#include "weir/tokens/config.hpp"

namespace weir::tokens {
namespace {

struct Pattern {
  std::string_view part;
  Family family;
};

// The first part that a name has decides: distillations name both, their base model's tokenizer is what
// counts.
constexpr std::array kPatterns{
    Pattern{"gpt-oss", Family::gpt_oss},   Pattern{"distill-llama", Family::llama},
    Pattern{"distill-qwen", Family::qwen}, Pattern{"nemotron", Family::llama},
    Pattern{"nemoguard", Family::llama},   Pattern{"llama", Family::llama},
    Pattern{"hermes", Family::llama},      Pattern{"qwen", Family::qwen},
    Pattern{"qwq", Family::qwen},          Pattern{"gemma", Family::gemma},
    Pattern{"gemini", Family::gemma},      Pattern{"deepseek", Family::deepseek},
    Pattern{"mistral", Family::mistral},   Pattern{"ministral", Family::mistral},
    Pattern{"mixtral", Family::mistral},   Pattern{"codestral", Family::mistral},
    Pattern{"devstral", Family::mistral},  Pattern{"magistral", Family::mistral},
    Pattern{"pixtral", Family::mistral},   Pattern{"voxtral", Family::mistral},
    Pattern{"command", Family::command},   Pattern{"c4ai", Family::command},
    Pattern{"aya-", Family::command},      Pattern{"gpt-", Family::gpt},
    Pattern{"chatgpt", Family::gpt},
};

}  // namespace

std::string_view name(Estimator estimator) noexcept {
  switch (estimator) {
    case Estimator::automatic:
      return "auto";
    case Estimator::bytes:
      return "bytes";
    case Estimator::exact:
      return "exact";
  }
  return "";
}

std::string_view name(Overflow overflow) noexcept {
  return overflow == Overflow::reject ? "reject" : "truncate";
}

std::string_view name(Family family) noexcept {
  constexpr std::array<std::string_view, kFamilies> kNames{
      "gpt-oss", "gpt", "llama", "qwen", "gemma", "mistral", "command", "deepseek", "unknown"};
  return kNames[static_cast<std::size_t>(family)];
}

Family family_of(std::string_view model) noexcept {
  const std::string lowered = lower(model);
  const auto found = std::ranges::find_if(
      kPatterns, [&](const Pattern& pattern) { return lowered.find(pattern.part) != std::string::npos; });
  return found != kPatterns.end() ? found->family : Family::unknown;
}

}  // namespace weir::tokens
