#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
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
  std::uint64_t unused = 0;  // of the output: what likely isn't used, and comes back at settlement

  [[nodiscard]] std::uint64_t of(Dimension dimension) const noexcept {
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
  [[nodiscard]] std::uint64_t unused_of(Dimension dimension) const noexcept {
    if (dimension == Dimension::output_tokens) return std::min(unused, output_tokens);
    // Where tokens are the input alone no output is part of them.
    return dimension == Dimension::tokens && tokens > input_tokens ? std::min(unused, tokens - input_tokens)
                                                                   : 0;
  }
  // What it likely comes to in the end.
  [[nodiscard]] Cost likely() const noexcept {
    return {.requests = requests,
            .tokens = tokens - unused_of(Dimension::tokens),
            .input_tokens = input_tokens,
            .output_tokens = output_tokens - unused_of(Dimension::output_tokens)};
  }
};

// How much of a day window a request may take.
struct DayRule {
  double kept = 0;     // this share of the limit is left for others
  bool paced = false;  // no faster than makes the rest last the day

  friend bool operator==(const DayRule&, const DayRule&) = default;
};

class Pool;
// On which terms room is asked for, beside the cost.
struct Terms {
  DayRule day;
  // The pool of the client's key, where that has limits of its own, and what is taken from it. No pool of a
  // target, so that two locks are always taken in one order. Outlives the call.
  const Pool* client = nullptr;
  Cost client_cost;
};

// The most tokens that one request may be charged.
struct Ceiling {
  std::uint64_t tokens = kUnknownAmount;
  std::uint64_t output_tokens = kUnknownAmount;
};

// What an answer's head said of one window.
struct Observation {
  Dimension dimension = Dimension::requests;
  Period period = kMinutePeriod;
  std::optional<std::uint64_t> limit;
  std::optional<std::uint64_t> remaining;
  // From now: by then all is back that others have used. Zero says nothing: it stands where none is known.
  std::optional<Duration> reset;
  // Where nobody configured the window: it is a civil day or month of UTC.
  bool by_calendar = false;
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

// A block of exactly what was refused: a model, a key, an account. until == BootTime::max(): a state that
// needs a person, not a wait. Of such a state one request is let through after ten minutes, and then ever
// more seldom, at last each six hours; when it is served the state has ended.
struct Cooldown {
  CooldownCause cause = CooldownCause::rate_limited;
  BootTime until{};
};

// When a target that fails again and again is left alone: after so many failures with nothing served in
// between, or when half of at least ten requests failed within half a minute, for that long. Then one request
// finds out how it stands, and where it fails too the pause is twice as long, up to ten minutes.
struct BreakerRule {
  std::uint32_t failures = 5;  // 0: never
  Duration open_for = std::chrono::seconds(30);

  friend bool operator==(const BreakerRule&, const BreakerRule&) = default;
};

// What an attempt has shown of whoever was to serve it.
enum class Health : std::uint8_t {
  untold,       // nothing: the client has left, or was impatient
  unreachable,  // no connection: that is the address's, so it counts for the account
  failing,      // a connection, and no good answer: that counts for the model
  refusing,     // an answer that is no failure: of quota, of the key, of the request
  serving,      // content has begun to come
  served,       // all of it came
};

// What a state that no wait ends asks of a person; empty where waiting helps. Static text.
[[nodiscard]] std::string_view remedy(CooldownCause cause) noexcept;

// What a refusal for quota said of itself; what it didn't say is left out.
struct QuotaRefusal {
  std::optional<Dimension> dimension;  // of the window that refused
  std::optional<Period> period;
  std::optional<Duration> wait;
  bool wait_is_guessed = false;  // no answer named it: it is when such a window ends
  bool whole_account = false;    // not only the model
  CooldownCause cause = CooldownCause::rate_limited;
};

// Why something can't be reserved now.
struct Refusal {
  // The earliest moment the cost fits, if what is held now is sent now and nothing else is. max(): not by
  // waiting. Where only the end of a request in flight can make room, nobody knows: a second from now.
  BootTime available_at{};
  std::string limit;          // "rpm", "tpd", or the cooldown's cause: what ends last
  bool too_large = false;     // the cost is more than that window can ever hold
  std::string_view remedy{};  // where no wait helps: what would. Static text
  bool of_client = false;     // the limit is one of the client's key
};

// One window's figures, for people.
struct MeterView {
  Limit limit;                    // amount, source and date as they are in force
  std::string scope;              // "account" or the model's id
  std::uint64_t used = 0;         // sent
  std::uint64_t reserved = 0;     // held
  std::uint64_t left = 0;         // of an interval: 1 where the next request may go now
  std::optional<BootTime> reset;  // when time gives something back next, if ever
  std::uint64_t drift = 0;        // what others used with the same key, as far as answers showed
};

// The same in short.
struct WindowRoom {
  std::uint64_t amount = 0;  // at least 1
  std::uint64_t left = 0;
  std::optional<BootTime> reset;  // as above

