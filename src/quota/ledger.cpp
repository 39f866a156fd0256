#include "weir/quota/ledger.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

#include "quota/account.hpp"

namespace weir::quota {

std::string_view name(CooldownCause cause) noexcept {
  switch (cause) {
    case CooldownCause::rate_limited:
      return "rate_limited";
    case CooldownCause::quota_exhausted:
      return "quota_exhausted";
    case CooldownCause::capacity:
      return "capacity";
    case CooldownCause::payment_required:
      return "payment_required";
    case CooldownCause::auth:
      return "auth";
    case CooldownCause::model_gone:
      return "model_gone";
    case CooldownCause::not_on_plan:
      return "not_on_plan";
    case CooldownCause::failing:
      return "failing";
  }
  return "";
}

std::string_view remedy(CooldownCause cause) noexcept {
  switch (cause) {
    case CooldownCause::payment_required:
      return "add credit at the provider, or take the provider out of the route";
    case CooldownCause::auth:
      return "give a key that the provider accepts, then reload";
    case CooldownCause::model_gone:
      return "the provider no longer has this model: name another one";
    case CooldownCause::not_on_plan:
      return "this model isn't part of the account's plan: choose another model or plan";
    case CooldownCause::rate_limited:
    case CooldownCause::quota_exhausted:
    case CooldownCause::capacity:
    case CooldownCause::failing:
      break;
  }
  return "";
}

Reservation::Reservation(Part target, Part client) noexcept
    : target_(std::move(target)), client_(std::move(client)) {}

Reservation::Reservation(Reservation&& other) noexcept {
  std::tie(target_, client_) = other.release();
}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  if (this != &other) {
    drop();
    std::tie(target_, client_) = other.release();
  }
  return *this;
}

Reservation::~Reservation() {
  drop();
}

std::pair<Reservation::Part, Reservation::Part> Reservation::release() noexcept {
  return {std::exchange(target_, {}), std::exchange(client_, {})};
}

void Reservation::drop() noexcept {
  const auto [target, client] = release();
  if (target.account) target.account->drop(target.id);
  if (client.account) client.account->drop(client.id);
  if (target.account) target.account->announce(target.account->latest());
  if (client.account) client.account->announce(client.account->latest());
}

void Reservation::send(Instant now) {
  if (target_.account) target_.account->send(target_.id, now);
  if (client_.account) client_.account->send(client_.id, now);
}

std::optional<Drift> Reservation::observe(std::span<const Observation> observations, Instant now) {
  if (!target_.account) return std::nullopt;
  auto drift = target_.account->observe(target_.id, observations, now);
  if (!observations.empty()) target_.account->announce(now);
  return drift;
}

void Reservation::hear_clock(WallTime date, WallTime sent, Instant now) {
  if (!target_.account) return;
  target_.account->hear_clock(date, sent, now.wall);
  target_.account->announce(now);
}

void Reservation::report(Health health, Instant now) {
  if (target_.account && target_.account->report(target_.id, health, now)) target_.account->announce(now);
}

void Reservation::end(const End& target_end, const End& client_end, Instant now) {
  const auto [target, client] = release();
  if (target.account) target.account->end(target.id, target_end.outcome, target_end.used, now);
  if (client.account) client.account->end(client.id, client_end.outcome, client_end.used, now);
  if (target.account) target.account->announce(now);
  if (client.account) client.account->announce(now);
}

void Reservation::refund(Instant now) {
  end({Outcome::not_sent}, {Outcome::not_sent}, now);
}

void Reservation::refuse(Instant now) {
  end({Outcome::refused}, {Outcome::refused}, now);
}

void Reservation::refuse_for_quota(const QuotaRefusal& said, Instant now) {
  const auto [target, client] = release();
  if (target.account) target.account->refuse_for_quota(target.id, said, now);
  if (client.account) client.account->end(client.id, Outcome::refused, {}, now);
  if (target.account) target.account->announce(now);
  if (client.account) client.account->announce(now);
}

void Reservation::settle(const Cost& used, const Cost& used_by_client, Instant now) {
  end({Outcome::served, used}, {Outcome::served, used_by_client}, now);
}

void Reservation::keep(Instant now) {
  end({Outcome::unknown}, {Outcome::refused}, now);
}

Pool::Pool(std::shared_ptr<Account> account, Place place) noexcept
    : account_(std::move(account)), place_(place) {}

Pool Pool::with_key(std::string_view id) const {
  return {account_, Place{.model = place_.model, .key = account_->key_named(id)}};
}

