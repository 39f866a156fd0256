#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/quota/limit.hpp"

// What the ledger knows, as values: a store keeps them, and a new ledger begins with them.
namespace weir::quota {

// Numbers that only the part which wrote them reads again; the store keeps them as they are.
using Words = std::vector<std::uint64_t>;

// A meter: what it is of, what is known of its limit, and what counts.
struct MeterState {
  Limit limit;
  std::string scope;                    // "account" or the model's id
  std::optional<std::uint64_t> header;  // the amount that answers name
  std::optional<std::uint64_t> learnt;  // the amount that use has shown
  WallTime learnt_at{};                 // when either was seen last
  Words learning;                       // how it goes on learning
  BootTime full_until = BootTime::min();
  std::uint64_t drift = 0;
  Words tally;   // held, in flight, sent, sequence, observed; what may be others' use
  Words window;  // what was sent and when
};

struct ModelState {
  std::string id;
  std::vector<std::size_t> meters;  // indices in the account's
  std::uint64_t made_by_answers = 0;
  bool failures_count = false;
  std::optional<Cooldown> cooldown;
};

struct KeyState {
  std::string id;
  std::optional<Cooldown> cooldown;
};

// A reservation that hadn't ended.
struct OpenState {
  std::uint32_t id = 0;
  std::size_t model = 0;
  std::uint8_t key = Place::kNoKey;
  Cost cost;
  bool is_sent = false;
  Words charges;
};

// An account as it was at one place of the intent log: every record of this account below `position` is in
// it, none at or above.
struct AccountState {
  std::string name;
  std::uint32_t number = 0;  // by which records speak of it
  std::uint64_t position = 0;
  Instant at{};             // when: both clocks, so that another boot can translate its times
  Duration clock_offset{};  // of the provider's, ahead of ours
  std::vector<MeterState> meters;
  std::vector<ModelState> models;
  std::vector<KeyState> keys;
  std::vector<OpenState> open;
  std::optional<Cooldown> cooldown;
};

}  // namespace weir::quota
