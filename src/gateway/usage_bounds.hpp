#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "weir/providers/provider.hpp"
#include "weir/wire/chat_request.hpp"
#include "weir/wire/usage.hpp"

namespace weir::gateway {

// The most that an answer can have used, by what was asked of whom: usage above it is an error or a lie, and
// charging it would close windows, the client's own among them, that nobody has used.
struct UsageBounds {
  std::uint64_t prompt = 0;
  std::uint64_t completion = 0;
  std::uint64_t choices = 1;  // answers asked for at once

  // Whether it lies within; of the text that came every byte may have been a token, whatever was allowed.
  [[nodiscard]] bool hold(const wire::Usage& usage, std::size_t text_bytes) const noexcept;
};

// No tokenizer makes more tokens than bytes, but providers lay words of their own around a prompt, and an
// image or a file may be an address: these are bounded by the model's context alone. What a model that
// may think writes is bounded by its maximum, since not everyone counts thinking towards max_tokens.
// max_tokens and choices are what was sent.
[[nodiscard]] UsageBounds usage_bounds(const wire::ChatRequest& chat, std::string_view body,
                                       const providers::Model& model, std::optional<std::uint64_t> max_tokens,
                                       std::uint64_t choices) noexcept;

}  // namespace weir::gateway
