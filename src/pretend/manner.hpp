#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "pretend/faults.hpp"
#include "pretend/quotas.hpp"
#include "pretend/shape.hpp"
#include "weir/pretend/pretend.hpp"

namespace weir::pretend {

// One of the limits as a weir.yaml writes it: "rpm: {limit: 5, window: refill}".
struct KnownLimit {
  enum class Of : std::uint8_t { account, model };
  std::string_view key;
  std::uint64_t Limits::*amount;
  std::string_view window;
  Of of = Of::account;
};

// All that one manner is made of. Each has a file of its own, which says what its numbers rest on.
struct MannerParts {
  std::string_view name;
  std::string_view preset;
  std::string_view path;  // of the base URL
  std::unique_ptr<Quotas> (*make_quotas)(const ProviderSpec& spec);
  const Faults* faults;  // how it says no to a request
  const Shape* shape;    // how it answers one
  std::span<const KnownLimit> known_limits;
};

[[nodiscard]] const MannerParts& parts_of(Manner manner);

[[nodiscard]] const MannerParts& groq_parts();
[[nodiscard]] const MannerParts& openrouter_parts();
[[nodiscard]] const MannerParts& plain_parts();
[[nodiscard]] const MannerParts& mistral_parts();
[[nodiscard]] const MannerParts& gemini_parts();
[[nodiscard]] const MannerParts& cerebras_parts();
[[nodiscard]] const MannerParts& cohere_parts();
[[nodiscard]] const MannerParts& nvidia_parts();

}  // namespace weir::pretend