  [[nodiscard]] double share_left() const noexcept {
    return static_cast<double>(left) / static_cast<double>(amount);
  }
};
struct TightestRooms {
  std::optional<WindowRoom> requests;
  std::optional<WindowRoom> tokens;
};

// Somebody else uses the same key: so much of a window, as far as answers have shown.
struct Drift {
  std::string window;  // "rpd"
  std::uint64_t used_by_others = 0;
};

class Account;
enum class Outcome : std::uint8_t;
enum class UnderWay : std::uint8_t;

// Hears when an account may have room that it hadn't, or has less than was thought: after a refund, a
// settlement, an observation, a cooldown's beginning or early end, a reload. That time has passed is nobody's
// news. Called on the thread that brought it about, which holds no lock of the ledger's.
class RoomListener {
 public:
  virtual void room_changed(const Account* account, Instant now) = 0;

 protected:
  ~RoomListener() = default;
};

// Where in its account a pool is.
struct Place {
  static constexpr std::uint8_t kNoKey = 255;
  std::size_t model = 0;      // index in the account
  std::uint8_t key = kNoKey;  // index in the account
};

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

  [[nodiscard]] explicit operator bool() const noexcept { return target_.account != nullptr; }

  // The last byte has left: charges are stamped now.
  void send(Instant now);
  // The answer said this of the account's windows. Ignored where a later request's answer was applied before,
  // where the limit is missing, and where the window it speaks of is over. Without what remains it tells of
  // the amount alone. A window that has no meter gets one. Says what is worth telling a person of others who
  // use the key: the first of it, and then each time that it has doubled.
  std::optional<Drift> observe(std::span<const Observation> observations, Instant now);
  // The answer, heard now, showed that Date; the request was sent then. From now on the account's windows
  // begin and end by the provider's clock.
  void hear_clock(WallTime date, WallTime sent, Instant now);
  // What has shown itself of the target so far, for its breaker. Before the end.
  void report(Health health, Instant now);
  // Nothing was sent: everything back.
  void refund(Instant now);
  // Refused before any content: tokens back; the request too, unless failures count.
  void refuse(Instant now);
  // The same, for want of quota. A window that is named with a wait is full until then. One that is named
  // without, or surely meant, is as large as what it had accepted. Where no window is known to be meant, the
  // model or the account cools down for the wait, or for ten seconds.
  void refuse_for_quota(const QuotaRefusal& said, Instant now);
  // Served: the charge becomes what was really used. A dimension settles only to windows that were charged.
  // To the client's key, where that has limits of its own, it becomes `used_by_client`.
  void settle(const Cost& used, const Cost& used_by_client, Instant now);
  void settle(const Cost& used, Instant now) { settle(used, used, now); }
  // The outcome is unknown: the estimate stays. The client has had nothing of it.
  void keep(Instant now);

 private:
  friend class Pool;
  // Of one account's records.
  struct Part {
    std::shared_ptr<Account> account;  // shared: an answer may outlive the configuration it was asked under
    std::uint32_t id = 0;
  };
  Reservation(Part target, Part client) noexcept;
  struct End {
    Outcome outcome;
    Cost used = {};
  };
  void end(const End& target, const End& client, Instant now);
  void drop() noexcept;
  // Hands over both parts: the reservation has ended.
  [[nodiscard]] std::pair<Part, Part> release() noexcept;

  Part target_;
  Part client_;  // what the client's key has of its own limits
};

// Leave to try a provider once more, out of its retry budget. One that isn't used is given back. Move-only;
// one thread at a time.
class RetryLeave {
 public:
  RetryLeave(RetryLeave&& other) noexcept = default;
  RetryLeave& operator=(RetryLeave&& other) noexcept;
  ~RetryLeave();
  RetryLeave(const RetryLeave&) = delete;
  RetryLeave& operator=(const RetryLeave&) = delete;

  void use() noexcept { account_.reset(); }

 private:
  friend class Pool;
  explicit RetryLeave(std::shared_ptr<Account> account) noexcept : account_(std::move(account)) {}
  void give_back() noexcept;

  std::shared_ptr<Account> account_;
};

// What one target draws on: the meters of its account that count its model, and the cooldowns of the model,
// the key and the account. Cheap to copy; keeps its account alive. Only a bound pool may be asked.
class Pool {
 public:
  Pool() = default;

  // The least over the meters of (room - cost) / limit, windows that reset divided by max(time to reset /
  // period, 0.05), clamped to [0.01, 1]; 0.5 where none is known. Nothing where it doesn't fit.
  [[nodiscard]] std::optional<double> headroom(const Cost& cost, Instant now, const Terms& terms = {}) const;
  // All meters or none, the client's too. The decision and the taking are one step.
  [[nodiscard]] std::variant<Reservation, Refusal> reserve(const Cost& cost, Instant now,
                                                           const Terms& terms = {}) const;
  // What a reserve would say, without taking anything; nothing where it would succeed. Whoever asks wanted
  // it: a limit that use has shown rises only where more was wanted.
  [[nodiscard]] std::optional<Refusal> refusal(const Cost& cost, Instant now, const Terms& terms = {}) const;

