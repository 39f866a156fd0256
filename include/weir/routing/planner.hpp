#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/base/random.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/routing/fit.hpp"
#include "weir/routing/needs.hpp"
#include "weir/routing/route.hpp"

// Which target next. Synchronous: the decision and the taking of its quota are one step.
namespace weir::routing {

// What a request will take, before any provider's way of counting.
struct Ask {
  std::uint64_t prompt_tokens = 0;          // where its size by family isn't known
  std::optional<tokens::PromptSize> size;   // of the prompt
  double quantile = 0.9;                    // of the prompts, as counted by the provider, so many stay within
                                            // what is reckoned with
  std::uint64_t output_tokens = 0;          // what is expected, as long as nothing is known of the model
  std::optional<std::uint64_t> max_tokens;  // what the client allows
  std::uint64_t choices = 1;                // answers at once, each of them as long
  std::optional<std::uint64_t> min_output;  // to which max_tokens may be lowered; nothing: it isn't touched
  Duration patience{};  // how long a tier that will have room is waited for before the next one serves
  Needs needs{};
  const Target* preferred = nullptr;    // of the route: taken where its tier's turn comes and it has room
  quota::DayRule day;                   // of its class
  const quota::Pool* client = nullptr;  // of the client's key, where that has limits of its own
  const PeakHours* peak = nullptr;      // hours in which it waits
};

// What is to be reckoned with at a target: by its own tokenizer, and by what its answers have taught.
[[nodiscard]] std::uint64_t prompt_tokens(const Target& target, const Ask& ask) noexcept;
[[nodiscard]] std::uint64_t output_tokens(const Target& target, const Ask& ask) noexcept;
// What the prompt most likely comes to there.
[[nodiscard]] std::uint64_t likely_prompt_tokens(const Target& target, const Ask& ask) noexcept;

// What the configuration says of a request of that class. It outlives the ask.
void apply(const RoutingConfig& config, Priority priority, Ask& ask);

// Whether an ask can be met only where the other one can.
[[nodiscard]] bool is_no_less(const Ask& ask, const Ask& other) noexcept;

struct Choice {
  const Target* target = nullptr;
  Fitted fitted;
  quota::Reservation reservation;
};

// Whose limit it is that keeps a request from a target. day_rule: what routing.reserve and routing.spread
// leave its class of a day.
enum class HeldBy : std::uint8_t { target, client, peak_hours, day_rule };

// Why a target was passed over, and until when.
struct Skip {
  const Target* target = nullptr;
  std::string reason;                       // "rpm", "tpd", "rate_limited", "auth", "no tools"
  BootTime available_at = BootTime::max();  // max: not by waiting
  bool too_large = false;                   // no window of that size will ever come
  std::string_view remedy{};                // where no wait helps: what would. Static text
  HeldBy held_by = HeldBy::target;
  Unfit unfit = Unfit::none;  // why it can't serve this request at any time
  std::uint64_t needed = 0;   // tokens, where its context is too small
};

struct NoRoom {
  std::vector<Skip> skips;
  // The skip that ends first, or nothing where none ends by waiting.
  [[nodiscard]] const Skip* first_back() const;
};

// Draws from the best tier that has a fitting target, and draws again where a reserve lost a race. A tier is
// passed over only where none of its targets will have room within the ask's patience. `excluded` are targets
// that had their turn. NoRoom lists every target of the route that isn't excluded, and those that cost what
// the route may not spend.
[[nodiscard]] std::variant<Choice, NoRoom> choose(const Route& route, const Ask& ask,
                                                  std::span<const Target* const> excluded, Instant now,
                                                  RandomSource& random);

// The earliest moment at which a target of the route that isn't excluded has room; now where one has it.
// max(): none by waiting. Cheaper than a survey.
[[nodiscard]] BootTime earliest_room(const Route& route, const Ask& ask,
                                     std::span<const Target* const> excluded, Instant now);

// The same if what is under way were to end now, and to leave what it likely doesn't use. Until then no wait
// helps.
[[nodiscard]] BootTime hoped_room(const Route& route, const Ask& ask, std::span<const Target* const> excluded,
                                  Instant now);

// One target of a dry run.
struct Candidacy {
  const Target* target = nullptr;
  std::uint32_t tier = 1;
  Fitted fitted;
  std::optional<double> score;  // where it has room: its weight in the draw
  Skip skip;                    // else why not, and until when
};
// What choose() would weigh, in the route's order, without taking anything.
[[nodiscard]] std::vector<Candidacy> dry_run(const Route& route, const Ask& ask, Instant now);

// Whether an exact count of the prompt could open a target that is closed to the ask as it was estimated: its
// context or its room now lies within what the estimate may be off.
[[nodiscard]] bool is_decided_by_count(const Route& route, const Ask& ask,
                                       std::span<const Target* const> excluded, Instant now);

// The state of every target of a route, without taking anything: for messages that must tell the truth at the
// end.
[[nodiscard]] NoRoom survey(const Route& route, const Ask& ask, Instant now);

}  // namespace weir::routing
