#include "admin/cards.hpp"

#include <algorithm>
#include <chrono>

#include "admin/json_words.hpp"
#include "weir/base/units.hpp"
#include "weir/quota/ledger.hpp"

namespace weir::admin {
namespace {

using nlohmann::ordered_json;

constexpr quota::Cost kSmall{.requests = 1, .tokens = 1, .input_tokens = 1, .output_tokens = 1};
constexpr quota::Cost kNothing{.requests = 0, .tokens = 0, .input_tokens = 0, .output_tokens = 0};

// Why a target takes nothing now: what cools it down, else the window that is full.
struct Hold {
  std::string why;
  std::string_view remedy;
  bool is_failing = false;
};

Hold hold_of(const routing::Target& target, Instant now) {
  if (const auto cooldown = target.pool.cooldown(now))
    return {.why = std::string(quota::name(cooldown->cause)),
            .remedy = cooldown->until == BootTime::max() ? quota::remedy(cooldown->cause) : "",
            .is_failing = cooldown->cause == quota::CooldownCause::failing};
  for (const quota::MeterView& view : target.pool.view(now)) {
    if (view.limit.amount == 0)
      return {.why = quota::short_name(view.limit),
              .remedy = quota::remedy(quota::CooldownCause::not_on_plan)};
    if (view.limit.amount != quota::kUnknownAmount && view.left == 0)
      return {.why = quota::short_name(view.limit), .remedy = {}};
  }
  return {};
}

// Of a key none of whose models is ready: the one that is back first tells why.
void judge(Card& card, Instant now) {
  BootTime first = BootTime::max();
  const routing::Target* of_first = card.targets.front();
  for (const routing::Target* const target : card.targets) {
    const BootTime at = target->pool.available_behind(kNothing, kSmall, now);
    if (at >= first) continue;
    first = at;
    of_first = target;
  }
  const Hold hold = hold_of(*of_first, now);
  card.why = hold.why;
  card.remedy = hold.remedy;
  card.state = CardState::refused;
  if (first == BootTime::max()) return;
  card.back_at = first;
  card.state = hold.is_failing ? CardState::failing : CardState::limited;
}

ordered_json cooldown_json(const routing::Target& target, const quota::Cooldown& cooldown, Instant now) {
  ordered_json json;
  json["model"] = target.model->name;
  json["cause"] = quota::name(cooldown.cause);
  put_moment(json, "until", cooldown.until, now);
  json["remedy"] = word_or_null(quota::remedy(cooldown.cause));
  return json;
}

// Where all models are blocked alike it is said once.
ordered_json cooldowns_json(const Card& card, Instant now) {
  ordered_json all = ordered_json::array();
  std::optional<quota::Cooldown> first;
  bool alike = true;
  for (const routing::Target* const target : card.targets) {
    const auto cooldown = target->pool.cooldown(now);
    if (target == card.targets.front()) first = cooldown;
    alike = alike && first && cooldown && cooldown->cause == first->cause && cooldown->until == first->until;
    if (cooldown) all.push_back(cooldown_json(*target, *cooldown, now));
  }
  if (!alike || card.targets.size() < 2) return all;
  ordered_json one = std::move(all.front());
  one["model"] = nullptr;
  return ordered_json::array({std::move(one)});
}

// The account's windows once and first, then each model's own.
ordered_json windows_json(const Card& card, Instant now) {
  std::vector<quota::Limit> shared;
  ordered_json of_account = ordered_json::array();
  ordered_json of_models = ordered_json::array();
  for (const routing::Target* const target : card.targets)
    for (const quota::MeterView& view : target->pool.view(now)) {
      if (!is_of_account(view)) {
        of_models.push_back(card_window_json(view, now));
        of_models.back()["model"] = target->model->name;
        continue;
      }
      const auto same = [&](const quota::Limit& limit) { return is_same_window(limit, view.limit); };
      if (std::ranges::any_of(shared, same)) continue;
      shared.push_back(view.limit);
      of_account.push_back(card_window_json(view, now));
    }
  for (ordered_json& window : of_models) of_account.push_back(std::move(window));
  return of_account;
}

// "08:00 UTC" of today, "2026-11-28 08:00 UTC" later, seconds where it is near.
std::string moment_for_people(BootTime at, Instant now) {
  constexpr std::size_t kDate = 10;
  const bool is_near = at - now.boot < std::chrono::minutes(10);
  // What is told to the minute is told late rather than early.
  const WallTime exact = steady_wall(at, now);
  const WallTime told = is_near ? std::chrono::ceil<std::chrono::seconds>(exact)
                                : std::chrono::ceil<std::chrono::minutes>(exact);
  const std::string text = format_utc(told);  // 2026-11-28T08:00:00Z
  const bool is_today = text.substr(0, kDate) == format_utc(now.wall).substr(0, kDate);
  return (is_today ? "" : text.substr(0, kDate) + " ") + text.substr(kDate + 1, is_near ? 8 : 5) + " UTC";
}

// One provider's best key.
struct Standing {
  const Card* best = nullptr;
};

bool is_better(const Card& one, const Card& other) {
  if ((one.state == CardState::ready) != (other.state == CardState::ready))
    return one.state == CardState::ready;
  return one.back_at.value_or(BootTime::max()) < other.back_at.value_or(BootTime::max());
}

std::vector<Standing> standings_of(const std::vector<Card>& cards) {
  std::vector<Standing> all;
  for (const Card& card : cards) {
    if (all.empty() || all.back().best->provider != card.provider)
      all.push_back({&card});
    else if (is_better(card, *all.back().best))
      all.back().best = &card;
  }
  return all;
}

std::string words_of(const Card& card, Instant now) {
  const std::string& provider = card.provider->name;
  switch (card.state) {
    case CardState::ready:
      break;
    case CardState::limited:
      return provider + " back at " + moment_for_people(*card.back_at, now);
    case CardState::failing:
      return provider + " is failing, tried again at " + moment_for_people(*card.back_at, now);
    case CardState::refused:
      return provider + ": " + (card.remedy.empty() ? card.why : std::string(card.remedy));
    case CardState::disabled:
      return provider + " is disabled";
  }
  return provider;
}

std::string sentence_of(const std::vector<Standing>& all, std::size_t ready, Instant now) {
  constexpr std::size_t kMostSaid = 3;
  const std::string providers = all.size() == 1 ? " provider" : " providers";
  if (all.empty()) return "no provider is configured";
  if (ready == all.size())
    return all.size() == 1 ? "the one provider is ready"
                           : "all " + std::to_string(all.size()) + providers + " ready";
  std::vector<const Card*> others;
  for (const Standing& one : all)
    if (one.best->state != CardState::ready) others.push_back(one.best);
  std::ranges::stable_sort(others, [](const Card* a, const Card* b) { return is_better(*a, *b); });
  std::string text = (ready == 0 ? "none" : std::to_string(ready)) + " of " + std::to_string(all.size()) +
                     providers + " ready";
  for (std::size_t i = 0; i < others.size() && i < kMostSaid; ++i) text += "; " + words_of(*others[i], now);
  if (others.size() > kMostSaid) text += "; and " + std::to_string(others.size() - kMostSaid) + " more";
  return text;
}

}  // namespace

std::string_view name(CardState state) noexcept {
  switch (state) {
    case CardState::ready:
      return "ready";
    case CardState::limited:
      return "limited";
    case CardState::failing:
      return "failing";
    case CardState::refused:
      return "refused";
    case CardState::disabled:
      break;
  }
  return "disabled";
}

std::vector<Card> cards_of(const routing::Catalogue& catalogue, Instant now) {
  std::vector<Card> cards;
  for (const routing::Target& target : catalogue.targets()) {
    if (cards.empty() || cards.back().provider != target.provider || cards.back().key != target.key)
      cards.push_back(
          {.provider = target.provider, .key = target.key, .why = {}, .remedy = {}, .targets = {}});
    Card& card = cards.back();
    card.targets.push_back(&target);
    ++card.models;
    if (!target.is_off() && target.pool.headroom(kSmall, now)) ++card.models_ready;
  }
  for (Card& card : cards) {
    if (card.targets.front()->is_off()) {
      card.state = CardState::disabled;
      card.why = "a person has disabled it";
      card.remedy = "enable it, or restart";
    } else if (card.models_ready == 0) {
      judge(card, now);
    }
  }
  return cards;
}

ordered_json card_json(const Card& card, Instant now) {
  ordered_json json;
  json["provider"] = card.provider->name;
  json["key"] = card.key->label;
  json["account"] = card.key->account;
  json["enabled"] = card.state != CardState::disabled;
  json["state"] = name(card.state);
  json["models"] = card.models;
  json["models_ready"] = card.models_ready;
  put_moment(json, "back_at", card.back_at, now);
  json["back_in_s"] = std::move(json["back_at_in_s"]);
  json.erase("back_at_in_s");
  json["why"] = word_or_null(card.why);
  json["remedy"] = word_or_null(card.remedy);
  json["windows"] = windows_json(card, now);
  json["cooldowns"] = cooldowns_json(card, now);
  return json;
}

Outlook outlook_of(const std::vector<Card>& cards, bool draining, std::size_t in_flight, Instant now) {
  if (draining)
    return {.state = "draining",
            .sentence = "draining: " + std::to_string(in_flight) + " requests under way"};
  const std::vector<Standing> all = standings_of(cards);
  const auto ready = static_cast<std::size_t>(
      std::ranges::count_if(all, [](const Standing& one) { return one.best->state == CardState::ready; }));
  const bool will_be =
      std::ranges::any_of(all, [](const Standing& one) { return one.best->back_at.has_value(); });
  return {.state = ready > 0 ? "ready"
                   : will_be ? "limited"
                             : "unavailable",
          .sentence = sentence_of(all, ready, now)};
}

}  // namespace weir::admin
