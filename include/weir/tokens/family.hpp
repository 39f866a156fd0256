#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::tokens {

// Models that share a tokenizer and a chat template.
enum class Family : std::uint8_t { gpt_oss, gpt, llama, qwen, gemma, mistral, command, deepseek, unknown };
inline constexpr std::size_t kFamilies = 9;

[[nodiscard]] std::string_view name(Family family) noexcept;
// By a model's name or id, vendor prefixes and case notwithstanding: "meta-llama/Llama-3.3-70B-Instruct" is
// llama. Gemini counts as gemma, whose tokenizer it shares.
[[nodiscard]] Family family_of(std::string_view model) noexcept;

}  // namespace weir::tokens
