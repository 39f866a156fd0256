#include "weir/quota/ledger.hpp"

#include <map>
#include <mutex>
#include <utility>

#include "quota/account.hpp"

namespace weir::quota {

std::uint64_t Cost::of(Dimension dimension) const noexcept {
  switch (dimension) {
    case Dimension::requests:
      return requests;
    case Dimension::tokens:
      return tokens;
    case Dimension::input_tokens:
      return input_tokens;
    case Dimension::output_tokens:
      return output_tokens;
    case Dimension::in_flight:
      return 1;
  }
  return 0;
}

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

Reservation::Reservation(std::shared_ptr<Account> account, std::uint32_t id) noexcept
    : account_(std::move(account)), id_(id) {}

Reservation::Reservation(Reservation&& other) noexcept
    : account_(std::move(other.account_)), id_(other.id_) {}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  if (this != &other) {
    drop();
    account_ = std::move(other.account_);
    id_ = other.id_;
  }
  return *this;
}

Reservation::~Reservation() {
  drop();
}

void Reservation::drop() noexcept {
  if (const auto account = std::exchange(account_, nullptr)) account->drop(id_);
}

void Reservation::send(Instant now) {
  if (account_) account_->send(id_, now);
}

void Reservation::observe(std::span<const Observation> observations, Instant now) {
  if (account_) account_->observe(id_, observations, now);
}

void Reservation::refund(Instant now) {
  if (const auto account = std::exchange(account_, nullptr)) account->end(id_, Outcome::not_sent, {}, now);
}

void Reservation::refuse(Instant now) {
  if (const auto account = std::exchange(account_, nullptr)) account->end(id_, Outcome::refused, {}, now);
}

void Reservation::settle(const Cost& used, Instant now) {
  if (const auto account = std::exchange(account_, nullptr)) account->end(id_, Outcome::served, used, now);
}

void Reservation::keep(Instant now) {
  if (const auto account = std::exchange(account_, nullptr)) account->end(id_, Outcome::unknown, {}, now);
}

Pool::Pool(std::shared_ptr<Account> account, std::size_t model) noexcept
    : account_(std::move(account)), model_(model) {}

std::optional<double> Pool::headroom(const Cost& cost, Instant now) const {
  return account_->headroom(model_, cost, now);
}

std::variant<Reservation, Refusal> Pool::reserve(const Cost& cost, Instant now) const {
  auto outcome = account_->reserve(model_, cost, now);
  if (auto* const refusal = std::get_if<Refusal>(&outcome)) return std::move(*refusal);
  return Reservation(account_, std::get<std::uint32_t>(outcome));
}

std::optional<Refusal> Pool::refusal(const Cost& cost, Instant now) const {
  return account_->refusal(model_, cost, now);
}

void Pool::cool_down_model(Cooldown cooldown, Instant /*now*/) const {
  account_->cool_down_model(model_, cooldown);
}

void Pool::cool_down_account(Cooldown cooldown, Instant /*now*/) const {
  account_->cool_down_account(cooldown);
}

void Pool::mark_full(Dimension dimension, Period period, BootTime until, Instant now) const {
  account_->mark_full(model_, dimension, period, until, now);
}

std::vector<MeterView> Pool::view(Instant now) const {
  return account_->view(model_, now);
}

std::optional<Cooldown> Pool::cooldown(Instant now) const {
  return account_->cooldown(model_, now);
}

class Ledger::Accounts {
 public:
  [[nodiscard]] std::shared_ptr<Account> named(std::string_view name) {
    const std::lock_guard lock(mutex_);
    auto found = accounts_.find(name);
    if (found == accounts_.end()) found = accounts_.emplace(name, std::make_shared<Account>()).first;
    return found->second;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Account>, std::less<>> accounts_;
};

Ledger::Ledger() : accounts_(std::make_unique<Accounts>()) {}
Ledger::~Ledger() = default;

Pool Ledger::bind(std::string_view account, std::string_view model, std::span<const Limit> account_limits,
                  std::span<const Limit> model_limits, const ChargeRule& charge) {
  std::shared_ptr<Account> owner = accounts_->named(account);
  const std::size_t index = owner->bind(model, account_limits, model_limits, charge);
  return {std::move(owner), index};
}

}  // namespace weir::quota
