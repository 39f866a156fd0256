#pragma once

#include <cstdint>
#include <string>

#include "weir/providers/provider.hpp"

// What a request asks of a target beside room, and whether a target has it. No wait changes that.
namespace weir::routing {

struct Ask;
struct Target;

struct Needs {
  providers::Capabilities capabilities = 0;       // all of these
  bool no_training = false;                       // none that says it trains on prompts
  const providers::Provider* provider = nullptr;  // only this one, where the client names one

  friend bool operator==(const Needs&, const Needs&) = default;
};

// Why a target can't serve a request. A target is told by the first that holds; the later it stands, the
// nearer the target came to serving.
enum class Unfit : std::uint8_t {
  none,
  costs,           // money, on a route that spends none
  switched_off,    // its key, by a person
  other_provider,  // than the one that the client names
  training,
  tools,
  images,
  json_schema,
  context
};

// Whether a shorter request would not help.
[[nodiscard]] constexpr bool lacks_more_than_context(Unfit reason) noexcept {
  return reason != Unfit::none && reason != Unfit::context;
}

// What is unknown is no reason: capabilities that nobody has stated, a context of unknown size, a provider
// that says nothing about training.
[[nodiscard]] Unfit unfit(const Target& target, const Ask& ask) noexcept;
// "no tools", "context 8192 < 9000", "trains on prompts".
[[nodiscard]] std::string words_of(Unfit reason, const Target& target, const Ask& ask);
// Prompt and the output to reckon with: what the client allows, else what is expected, as far as the model
// can.
[[nodiscard]] std::uint64_t tokens_needed(const Target& target, const Ask& ask) noexcept;

}  // namespace weir::routing
