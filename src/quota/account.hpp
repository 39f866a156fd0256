#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "quota/block.hpp"
#include "quota/breaker.hpp"
#include "quota/clock_offset.hpp"
#include "quota/meter.hpp"
#include "quota/outcome.hpp"
#include "quota/retry_budget.hpp"
#include "weir/quota/intent_log.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/quota/state.hpp"

namespace weir::quota {

// All quota state of one account: its meters, its models, their cooldowns, and the reservations that haven't
// ended. Each call is one step under the account's lock, and what it changes is in the intent log before the
// lock is given back. Given the same events at the same moments it does the same: that is how a restart plays
// the log back. Threads: any.
class Account {
  static constexpr DayRule kNoRule{};

 public:
  explicit Account(std::string name) : name_(std::move(name)) {}
  [[nodiscard]] bool is_named(std::string_view name) const noexcept { return name_ == name; }

  // From now on events are written there, as this account's; null: nowhere.
  void journal_to(IntentLog* log, std::uint32_t number);
  // From now on it hears of changes, until another one does; null: nobody.
  void listen(RoomListener* listener) { listener_ = listener; }
  // To be called once the lock is given back.
  void announce(Instant now) const {
    if (RoomListener* const listener = listener_) listener->room_changed(this, now);
  }
  [[nodiscard]] Instant latest() const;

  void break_by(const BreakerRule& rule);

  // The index by which a pool speaks of this model.
  std::size_t bind(std::string_view model, std::span<const Limit> account_limits,
                   std::span<const Limit> model_limits, const ChargeRule& charge);

  // The index by which a place speaks of this key.
  std::uint8_t key_named(std::string_view id);

  // What is asked of a place, for the time of a call.
  struct Wanted {
    Place place;
    const Cost& cost;
    const DayRule& day = kNoRule;
  };
  [[nodiscard]] std::optional<double> headroom(const Wanted& wanted, Instant now) const;
  [[nodiscard]] Ceiling ceiling(Place place, Instant now, const DayRule& day) const;
  [[nodiscard]] std::optional<Refusal> refusal(const Wanted& wanted, Instant now);
  [[nodiscard]] std::variant<std::uint32_t, Refusal> reserve(const Wanted& wanted, Instant now);
  // Both or neither; where both refuse, what ends last. `client` is never asked for the pool of a target, so
  // the order of locks is fixed.
  struct Both {
    std::uint32_t target = 0;
    std::uint32_t client = 0;
  };
  [[nodiscard]] std::variant<Both, Refusal> reserve_with(const Wanted& wanted, Account& client,
                                                         const Wanted& of_client, Instant now);

  // Of a reservation, by its id.
  void send(std::uint32_t id, Instant now);
  std::optional<Drift> observe(std::uint32_t id, std::span<const Observation> observations, Instant now);
  void hear_clock(WallTime date, WallTime sent, WallTime received);
  // Whether others may pass now, who could not.
  bool report(std::uint32_t id, Health health, Instant now);
  void end(std::uint32_t id, Outcome outcome, const Cost& used, Instant now);
  void refuse_for_quota(std::uint32_t id, const QuotaRefusal& said, Instant now);
  void drop(std::uint32_t id);

  void count_first_try();
  [[nodiscard]] bool take_retry();
  void give_retry_back();

  void cool_down_model(std::size_t model, Cooldown cooldown, Instant now);
  void cool_down_key(std::uint8_t key, Cooldown cooldown, Instant now);
  void cool_down_account(Cooldown cooldown, Instant now);
  void hear_listed(std::size_t model, bool listed);
  [[nodiscard]] BootTime available_behind(const Cost& ahead, const Wanted& wanted, Instant now,
                                          UnderWay under_way) const;
  [[nodiscard]] bool correct(std::size_t model, std::string_view window, std::uint64_t used, Instant now);
  void forget(Place place, Instant now);
  void end_cooldowns(Place place, Instant now);

  [[nodiscard]] std::vector<MeterView> view(std::size_t model, Instant now) const;
  [[nodiscard]] TightestRooms tightest(std::size_t model, Instant now) const;
  [[nodiscard]] std::optional<Cooldown> cooldown(Place place, Instant now) const;

  // Copies everything if it changed since it was copied last, or if `anyway`. Allocates only where the
  // account has grown since `state` was filled by it.
  [[nodiscard]] bool save(bool anyway, AccountState& state);
  // What was saved, with its boot times moved by `shift`. Parts that make no sense are left out.
  void load(const AccountState& state, Duration shift, Instant now);
  // What was saved, in times of this boot, comes on top of what counts.
  void add(const AccountState& state, Instant now);
  // An event of the log that came after what was loaded.
  void replay(const IntentRecord& record, Instant at, Duration shift);
  // The last events have been played back: what is open counts as spent, and what knows nothing is dropped.
  void end_replay(Instant now);

