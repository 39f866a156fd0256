#include "weir/routing/planner.hpp"

#include <algorithm>
#include <numeric>

namespace weir::routing {
namespace {

struct Scored {
  const Target* target;
  Fitted fitted;
  double score;
};

double score(Strategy strategy, double weight, double headroom) {
  return strategy == Strategy::weighted ? weight : weight * headroom;
}

// The index of a draw in proportion to the scores.
std::size_t draw(const std::vector<Scored>& scored, RandomSource& random) {
  const double total = std::accumulate(scored.begin(), scored.end(), 0.0,
                                       [](double sum, const Scored& s) { return sum + s.score; });
  double left = random.unit() * total;
  for (std::size_t i = 0; i + 1 < scored.size(); ++i) {
    left -= scored[i].score;
    if (left < 0) return i;
  }
  return scored.size() - 1;
}

// The place of the one that will have answered first; of those that nobody has measured the likeliest by
// score where they are all there is.
std::size_t fastest(const std::vector<Scored>& scored, const Ask& ask) {
  constexpr Duration kUnknown = Duration::max();
  std::size_t best = 0;
  Duration best_time = kUnknown;
  for (std::size_t i = 0; i < scored.size(); ++i) {
    const Speed* const speed = scored[i].target->speed;
    const Duration time = speed == nullptr ? kUnknown : speed->expected(ask.output_tokens).value_or(kUnknown);
    if (time < best_time || (time == best_time && scored[i].score > scored[best].score)) best = i;
    best_time = std::min(best_time, time);
  }
  return best;
}

// What nobody has measured is tried first, by one request at a time; and one request in twenty goes anywhere,
// since what was slow may have become fast.
std::size_t draw_fast(const std::vector<Scored>& scored, const Ask& ask, Instant now, RandomSource& random) {
  constexpr double kExploration = 0.05;
  for (std::size_t i = 0; i < scored.size(); ++i) {
    Speed* const speed = scored[i].target->speed;
    if (speed != nullptr && speed->explore(now.boot)) return i;
  }
  return random.unit() < kExploration ? draw(scored, random) : fastest(scored, ask);
}

std::size_t pick(Strategy strategy, const std::vector<Scored>& scored, const Ask& ask, Instant now,
                 RandomSource& random) {
  switch (strategy) {
    case Strategy::priority:
      return 0;
    case Strategy::fastest:
      return draw_fast(scored, ask, now, random);
    case Strategy::headroom:
    case Strategy::weighted:
      break;
  }
  return draw(scored, random);
}

std::optional<Choice> take(const Scored& scored, Instant now) {
  auto taken = scored.target->pool.reserve(scored.fitted.cost, now);
  if (auto* reservation = std::get_if<quota::Reservation>(&taken))
    return Choice{.target = scored.target, .fitted = scored.fitted, .reservation = std::move(*reservation)};
  return std::nullopt;
}

// A target that can serve the ask and has room for it: what it is asked for, and its headroom.
struct Fit {
  Fitted fitted;
  double headroom;
};
std::optional<Fit> weigh(const Target& target, const Ask& ask, Instant now) {
  if (unfit(target, ask) != Unfit::none) return std::nullopt;
  Fitted fitted = fit_to_model(target, ask);
  auto headroom = target.pool.headroom(fitted.cost, now);
  if (!headroom) {
    fitted = fit(target, ask, now);
    headroom = target.pool.headroom(fitted.cost, now);
  }
  return headroom ? std::optional(Fit{.fitted = fitted, .headroom = *headroom}) : std::nullopt;
}

bool has_had_its_turn(const Target& target, std::span<const Target* const> excluded) {
  return std::ranges::find(excluded, &target) != excluded.end();
}

// Fits of one tier; tiers stand together in a route.
std::vector<Scored> fitting(const Route& route, std::uint32_t tier, const Ask& ask,
                            std::span<const Target* const> excluded, Instant now) {
  std::vector<Scored> fits;
  fits.reserve(route.candidates.size());
  for (const Candidate& candidate : route.candidates) {
    if (candidate.tier != tier || has_had_its_turn(*candidate.target, excluded)) continue;
    if (const auto fit = weigh(*candidate.target, ask, now))
      fits.push_back({candidate.target, fit->fitted, score(route.strategy, candidate.weight, fit->headroom)});
  }
  return fits;
}

// When the first of a tier's targets has room; 0: of any tier.
BootTime earliest_of(const Route& route, std::uint32_t tier, const Ask& ask,
                     std::span<const Target* const> excluded, Instant now) {
  BootTime earliest = BootTime::max();
  for (const Candidate& candidate : route.candidates) {
    if ((tier != 0 && candidate.tier != tier) || has_had_its_turn(*candidate.target, excluded)) continue;
    if (unfit(*candidate.target, ask) != Unfit::none) continue;
    const quota::Cost cost = fit(*candidate.target, ask, now).cost;
    earliest = std::min(earliest, candidate.target->pool.available_behind({.requests = 0}, cost, now));
  }
  return earliest;
}

// An order that is given stands above the conversation, as tiers do.
std::optional<Choice> take_preferred(const Route& route, std::uint32_t tier, const Ask& ask,
                                     std::span<const Target* const> excluded, Instant now) {
  if (ask.preferred == nullptr || route.strategy == Strategy::priority) return std::nullopt;
  const auto place = std::ranges::find(route.candidates, ask.preferred, &Candidate::target);
  if (place == route.candidates.end() || place->tier != tier) return std::nullopt;
  if (has_had_its_turn(*ask.preferred, excluded)) return std::nullopt;
  // A reserve that fails is a sign that someone wanted more; here another target may do.
  const auto fit = weigh(*ask.preferred, ask, now);
  return fit ? take({ask.preferred, fit->fitted, 1.0}, now) : std::nullopt;
}

Skip unfit_skip(const Target& target, Unfit reason, const Ask& ask) {
  return {.target = &target,
          .reason = words_of(reason, target, ask),
          .unfit = reason,
          .needed = reason == Unfit::context ? tokens_needed(target, ask) : 0};
}

Skip skip_of(const Target& target, const Ask& ask, Instant now) {
  if (const Unfit reason = unfit(target, ask); reason != Unfit::none) return unfit_skip(target, reason, ask);
  const auto refusal = target.pool.refusal(fit(target, ask, now).cost, now);
  if (!refusal) return {.target = &target, .reason = "", .available_at = now.boot};
  return {.target = &target,
          .reason = refusal->limit,
          .available_at = refusal->available_at,
          .too_large = refusal->too_large,
          .remedy = refusal->remedy};
}

void add_costly(const Route& route, const Ask& ask, NoRoom& none) {
  for (const Target* const target : route.costly)
    none.skips.push_back(unfit_skip(*target, Unfit::costs, ask));
}

}  // namespace

const Skip* NoRoom::first_back() const {
  const auto first = std::ranges::min_element(skips, {}, &Skip::available_at);
  return first == skips.end() || first->available_at == BootTime::max() ? nullptr : &*first;
}

bool is_no_less(const Ask& ask, const Ask& other) noexcept {
  return ask.needs == other.needs && ask.prompt_tokens >= other.prompt_tokens &&
         ask.output_tokens >= other.output_tokens && ask.min_output == other.min_output &&
         ask.max_tokens.has_value() == other.max_tokens.has_value() &&
         ask.max_tokens.value_or(0) >= other.max_tokens.value_or(0);
}

std::variant<Choice, NoRoom> choose(const Route& route, const Ask& ask,
                                    std::span<const Target* const> excluded, Instant now,
                                    RandomSource& random) {
  std::uint32_t last_tier = 0;
  for (const Candidate& candidate : route.candidates) {
    if (candidate.tier == last_tier) continue;
    last_tier = candidate.tier;
    if (auto choice = take_preferred(route, last_tier, ask, excluded, now)) return *std::move(choice);
    std::vector<Scored> fits = fitting(route, last_tier, ask, excluded, now);
    while (!fits.empty()) {
      const std::size_t drawn = pick(route.strategy, fits, ask, now, random);
      if (auto choice = take(fits[drawn], now)) return *std::move(choice);
      fits.erase(fits.begin() + static_cast<std::ptrdiff_t>(drawn));  // another request was faster
    }
    if (ask.patience > Duration::zero() &&
        earliest_of(route, last_tier, ask, excluded, now) <= now.boot + ask.patience)
      break;
  }
  NoRoom none;
  for (const Candidate& candidate : route.candidates)
    if (!has_had_its_turn(*candidate.target, excluded))
      none.skips.push_back(skip_of(*candidate.target, ask, now));
  add_costly(route, ask, none);
  return none;
}

BootTime earliest_room(const Route& route, const Ask& ask, std::span<const Target* const> excluded,
                       Instant now) {
  return earliest_of(route, 0, ask, excluded, now);
}

std::vector<Candidacy> dry_run(const Route& route, const Ask& ask, Instant now) {
  std::vector<Candidacy> all;
  for (const Candidate& candidate : route.candidates) {
    Candidacy& one = all.emplace_back(Candidacy{.target = candidate.target, .tier = candidate.tier});
    one.fitted = fit(*candidate.target, ask, now);
    one.skip = skip_of(*candidate.target, ask, now);
    if (one.skip.unfit != Unfit::none) continue;
    if (const auto headroom = candidate.target->pool.headroom(one.fitted.cost, now))
      one.score = score(route.strategy, candidate.weight, *headroom);
  }
  return all;
}

NoRoom survey(const Route& route, const Ask& ask, Instant now) {
  NoRoom all;
  for (const Candidate& candidate : route.candidates)
    all.skips.push_back(skip_of(*candidate.target, ask, now));
  add_costly(route, ask, all);
  return all;
}

}  // namespace weir::routing
