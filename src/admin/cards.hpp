#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/routing/route.hpp"

namespace weir::admin {

// How it stands with a key: at least one of its models takes a small request; none does and time will help;
// the same after failures; a person is needed; a person has switched it off.
enum class CardState : std::uint8_t { ready, limited, failing, refused, disabled };
[[nodiscard]] std::string_view name(CardState state) noexcept;
inline constexpr std::size_t kCardStates = 5;

// One key of a provider, and all that it can do now.
struct Card {
  const providers::Provider* provider = nullptr;
  const providers::Key* key = nullptr;
  CardState state = CardState::ready;
  std::size_t models = 0;
  std::size_t models_ready = 0;
  std::optional<BootTime> back_at;  // of one that is limited or failing
  std::string why;
  std::string_view remedy;
  std::vector<const routing::Target*> targets;
};

// In the order of the configuration. Takes nothing, and counts as no wish for room.
[[nodiscard]] std::vector<Card> cards_of(const routing::Catalogue& catalogue, Instant now);
[[nodiscard]] nlohmann::ordered_json card_json(const Card& card, Instant now);

// What stands above all cards.
struct Outlook {
  std::string_view state;  // "ready", "limited", "unavailable", "draining"
  std::string sentence;
};
[[nodiscard]] Outlook outlook_of(const std::vector<Card>& cards, bool draining, std::size_t in_flight,
                                 Instant now);

}  // namespace weir::admin