 private:
  struct Model {
    std::string id;
    std::vector<std::size_t> meters;  // the account's, then its own, then those that answers made
    std::size_t made_by_answers = 0;
    bool failures_count = false;
    Block block;
    Breaker breaker;
  };
  struct Key {
    std::string id;
    Block block;
  };
  // A reservation that hasn't ended. Records and their charges are used again, so that a busy account
  // allocates nothing.
  struct Open {
    std::size_t model = 0;
    std::uint8_t key = Place::kNoKey;
    Cost cost;
    BootTime held_at{};
    bool is_open = false;
    bool is_sent = false;
    std::vector<Charge> charges;
  };

  [[nodiscard]] std::size_t model_named(std::string_view id);
  void attach(Model& model, const Limit& limit, std::string_view scope, std::vector<const Limit*>& in_force);
  [[nodiscard]] std::size_t meter_for(const Limit& limit, std::string_view scope);
  void attach_untold(Model& model);
  void follow_replaced(const Model& model, std::span<const std::size_t> before);
  [[nodiscard]] bool is_shared(std::size_t meter) const;
  [[nodiscard]] static bool is_made_by_answers(const Limit& limit);

  // Threads may arrive in another order than they read the clock: under the lock time doesn't go back. The
  // wall's time is the provider's.
  [[nodiscard]] Instant not_before(Instant now) const;
  Instant advance_to(Instant now);
  void write(IntentRecord record, Instant now);

  // What may block a place, beside the breakers: of the account, the model and the key; null where there is
  // no key.
  [[nodiscard]] std::array<Block*, 3> blocks_of(Place place);
  [[nodiscard]] std::array<const Block*, 3> blocks_of(Place place) const;
  [[nodiscard]] std::optional<Cooldown> longest_cooldown(Place place, Instant now,
                                                         UnderWay under_way = UnderWay::stays) const;
  void note_opened(IntentRecord record, const Breaker& breaker, Instant now);
  [[nodiscard]] bool is_blocked(Place place, Instant now) const;
  [[nodiscard]] bool fits(const Wanted& wanted, Instant now) const;
  [[nodiscard]] Refusal why_not(const Wanted& wanted, Instant now);

  std::uint32_t take(const Wanted& wanted, Instant now);
  [[nodiscard]] std::uint32_t open_record();
  void hold(std::uint32_t id, Place place, const Cost& cost, Instant now);
  void send_open(std::uint32_t id, Instant now);
  void end_open(std::uint32_t id, Outcome outcome, const Cost& used, Instant now);

  // The meter that it was about; null where there is none.
  Meter* observe_one(std::uint32_t id, const Observation& observation, Instant now);
  [[nodiscard]] std::optional<std::size_t> meter_of(const Model& model, const Observation& observation) const;
  [[nodiscard]] Meter* fullest_about(const Model& model, Dimension dimension, const Period& period,
                                     Instant now) const;
  [[nodiscard]] bool came_too_early(const Open& open, const QuotaRefusal& said, Instant now);
  [[nodiscard]] Meter* blamed(const Open& open, const QuotaRefusal& said, Instant now) const;
  void learn_from_refusal(std::uint32_t id, const QuotaRefusal& said, Instant now);
  // The same meter here with what that one knows on top; nothing where it makes no sense.
  std::optional<std::size_t> add_meter(const MeterState& saved, Instant now);
  void correct_meter(std::size_t index, std::uint64_t used, Instant now);
  void open_again(Breaker& breaker, BootTime until);
  [[nodiscard]] bool has_meter_of(const IntentRecord& record) const;
  void replay_correction(const IntentRecord& record, Instant now);
  void replay_press(const IntentRecord& record);
  void press(std::size_t index, Instant now);
  std::optional<std::size_t> make_meter(std::size_t model, const Limit& limit);
  void join_open(std::size_t model, std::size_t meter, Instant now);

  const std::string name_;
  mutable std::mutex mutex_;                    // guards all below
  std::vector<std::unique_ptr<Meter>> meters_;  // kept for good: charges and models hold their indices
  std::vector<Model> models_;
  std::vector<Key> keys_;
  std::vector<Open> open_;
  std::vector<std::uint32_t> free_;  // indices of records in open_
  Block block_;                      // of all of it
  Breaker breaker_;                  // of its address
  BreakerRule rule_;
  RetryBudget retries_;  // not written down: it fills by use
  Instant latest_{};     // by our clock
  ClockOffset clock_offset_;

  IntentLog* log_ = nullptr;
  std::atomic<RoomListener*> listener_ = nullptr;
  std::uint32_t number_ = 0;
  bool is_changed_ = false;
};

}  // namespace weir::quota
