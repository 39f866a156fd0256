#pragma once

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

#include "quota/meter.hpp"
#include "quota/outcome.hpp"
#include "weir/quota/ledger.hpp"

namespace weir::quota {

// All quota state of one account: its meters, its models, their cooldowns, and the reservations that haven't
// ended. Each call is one step under the account's lock. Threads: any.
class Account {
 public:
  // The index by which a pool speaks of this model.
  std::size_t bind(std::string_view model, std::span<const Limit> account_limits,
                   std::span<const Limit> model_limits, const ChargeRule& charge);

  [[nodiscard]] std::optional<double> headroom(std::size_t model, const Cost& cost, Instant now) const;
  [[nodiscard]] std::optional<Refusal> refusal(std::size_t model, const Cost& cost, Instant now) const;
  [[nodiscard]] std::variant<std::uint32_t, Refusal> reserve(std::size_t model, const Cost& cost,
                                                             Instant now);

  // Of a reservation, by its id.
  void send(std::uint32_t id, Instant now);
  void observe(std::uint32_t id, std::span<const Observation> observations, Instant now);
  void end(std::uint32_t id, Outcome outcome, const Cost& used, Instant now);
  void drop(std::uint32_t id);

  void cool_down_model(std::size_t model, Cooldown cooldown);
  void cool_down_account(Cooldown cooldown);
  void mark_full(std::size_t model, Dimension dimension, Period period, BootTime until, Instant now);
  [[nodiscard]] std::vector<MeterView> view(std::size_t model, Instant now) const;
  [[nodiscard]] std::optional<Cooldown> cooldown(std::size_t model, Instant now) const;

 private:
  struct Model {
    std::string id;
    std::vector<std::size_t> meters;  // the account's, then its own, then those that answers made
    std::size_t made_by_answers = 0;
    ChargeRule charge;
    std::optional<Cooldown> cooldown;
  };
  // A reservation that hasn't ended. Records and their charges are used again, so that a busy account
  // allocates nothing.
  struct Open {
    std::size_t model = 0;
    Cost cost;
    bool is_open = false;
    bool is_sent = false;
    std::vector<Charge> charges;
  };

  [[nodiscard]] std::size_t model_named(std::string_view id);
  void attach(Model& model, const Limit& limit, std::string_view scope);
  [[nodiscard]] bool is_shared(std::size_t meter) const;

  // Threads may arrive in another order than they read the clock: under the lock time doesn't go back.
  [[nodiscard]] Instant not_before(Instant now) const;
  Instant advance_to(Instant now);

  [[nodiscard]] std::optional<Cooldown> longest_cooldown(const Model& model, Instant now) const;
  [[nodiscard]] bool fits(const Model& model, const Cost& cost, Instant now) const;
  [[nodiscard]] Refusal why_not(const Model& model, const Cost& cost, Instant now) const;

  [[nodiscard]] std::uint32_t open_record();
  void send_open(Open& open, Instant now);
  void end_open(std::uint32_t id, Outcome outcome, const Cost& used, Instant now);
  void observe_one(Open& open, const Observation& observation, Instant now);
  [[nodiscard]] std::optional<std::size_t> meter_of(const Model& model, const Observation& observation) const;
  void make_meter(std::size_t model, const Observation& observation, Instant now);

  mutable std::mutex mutex_;                    // guards all below
  std::vector<std::unique_ptr<Meter>> meters_;  // kept for good: charges and models hold their indices
  std::vector<Model> models_;
  std::vector<Open> open_;
  std::vector<std::uint32_t> free_;  // indices of records in open_
  std::optional<Cooldown> cooldown_;
  Instant latest_{};
};

}  // namespace weir::quota