std::optional<double> Pool::headroom(const Cost& cost, Instant now, const Terms& terms) const {
  const Pool* const client = terms.client;
  if (client != nullptr && !client->account_->headroom({client->place_, terms.client_cost}, now))
    return std::nullopt;
  return account_->headroom({place_, cost, terms.day}, now);
}

std::variant<Reservation, Refusal> Pool::reserve(const Cost& cost, Instant now, const Terms& terms) const {
  if (terms.client == nullptr) {
    auto outcome = account_->reserve({place_, cost, terms.day}, now);
    if (auto* const refusal = std::get_if<Refusal>(&outcome)) return std::move(*refusal);
    return Reservation({.account = account_, .id = std::get<std::uint32_t>(outcome)}, {});
  }
  const Pool& client = *terms.client;
  auto outcome = account_->reserve_with({place_, cost, terms.day}, *client.account_,
                                        {client.place_, terms.client_cost}, now);
  if (auto* const refusal = std::get_if<Refusal>(&outcome)) return std::move(*refusal);
  const auto [target_id, client_id] = std::get<Account::Both>(outcome);
  return Reservation({.account = account_, .id = target_id}, {.account = client.account_, .id = client_id});
}

// What ends last.
std::optional<Refusal> Pool::refusal(const Cost& cost, Instant now, const Terms& terms) const {
  auto here = account_->refusal({place_, cost, terms.day}, now);
  const Pool* const client = terms.client;
  if (client == nullptr) return here;
  auto there = client->account_->refusal({client->place_, terms.client_cost}, now);
  if (!there || (here && here->available_at >= there->available_at)) return here;
  there->of_client = true;
  return there;
}

void Pool::cool_down_model(Cooldown cooldown, Instant now) const {
  account_->cool_down_model(place_.model, cooldown, now);
  account_->announce(now);
}

void Pool::hear_listed(bool listed) const {
  account_->hear_listed(place_.model, listed);
  account_->announce(account_->latest());
}

void Pool::cool_down_key(Cooldown cooldown, Instant now) const {
  account_->cool_down_key(place_.key, cooldown, now);
  account_->announce(now);
}

void Pool::cool_down_account(Cooldown cooldown, Instant now) const {
  account_->cool_down_account(cooldown, now);
  account_->announce(now);
}

Ceiling Pool::ceiling(Instant now, const DayRule& day) const {
  return account_->ceiling(place_, now, day);
}

BootTime Pool::available_behind(const Cost& ahead, const Cost& cost, Instant now, const Terms& terms) const {
  return moment_behind(ahead, cost, now, terms, UnderWay::stays);
}

BootTime Pool::hoped_behind(const Cost& ahead, const Cost& cost, Instant now, const Terms& terms) const {
  return moment_behind(ahead, cost, now, terms, UnderWay::ends);
}

BootTime Pool::moment_behind(const Cost& ahead, const Cost& cost, Instant now, const Terms& terms,
                             UnderWay under_way) const {
  const BootTime here = account_->available_behind(ahead, {place_, cost, terms.day}, now, under_way);
  const Pool* const client = terms.client;
  if (client == nullptr) return here;
  constexpr Cost kNobody{.requests = 0};
  return std::max(
      here, client->account_->available_behind(kNobody, {client->place_, terms.client_cost}, now, under_way));
}

RetryLeave& RetryLeave::operator=(RetryLeave&& other) noexcept {
  if (this != &other) {
    give_back();
    account_ = std::move(other.account_);
  }
  return *this;
}

RetryLeave::~RetryLeave() {
  give_back();
}

void RetryLeave::give_back() noexcept {
  if (account_) std::exchange(account_, nullptr)->give_retry_back();
}

void Pool::count_first_try() const {
  account_->count_first_try();
}

std::optional<RetryLeave> Pool::take_retry() const {
  if (!account_->take_retry()) return std::nullopt;
  return RetryLeave(account_);
}

std::vector<MeterView> Pool::view(Instant now) const {
  return account_->view(place_.model, now);
}

TightestRooms Pool::tightest(Instant now) const {
  return account_->tightest(place_.model, now);
}

std::optional<Cooldown> Pool::cooldown(Instant now) const {
  return account_->cooldown(place_, now);
}

bool Pool::correct(std::string_view window, std::uint64_t used, Instant now) const {
  const bool known = account_->correct(place_.model, window, used, now);
  if (known) account_->announce(now);
  return known;
}

void Pool::forget(Instant now) const {
  account_->forget(place_, now);
  account_->announce(now);
}

void Pool::end_cooldowns(Instant now) const {
  account_->end_cooldowns(place_, now);
  account_->announce(now);
}

