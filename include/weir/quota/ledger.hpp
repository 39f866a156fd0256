#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/quota/limit.hpp"

// The owner of all quota state: the only door to it. Everything here is synchronous and takes `now`. Threads:
// any; one short lock an account, no I/O under it.
namespace weir::quota {

// What one attempt takes from each kind of meter. `tokens` is what a tokens meter is charged (prompt and
// output); input and output stand beside it for meters that count only those.
struct Cost {
  std::uint64_t requests = 1;
  std::uint64_t tokens = 0;
  std::uint64_t input_tokens = 0;
  std::uint64_t output_tokens = 0;

  [[nodiscard]] std::uint64_t of(Dimension dimension) const noexcept;
};

// What an answer's head said of one window.
struct Observation {
  Dimension dimension = Dimension::requests;
  Period period = kMinutePeriod;
  std::optional<std::uint64_t> limit;
  std::optional<std::uint64_t> remaining;
  std::optional<Duration> reset;  // from now; only informative for a window that refills
};

enum class CooldownCause : std::uint8_t {
  rate_limited,
  quota_exhausted,
  capacity,
  payment_required,
  auth,
  model_gone,
  not_on_plan,
  failing
};
[[nodiscard]] std::string_view name(CooldownCause cause) noexcept;

// A block of exactly what was refused. until == BootTime::max(): a state that needs a person, not a wait.
struct Cooldown {
  CooldownCause cause = CooldownCause::rate_limited;
  BootTime until{};
};

// Why something can't be reserved now.
struct Refusal {
  // The earliest moment the cost fits, if what is held now is sent now and nothing else is. max(): not by
  // waiting. Where only the end of a request in flight can make room, nobody knows: a second from now.
  BootTime available_at{};
  std::string limit;       // "rpm", "tpd", or the cooldown's cause: what ends last
  bool too_large = false;  // the cost is more than that window can ever hold
};

// One window's figures, for people.
struct MeterView {
  Limit limit;                    // amount and source as they are in force
  std::string scope;              // "account" or the model's id
  std::uint64_t used = 0;         // sent
  std::uint64_t reserved = 0;     // held
  std::uint64_t left = 0;         // of an interval: 1 where the next request may go now
  std::optional<BootTime> reset;  // when time gives something back next, if ever
  std::uint64_t drift = 0;        // what others used with the same key, as far as answers showed
};

class Account;

// The quota taken for one attempt, all meters of its target at once. Moves through held, sent and settled;
// one that is dropped on the way keeps its estimate where it was sent, and gives everything back where it was
// not. An answer proves that the request was sent: observe, refuse, settle and keep say so where send did
// not. One thread at a time. Empty once it has been refunded, refused, settled or kept.
class Reservation {
 public:
  Reservation() = default;
  Reservation(Reservation&& other) noexcept;
  Reservation& operator=(Reservation&& other) noexcept;
  ~Reservation();
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

  [[nodiscard]] explicit operator bool() const noexcept { return account_ != nullptr; }

  // The last byte has left: charges are stamped now.
  void send(Instant now);
  // The answer said this of the account's windows. Ignored where a later request's answer was applied before,
  // where limit or remaining is missing, and where the window it speaks of is over. A window that has no
  // meter gets one.
  void observe(std::span<const Observation> observations, Instant now);
  // Nothing was sent: everything back.
  void refund(Instant now);
  // Refused before any content: tokens back; the request too, unless failures count.
  void refuse(Instant now);
  // Served: the charge becomes what was really used. A dimension settles only to windows that were charged.
  void settle(const Cost& used, Instant now);
  // The outcome is unknown: the estimate stays.
  void keep(Instant now);

 private:
  friend class Pool;
  Reservation(std::shared_ptr<Account> account, std::uint32_t id) noexcept;
  void drop() noexcept;

  std::shared_ptr<Account> account_;  // shared: an answer may outlive the configuration it was asked under
  std::uint32_t id_ = 0;              // of the account's record
};

// What one target draws on: the meters of its account that count its model, and the cooldowns that touch it.
// Cheap to copy; keeps its account alive. Only a bound pool may be asked.
class Pool {
 public:
  Pool() = default;

  // The least over the meters of (room - cost) / limit, windows that reset divided by max(time to reset /
  // period, 0.05), clamped to [0.01, 1]; 0.5 where none is known. Nothing where it doesn't fit.
  [[nodiscard]] std::optional<double> headroom(const Cost& cost, Instant now) const;
  // All meters or none. The decision and the taking are one step.
  [[nodiscard]] std::variant<Reservation, Refusal> reserve(const Cost& cost, Instant now) const;
  // What a reserve would say, without taking anything; nothing where it would succeed.
  [[nodiscard]] std::optional<Refusal> refusal(const Cost& cost, Instant now) const;

  // A 429 or its like: blocks this model, or the whole account. The later end wins.
  void cool_down_model(Cooldown cooldown, Instant now) const;
  void cool_down_account(Cooldown cooldown, Instant now) const;
  // A 429 named the window it is about: that meter is full until then; of several the one nearest to full.
  // Where no meter matches, the model cools down.
  void mark_full(Dimension dimension, Period period, BootTime until, Instant now) const;

  [[nodiscard]] std::vector<MeterView> view(Instant now) const;
  [[nodiscard]] std::optional<Cooldown> cooldown(Instant now) const;

 private:
  friend class Ledger;
  Pool(std::shared_ptr<Account> account, std::size_t model) noexcept;

  std::shared_ptr<Account> account_;
  std::size_t model_ = 0;  // index in the account
};

// Creates accounts and binds pools. Threads: any, but meant for start-up and reload.
class Ledger {
 public:
  Ledger();
  ~Ledger();

  // The pool of `model` in `account`, where the account has `account_limits` and the model its own
  // `model_limits`. A meter whose window is known already keeps its counts and takes the new amount: a reload
  // loses nothing. Of two limits on one window the smaller holds.
  [[nodiscard]] Pool bind(std::string_view account, std::string_view model,
                          std::span<const Limit> account_limits, std::span<const Limit> model_limits,
                          const ChargeRule& charge);

 private:
  class Accounts;
  std::unique_ptr<Accounts> accounts_;
};

}  // namespace weir::quota
