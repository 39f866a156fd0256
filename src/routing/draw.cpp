#include "routing/draw.hpp"

#include <algorithm>
#include <numeric>
#include <variant>

namespace weir::routing {
namespace {

// A target that can serve the ask and has room for it.
struct Fit {
  const Target* target;
  double headroom;  // in (0, 1]
  bool to_window;   // its max_tokens is fitted to its windows, not to the model alone
};

std::optional<Fit> weigh(const Target& target, const Ask& ask, Instant now) {
  if (unfit(target, ask) != Unfit::none) return std::nullopt;
  const Fitted wanted = fit_to_model(target, ask);
  if (const auto headroom = target.pool.headroom(wanted.cost, now, wanted.terms))
    return Fit{.target = &target, .headroom = *headroom, .to_window = false};
  const Fitted lowered = fit(target, ask, now);
  if (lowered.max_tokens == wanted.max_tokens) return std::nullopt;  // the same, which has no room
  if (const auto headroom = target.pool.headroom(lowered.cost, now, lowered.terms))
    return Fit{.target = &target, .headroom = *headroom, .to_window = true};
  return std::nullopt;
}

// Nothing where another request was faster.
std::optional<Choice> take_fit(const Fit& fit, const Ask& ask, Instant now) {
  const Fitted fitted = fit.to_window ? routing::fit(*fit.target, ask, now) : fit_to_model(*fit.target, ask);
  auto taken = fit.target->pool.reserve(fitted.cost, now, fitted.terms);
  if (auto* reservation = std::get_if<quota::Reservation>(&taken))
    return Choice{.target = fit.target, .fitted = fitted, .reservation = std::move(*reservation)};
  return std::nullopt;
}

// In proportion to their weights.
const Candidate& drawn_by_weight(std::span<const Candidate> tier, RandomSource& random) {
  const double at = random.unit() * tier.back().weight_so_far;
  const auto drawn = std::ranges::upper_bound(tier, at, {}, &Candidate::weight_so_far);
  return drawn == tier.end() ? tier.back() : *drawn;  // a sum may be rounded
}

}  // namespace

struct Draw::Scored {
  Fit fit;
  double score;
};

double score(Strategy strategy, double weight, double headroom) noexcept {
  return strategy == Strategy::weighted ? weight : weight * headroom;
}

std::optional<Choice> take(const Target& target, const Ask& ask, Instant now) {
  const auto fit = weigh(target, ask, now);
  return fit ? take_fit(*fit, ask, now) : std::nullopt;
}

std::optional<Choice> Draw::take_one() {
  switch (from_.strategy) {
    case Strategy::priority:
      return take_first();
    case Strategy::fastest:
      return take_fastest();
    case Strategy::headroom:
    case Strategy::weighted:
      break;
  }
  return take_by_chance();
}

bool Draw::is_excluded(const Candidate& candidate) const {
  return std::ranges::find(from_.excluded, candidate.target) != from_.excluded.end();
}

std::optional<Choice> Draw::take_first() {
  for (const Candidate& candidate : from_.tier) {
    if (is_excluded(candidate)) continue;
    if (auto choice = take(*candidate.target, ask_, now_)) return choice;
  }
  return std::nullopt;
}

// What nobody has measured is tried first, by one request at a time; and one request in twenty goes anywhere,
// since what was slow may have become fast.
std::optional<Choice> Draw::take_fastest() {
  constexpr double kExploration = 0.05;
  if (auto choice = explore()) return choice;
  if (random_.unit() >= kExploration)
    if (auto choice = take_soonest()) return choice;
  return take_by_chance();
}

std::optional<Choice> Draw::explore() {
  for (const Candidate& candidate : from_.tier) {
    Speed* const speed = candidate.target->speed;
    if (speed == nullptr || !speed->is_unexplored(now_.boot) || is_excluded(candidate)) continue;
    const auto fit = weigh(*candidate.target, ask_, now_);
    if (!fit || !speed->explore(now_.boot)) continue;
    if (auto choice = take_fit(*fit, ask_, now_)) return choice;
  }
  return std::nullopt;
}

// Of those that somebody has measured the one that will have answered first.
std::optional<Choice> Draw::take_soonest() {
  struct Timed {
    Duration time;
    const Target* target;
  };
  std::vector<Timed> timed;
  timed.reserve(from_.tier.size());
  for (const Candidate& candidate : from_.tier) {
    const Speed* const speed = candidate.target->speed;
    if (speed == nullptr || is_excluded(candidate)) continue;
    if (const auto time = speed->expected(ask_.output_tokens)) timed.push_back({*time, candidate.target});
  }
  while (!timed.empty()) {
    const auto soonest = std::ranges::min_element(timed, {}, &Timed::time);
    if (auto choice = take(*soonest->target, ask_, now_)) return choice;
    timed.erase(soonest);
  }
  return std::nullopt;
}

std::optional<Choice> Draw::take_by_chance() {
  if (auto choice = take_by_lot()) return choice;
  return take_of_all();
}

// One is drawn by its weight alone, and stays with a chance of its headroom: the odds of a draw among all by
// their scores, at the price of looking at a few. Where an eighth has been drawn in vain most of them are
// full, and it is given up.
std::optional<Choice> Draw::take_by_lot() {
  constexpr std::size_t kShare = 8;
  for (std::size_t i = 0; i < from_.tier.size() / kShare; ++i) {
    const Candidate& drawn = drawn_by_weight(from_.tier, random_);
    if (is_excluded(drawn)) continue;
    const auto fit = weigh(*drawn.target, ask_, now_);
    if (!fit || random_.unit() >= score(from_.strategy, 1, fit->headroom)) continue;
    if (auto choice = take_fit(*fit, ask_, now_)) return choice;
  }
  return std::nullopt;
}

std::optional<Choice> Draw::take_of_all() {
  std::vector<Scored> fits = all_that_fit();
  while (!fits.empty()) {
    const std::size_t drawn = draw_index(fits);
    if (auto choice = take_fit(fits[drawn].fit, ask_, now_)) return choice;
    fits.erase(fits.begin() + static_cast<std::ptrdiff_t>(drawn));
  }
  return std::nullopt;
}

std::vector<Draw::Scored> Draw::all_that_fit() const {
  std::vector<Scored> fits;
  fits.reserve(from_.tier.size());
  for (const Candidate& candidate : from_.tier) {
    if (is_excluded(candidate)) continue;
    if (const auto fit = weigh(*candidate.target, ask_, now_))
      fits.push_back({*fit, score(from_.strategy, candidate.weight, fit->headroom)});
  }
  return fits;
}

std::size_t Draw::draw_index(const std::vector<Scored>& scored) {
  const double total = std::accumulate(scored.begin(), scored.end(), 0.0,
                                       [](double sum, const Scored& s) { return sum + s.score; });
  double left = random_.unit() * total;
  for (std::size_t i = 0; i + 1 < scored.size(); ++i) {
    left -= scored[i].score;
    if (left < 0) return i;
  }
  return scored.size() - 1;
}

}  // namespace weir::routing