class Ledger::Accounts {
 public:
  [[nodiscard]] std::shared_ptr<Account> named(std::string_view name) {
    const std::lock_guard lock(mutex_);
    const auto found =
        std::ranges::find_if(accounts_, [name](const auto& account) { return account->is_named(name); });
    return found != accounts_.end() ? *found : add(name);
  }
  [[nodiscard]] std::shared_ptr<Account> at(std::size_t number) {
    const std::lock_guard lock(mutex_);
    return accounts_[number];
  }
  [[nodiscard]] std::size_t size() {
    const std::lock_guard lock(mutex_);
    return accounts_.size();
  }
  void break_by(const BreakerRule& rule) {
    const std::lock_guard lock(mutex_);
    rule_ = rule;
    for (const auto& account : accounts_) account->break_by(rule);
  }
  void journal_to(IntentLog* log) {
    const std::lock_guard lock(mutex_);
    log_ = log;
    for (std::uint32_t i = 0; i < accounts_.size(); ++i) accounts_[i]->journal_to(log, i);
  }
  void listen(RoomListener* listener) {
    const std::lock_guard lock(mutex_);
    listener_ = listener;
    for (const auto& account : accounts_) account->listen(listener);
  }

 private:
  std::shared_ptr<Account> add(std::string_view name) {
    auto account = std::make_shared<Account>(std::string(name));
    account->break_by(rule_);
    account->journal_to(log_, static_cast<std::uint32_t>(accounts_.size()));
    account->listen(listener_);
    return accounts_.emplace_back(std::move(account));
  }

  std::mutex mutex_;  // guards all below
  std::vector<std::shared_ptr<Account>> accounts_;
  BreakerRule rule_;
  IntentLog* log_ = nullptr;
  RoomListener* listener_ = nullptr;
};

Ledger::Ledger() : accounts_(std::make_unique<Accounts>()) {}
Ledger::~Ledger() = default;

Pool Ledger::bind(std::string_view account, std::string_view model, std::span<const Limit> account_limits,
                  std::span<const Limit> model_limits, const ChargeRule& charge) {
  std::shared_ptr<Account> owner = accounts_->named(account);
  const std::size_t index = owner->bind(model, account_limits, model_limits, charge);
  owner->announce(owner->latest());
  return {std::move(owner), Place{.model = index}};
}

void Ledger::restore(std::span<const AccountState> states, std::span<const NumberedRecord> records,
                     bool same_boot, Instant now) {
  // Of times of another boot only what the wall clock said then is known. By a clock that was set back
  // meanwhile it was later than now: then no time has passed, and what was to last lasts no longer than that.
  const auto shift_of = [&](Instant at) {
    if (same_boot) return Duration::zero();
    const Duration by_wall = (at.wall.time_since_epoch() - at.boot.time_since_epoch()) -
                             (now.wall.time_since_epoch() - now.boot.time_since_epoch());
    return std::min(by_wall, now.boot - at.boot);
  };
  struct Restored {
    std::shared_ptr<Account> account;
    std::uint64_t position = 0;
  };
  std::map<std::uint32_t, Restored> restored;
  for (const AccountState& state : states) {
    const std::shared_ptr<Account> account = accounts_->named(state.name);
    account->load(state, shift_of(state.at), now);
    restored[state.number] = {account, state.position};
  }
  for (const auto& [number, record] : records) {
    const auto found = restored.find(record.account);
    if (found == restored.end() || number < found->second.position) continue;
    const Duration shift = shift_of(record.at);
    const Instant at{.boot = std::min(record.at.boot + shift, now.boot), .wall = record.at.wall};
    found->second.account->replay(record, at, shift);
  }
  for (const auto& [number, one] : restored) one.account->end_replay(now);
}

void Ledger::restore_late(std::span<const AccountState> states, std::span<const NumberedRecord> records,
                          bool same_boot, Instant now) {
  Ledger earlier;
  earlier.restore(states, records, same_boot, now);
  AccountState state;
  for (std::size_t i = 0; i < earlier.accounts(); ++i) {
    (void)earlier.save(i, true, state);
    accounts_->named(state.name)->add(state, now);
  }
}

void Ledger::break_by(const BreakerRule& rule) {
  accounts_->break_by(rule);
}

void Ledger::journal_to(IntentLog* log) {
  accounts_->journal_to(log);
}

void Ledger::listen(RoomListener* listener) {
  accounts_->listen(listener);
}

std::size_t Ledger::accounts() const {
  return accounts_->size();
}

bool Ledger::save(std::size_t account, bool anyway, AccountState& state) const {
  return accounts_->at(account)->save(anyway, state);
}

}  // namespace weir::quota
