#pragma once

#include <optional>
#include <span>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/base/random.hpp"
#include "weir/routing/planner.hpp"
#include "weir/routing/route.hpp"

namespace weir::routing {

using Targets = std::span<const Target* const>;

// A candidate's part in the draw, by its headroom.
[[nodiscard]] double score(Strategy strategy, double weight, double headroom) noexcept;

// Takes the quota of that target, where it can serve the ask and has room.
[[nodiscard]] std::optional<Choice> take(const Target& target, const Ask& ask, Instant now);

// One request's choice among the candidates of one tier. It looks at no more of them than it must: of two
// hundred that have room it costs what it costs of ten. What is named here outlives it.
class Draw {
 public:
  struct From {
    Strategy strategy;
    std::span<const Candidate> tier;
    Targets excluded;
  };
  Draw(From from, const Ask& ask, Instant now, RandomSource& random)
      : from_(from), ask_(ask), now_(now), random_(random) {}

  // By the strategy; where another request was faster at one, of the rest. Nothing: none of them has room.
  [[nodiscard]] std::optional<Choice> take_one();

 private:
  struct Scored;

  [[nodiscard]] bool is_excluded(const Candidate& candidate) const;
  [[nodiscard]] std::optional<Choice> take_first();
  [[nodiscard]] std::optional<Choice> take_fastest();
  [[nodiscard]] std::optional<Choice> explore();
  [[nodiscard]] std::optional<Choice> take_soonest();
  [[nodiscard]] std::optional<Choice> take_by_chance();
  [[nodiscard]] std::optional<Choice> take_by_lot();
  [[nodiscard]] std::optional<Choice> take_of_all();
  [[nodiscard]] std::vector<Scored> all_that_fit() const;
  [[nodiscard]] std::size_t draw_index(const std::vector<Scored>& scored);

  const From from_;
  const Ask& ask_;
  const Instant now_;
  RandomSource& random_;
};

}  // namespace weir::routing