  // What no wait can exceed, whatever its windows hold now.
  [[nodiscard]] Ceiling ceiling(Instant now, const DayRule& day = {}) const;
  // The earliest moment the cost fits if `ahead` is to go before it; now where it fits at once. max(): not by
  // waiting. Tells a little too early rather than too late.
  [[nodiscard]] BootTime available_behind(const Cost& ahead, const Cost& cost, Instant now,
                                          const Terms& terms = {}) const;
  // The same if what is under way were to end now, and to leave what it likely doesn't use: nobody knows when
  // it does. Before this moment no wait can help.
  [[nodiscard]] BootTime hoped_behind(const Cost& ahead, const Cost& cost, Instant now,
                                      const Terms& terms = {}) const;
  // Tells accounts apart; nothing else can be done with it.
  [[nodiscard]] const Account* account() const noexcept { return account_.get(); }
  // Whether both draw on the same windows, through whatever keys.
  [[nodiscard]] bool shares_with(const Pool& other) const noexcept {
    return account_ == other.account_ && place_.model == other.place_.model;
  }

  // The same pool through one of the account's keys. `id` tells a key from any other that may come in its
  // place, and is no secret: what blocks a key ends where another is given.
  [[nodiscard]] Pool with_key(std::string_view id) const;

  // What the provider's answer says: blocks this model, the key, or the whole account. The later end wins.
  void cool_down_model(Cooldown cooldown, Instant now) const;
  void cool_down_key(Cooldown cooldown, Instant now) const;
  void cool_down_account(Cooldown cooldown, Instant now) const;

  // Whether the provider's list of models has this one, where it is set aside as gone. While it isn't listed
  // no request probes it; when it is listed again, the next one does.
  void hear_listed(bool listed) const;

  // A request tries this provider for the first time: five of these allow for one retry, up to ten of them.
  void count_first_try() const;
  // Nothing where the provider has had as many retries as it can be asked to bear.
  [[nodiscard]] std::optional<RetryLeave> take_retry() const;

  [[nodiscard]] std::vector<MeterView> view(Instant now) const;
  // Of the windows that count over time, and whose amount is known, those of which the least share is left.
  [[nodiscard]] TightestRooms tightest(Instant now) const;
  [[nodiscard]] std::optional<Cooldown> cooldown(Instant now) const;
  // A person says what has been used so far of a window, by its name ("rpd", "tokens credit"); where several
  // have that name the fullest is meant. False where the pool has none such, or it can't be said: of what is
  // in flight.
  [[nodiscard]] bool correct(std::string_view window, std::uint64_t used, Instant now) const;
  // Forgets what was counted, heard and learnt of all its windows, and what cools it down.
  void forget(Instant now) const;
  // Ends the cooldowns of the model, the key and the account, and closes their breakers.
  void end_cooldowns(Instant now) const;

 private:
  friend class Ledger;
  Pool(std::shared_ptr<Account> account, Place place) noexcept;
  [[nodiscard]] BootTime moment_behind(const Cost& ahead, const Cost& cost, Instant now, const Terms& terms,
                                       UnderWay under_way) const;

  std::shared_ptr<Account> account_;
  Place place_;
};

struct AccountState;
class IntentLog;
struct NumberedRecord;

// Creates accounts and binds pools. Threads: any, but meant for start-up and reload, and for the store's
// writer.
class Ledger {
 public:
  Ledger();
  ~Ledger();

  // Begins with what an earlier run knew: its accounts, and the records that came after them. `now` is this
  // run's first moment; where `same_boot` is false the states' times are translated by the wall clock. What
  // was open counts as spent. Before the first bind, once.
  void restore(std::span<const AccountState> states, std::span<const NumberedRecord> records, bool same_boot,
               Instant now);
  // The same where that becomes known only later: what counted then comes on top of what has counted since.
  // Threads: any.
  void restore_late(std::span<const AccountState> states, std::span<const NumberedRecord> records,
                    bool same_boot, Instant now);
  // From now on every change is written there first. Before the first reservation; the log outlives the
  // ledger.
  void journal_to(IntentLog* log);

  // From now on all accounts' breakers go by this rule.
  void break_by(const BreakerRule& rule);

  // The pool of `model` in `account`, where the account has `account_limits` and the model its own
  // `model_limits`. A meter whose window is known already keeps its counts and takes the new amount: a reload
  // loses nothing. Of two limits on one window the smaller holds.
  [[nodiscard]] Pool bind(std::string_view account, std::string_view model,
                          std::span<const Limit> account_limits, std::span<const Limit> model_limits,
                          const ChargeRule& charge);

  // From now on it hears of all accounts; null: nobody does. It is called no more once this returns and no
  // other thread is in the ledger.
  void listen(RoomListener* listener);

  // How many accounts there are; they are numbered from 0 and never go away.
  [[nodiscard]] std::size_t accounts() const;
  // Copies an account if it changed since it was copied last, or if `anyway`; false where it did not.
  // Allocates only where the account has grown since `state` was filled by it: keep one for each.
  [[nodiscard]] bool save(std::size_t account, bool anyway, AccountState& state) const;

 private:
  class Accounts;
  std::unique_ptr<Accounts> accounts_;
};

}  // namespace weir::quota
