#pragma once

#include <array>
#include <cstddef>

#include "quota/window.hpp"

namespace weir::quota {

// Every cost counts for the period (and the guard) after it was sent, so that no interval of that length ever
// holds more than the limit. Exact for up to 256 costs; beyond that the period is cut into 256 cells of fixed
// place, and what was sent in one cell counts until its newest stops counting: never early, at most period /
// 256 late. The room for them, 6 KiB, is allocated when the first cost comes.
class SlidingWindow : public Window {
 public:
  explicit SlidingWindow(Duration period);

  [[nodiscard]] std::uint64_t counted(Instant now) const override;
  [[nodiscard]] std::uint64_t counted_with_care(Instant now) const override;
  bool take_more_care(Instant now) override { return guard_.grow(now); }
  [[nodiscard]] BootTime falls_to(std::uint64_t allowed, Instant now) const override;
  [[nodiscard]] BootTime counts_until(Instant sent) const override { return sent.boot + held(); }
  [[nodiscard]] std::optional<BootTime> next_return(Instant now) const override;
  BootTime add(std::uint64_t cost, Instant now) override;
  // As if it had been sent a period before that moment.
  void add_until(std::uint64_t cost, BootTime until, Instant now) override;
  void settle(BootTime stamp, std::uint64_t charged, std::uint64_t used, Instant now) override;
  void take_oldest(std::uint64_t cost, Instant now) override;
  void save(Words& words) const override;
  [[nodiscard]] bool load(std::span<const std::uint64_t> words, Duration shift, Instant now) override;

 protected:
  // Another length from now on, for all that counts.
  void set_period(Duration period);

 private:
  // One cost, or all of one cell.
  struct Slot {
    BootTime oldest;
    BootTime newest;
    std::uint64_t cost = 0;
  };
  static constexpr std::size_t kExact = 256;
  // 256 cells cover the period; the guard adds up to seven, as much again is remembered to know what has just
  // come back, and both ends may stand in the middle of a cell.
  static constexpr std::size_t kSlots = kExact + 16;

  [[nodiscard]] Slot& slot(std::size_t index) { return (*slots_)[(first_ + index) % kSlots]; }
  [[nodiscard]] const Slot& slot(std::size_t index) const { return (*slots_)[(first_ + index) % kSlots]; }
  [[nodiscard]] Duration held() const { return period_ + guard_.length(); }  // how long a cost counts
  [[nodiscard]] bool expired(const Slot& slot, Instant now) const { return slot.newest + held() <= now.boot; }
  [[nodiscard]] bool forgettable(const Slot& slot, Instant now) const {
    return slot.newest + held() + guard_.length() <= now.boot;
  }
  // Times of before the last boot are negative: rounded down, not to zero.
  [[nodiscard]] Duration::rep cell_of(BootTime time) const {
    const Duration since = time.time_since_epoch();
    return since >= Duration::zero() ? since / cell_ : (since + Duration(1)) / cell_ - 1;
  }
  [[nodiscard]] Slot* find(BootTime stamp);

  BootTime add_at(BootTime sent, std::uint64_t cost, Instant now);
  void drop_first();
  void make_space(Instant now);
  void drop_empty();
  void merge_cells();

  Duration period_;
  Guard guard_;
  Duration cell_;
  std::unique_ptr<std::array<Slot, kSlots>> slots_;  // a ring, oldest first
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  std::uint64_t sum_ = 0;  // of all slots
  bool by_cell_ = false;
};

// One cost at a time, then none for period / amount.
class IntervalWindow final : public SlidingWindow {
 public:
  explicit IntervalWindow(Duration period) : SlidingWindow(period), whole_(period) {}

  void set_amount(std::uint64_t amount, Instant now) override;

 private:
  Duration whole_;  // the period of the whole amount
};

}  // namespace weir::quota
