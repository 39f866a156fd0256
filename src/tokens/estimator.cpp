#include "weir/tokens/estimator.hpp"

namespace weir::tokens {
namespace {

constexpr std::size_t kBytesPerToken = 4;
constexpr std::uint64_t kTokensPerMessage = 4;

}  // namespace

std::uint64_t tokens_of_text(std::size_t bytes) noexcept {
  return (bytes + kBytesPerToken - 1) / kBytesPerToken;
}

Estimate estimate(std::size_t prompt_bytes, std::size_t messages,
                  std::optional<std::uint64_t> max_tokens) noexcept {
  return {.prompt = tokens_of_text(prompt_bytes) + kTokensPerMessage * messages,
          .output = max_tokens.value_or(kTypicalOutput)};
}

}  // namespace weir::tokens
