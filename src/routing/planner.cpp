#include "weir/routing/planner.hpp"

#include <algorithm>

#include "routing/draw.hpp"

namespace weir::routing {
namespace {

// The first moment from then on at which its class may be served at all.
BootTime off_peak(const Ask& ask, BootTime at, Instant now) {
  return ask.peak == nullptr || at == BootTime::max() ? at : std::max(at, ask.peak->over_at(at, now));
}

bool has_had_its_turn(const Target& target, std::span<const Target* const> excluded) {
  return std::ranges::find(excluded, &target) != excluded.end();
}

// The candidates of one tier stand together.
std::span<const Candidate> tier_from(const Route& route, std::size_t first) {
  const auto begin = route.candidates.begin() + static_cast<std::ptrdiff_t>(first);
  const auto end = std::ranges::upper_bound(begin, route.candidates.end(), begin->tier, {}, &Candidate::tier);
  return {&*begin, static_cast<std::size_t>(end - begin)};
}

// When the first of a tier's targets has room, by one of the pool's forecasts; 0: of any tier.
BootTime earliest_of(const Route& route, std::uint32_t tier, const Ask& ask,
                     std::span<const Target* const> excluded, Instant now,
                     decltype(&quota::Pool::available_behind) forecast = &quota::Pool::available_behind) {
  BootTime earliest = BootTime::max();
  for (const Candidate& candidate : route.candidates) {
    if ((tier != 0 && candidate.tier != tier) || has_had_its_turn(*candidate.target, excluded)) continue;
    if (unfit(*candidate.target, ask) != Unfit::none) continue;
    const Fitted fitted = fit(*candidate.target, ask, now);
    earliest = std::min(earliest,
                        (candidate.target->pool.*forecast)({.requests = 0}, fitted.cost, now, fitted.terms));
  }
  return off_peak(ask, earliest, now);
}

// An order that is given stands above the conversation, as tiers do.
std::optional<Choice> take_preferred(const Route& route, std::uint32_t tier, const Ask& ask,
                                     std::span<const Target* const> excluded, Instant now) {
  if (ask.preferred == nullptr || route.strategy == Strategy::priority) return std::nullopt;
  const auto place = std::ranges::find(route.candidates, ask.preferred, &Candidate::target);
  if (place == route.candidates.end() || place->tier != tier) return std::nullopt;
  if (has_had_its_turn(*ask.preferred, excluded)) return std::nullopt;
  // A reserve that fails is a sign that someone wanted more; here another target may do.
  return take(*ask.preferred, ask, now);
}

// Tier by tier.
std::optional<Choice> take_best(const Route& route, const Ask& ask, Targets excluded, Instant now,
                                RandomSource& random) {
  if (off_peak(ask, now.boot, now) > now.boot) return std::nullopt;
  for (std::size_t first = 0; first < route.candidates.size();) {
    const std::span<const Candidate> tier = tier_from(route, first);
    const std::uint32_t number = tier.front().tier;
    if (auto choice = take_preferred(route, number, ask, excluded, now)) return choice;
    Draw draw({.strategy = route.strategy, .tier = tier, .excluded = excluded}, ask, now, random);
    if (auto choice = draw.take_one()) return choice;
    if (ask.patience > Duration::zero() &&
        earliest_of(route, number, ask, excluded, now) <= now.boot + ask.patience)
      break;
    first += tier.size();
  }
  return std::nullopt;
}

Skip unfit_skip(const Target& target, Unfit reason, const Ask& ask) {
  return {.target = &target,
          .reason = words_of(reason, target, ask),
          .unfit = reason,
          .needed = reason == Unfit::context ? tokens_needed(target, ask) : 0};
}

// Whether a request of another class could have what it asks for.
bool is_kept(const Target& target, const Ask& ask, const Fitted& fitted, Instant now) {
  if (ask.day == quota::DayRule{}) return false;
  quota::Terms terms = fitted.terms;
  terms.day = {};
  return target.pool.headroom(fitted.cost, now, terms).has_value();
}

Skip skip_of(const Target& target, const Ask& ask, Instant now) {
  if (const Unfit reason = unfit(target, ask); reason != Unfit::none) return unfit_skip(target, reason, ask);
  const Fitted fitted = fit(target, ask, now);
  const auto refusal = target.pool.refusal(fitted.cost, now, fitted.terms);
  const BootTime quota_at = refusal ? refusal->available_at : now.boot;
  const BootTime at = off_peak(ask, quota_at, now);
  if (at > quota_at)
    return {.target = &target, .reason = "peak hours", .available_at = at, .held_by = HeldBy::peak_hours};
  if (!refusal) return {.target = &target, .reason = "", .available_at = now.boot};
  if (is_kept(target, ask, fitted, now))
    return {.target = &target,
            .reason = refusal->limit + " kept by routing.reserve or routing.spread",
            .available_at = at,
            .too_large = refusal->too_large,
            .held_by = HeldBy::day_rule};
  return {.target = &target,
          .reason = refusal->limit,
          .available_at = at,
          .too_large = refusal->too_large,
          .remedy = refusal->remedy,
          .held_by = refusal->of_client ? HeldBy::client : HeldBy::target};
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

void apply(const RoutingConfig& config, Priority priority, Ask& ask) {
  if (config.fit_max_tokens) ask.min_output = config.min_output;
  ask.day = day_rule(config, priority);
  ask.peak = peak_of(config, priority);
}

std::uint64_t prompt_tokens(const Target& target, const Ask& ask) noexcept {
  if (!ask.size || target.counting == nullptr) return ask.prompt_tokens;
  return target.counting->prompt(*ask.size, ask.quantile).upper;
}

std::uint64_t likely_prompt_tokens(const Target& target, const Ask& ask) noexcept {
  if (!ask.size || target.counting == nullptr) return ask.prompt_tokens;
  return target.counting->prompt(*ask.size, ask.quantile).likely;
}

std::uint64_t output_tokens(const Target& target, const Ask& ask) noexcept {
  if (ask.max_tokens || target.counting == nullptr) return ask.output_tokens;
  return target.counting->output(ask.quantile).value_or(ask.output_tokens);
}

namespace {

// Of prompts that were sized by the same method the larger one is so for every target.
bool is_no_smaller(const Ask& ask, const Ask& other) noexcept {
  if (!ask.size && !other.size) return ask.prompt_tokens >= other.prompt_tokens;
  return ask.size && other.size && ask.size->method == other.size->method && ask.quantile >= other.quantile &&
         std::ranges::equal(ask.size->tokens, other.size->tokens, std::ranges::greater_equal());
}

}  // namespace

bool is_no_less(const Ask& ask, const Ask& other) noexcept {
  const bool is_held_no_less = ask.day.kept >= other.day.kept && ask.day.paced >= other.day.paced &&
                               (other.client == nullptr || other.client == ask.client) &&
                               (other.peak == nullptr || other.peak == ask.peak);
  return is_held_no_less && ask.needs == other.needs && is_no_smaller(ask, other) &&
         ask.output_tokens >= other.output_tokens && ask.choices == other.choices &&
         ask.min_output == other.min_output && ask.max_tokens.has_value() == other.max_tokens.has_value() &&
         ask.max_tokens.value_or(0) >= other.max_tokens.value_or(0);
}

std::variant<Choice, NoRoom> choose(const Route& route, const Ask& ask,
                                    std::span<const Target* const> excluded, Instant now,
                                    RandomSource& random) {
  if (auto choice = take_best(route, ask, excluded, now, random)) return *std::move(choice);
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

BootTime hoped_room(const Route& route, const Ask& ask, std::span<const Target* const> excluded,
                    Instant now) {
  return earliest_of(route, 0, ask, excluded, now, &quota::Pool::hoped_behind);
}

std::vector<Candidacy> dry_run(const Route& route, const Ask& ask, Instant now) {
  std::vector<Candidacy> all;
  for (const Candidate& candidate : route.candidates) {
    Candidacy& one = all.emplace_back(Candidacy{.target = candidate.target, .tier = candidate.tier});
    one.fitted = fit(*candidate.target, ask, now);
    one.skip = skip_of(*candidate.target, ask, now);
    if (one.skip.unfit != Unfit::none) continue;
    if (one.skip.held_by == HeldBy::peak_hours) continue;
    if (const auto headroom = candidate.target->pool.headroom(one.fitted.cost, now, one.fitted.terms))
      one.score = score(route.strategy, candidate.weight, *headroom);
  }
  return all;
}

bool is_decided_by_count(const Route& route, const Ask& ask, std::span<const Target* const> excluded,
                         Instant now) {
  if (!ask.size || ask.size->method == tokens::Method::encoder) return false;
  constexpr double kHardlyAny = 0.02;
  Ask shorter = ask;
  shorter.size.reset();
  const auto is_open = [now](const Target& target, const Ask& to) {
    if (unfit(target, to) != Unfit::none) return false;
    const Fitted fitted = fit(target, to, now);
    return target.pool.headroom(fitted.cost, now, fitted.terms).has_value();
  };
  return std::ranges::any_of(route.candidates, [&](const Candidate& candidate) {
    const Target& target = *candidate.target;
    if (target.counting == nullptr || has_had_its_turn(target, excluded)) return false;
    shorter.prompt_tokens = target.counting->prompt(*ask.size, kHardlyAny).upper;
    return is_open(target, shorter) && !is_open(target, ask);
  });
}

NoRoom survey(const Route& route, const Ask& ask, Instant now) {
  NoRoom all;
  for (const Candidate& candidate : route.candidates)
    all.skips.push_back(skip_of(*candidate.target, ask, now));
  add_costly(route, ask, all);
  return all;
}

}  // namespace weir::routing
