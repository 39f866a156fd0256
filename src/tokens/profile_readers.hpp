#pragma once

#include <span>
#include <string_view>

#include "weir/tokens/profile.hpp"

namespace weir::tokens {

// Adds one text's traits, all of it read.
using ReadTraits = void (*)(Profile& profile, std::string_view text) noexcept;

// The ways to do it that this machine has instructions for, the fastest first. All find the same.
[[nodiscard]] std::span<const ReadTraits> trait_readers() noexcept;

}  // namespace weir::tokens
