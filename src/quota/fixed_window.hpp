#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "quota/window.hpp"
#include "quota/window_edges.hpp"

namespace weir::quota {

// Windows that begin at fixed moments of the wall clock: the multiples of a period, or civil days or months.
// The provider's clock may differ from ours by the skew, so a cost counts until every window that may have
// taken it is surely over: what is sent within the skew of an edge counts on both sides.
//
// A wall clock that is set doesn't give anything back: a cost counts until its windows are over by the clock
// it was charged under and by the clock as it is now.
class FixedWindow final : public Window {
 public:
  explicit FixedWindow(WindowEdges edges) : edges_(std::move(edges)), guard_(clock_skew(edges_.longest())) {}

  [[nodiscard]] std::uint64_t counted(Instant now) const override;
  [[nodiscard]] std::uint64_t counted_with_care(Instant now) const override;
  bool take_more_care(Instant now) override { return guard_.grow(now); }
  [[nodiscard]] BootTime falls_to(std::uint64_t allowed, Instant now) const override;
  [[nodiscard]] BootTime counts_until(Instant sent) const override {
    return sent.boot_at(end_for(sent.wall));
  }
  [[nodiscard]] std::optional<BootTime> next_return(Instant now) const override;
  BootTime add(std::uint64_t cost, Instant now) override;
  void settle(BootTime stamp, std::uint64_t charged, std::uint64_t used, Instant now) override;
  void take_oldest(std::uint64_t cost, Instant now) override;
  [[nodiscard]] bool same_window(BootTime stamp, Instant now) const override;
  [[nodiscard]] std::optional<Stretch> current(Instant now) const override;
  void save(Words& words) const override;
  [[nodiscard]] bool load(std::span<const std::uint64_t> words, Duration shift, Instant now) override;

 private:
  // What ends together.
  struct Cell {
    WallTime end;     // by the clock it was charged under
    BootTime until;   // the same moment
    BootTime oldest;  // charge
    BootTime newest;
    Duration offset{};  // wall minus boot at the newest
    std::uint64_t cost = 0;
  };
  // Two count at a time, one has just stopped, and two more may count again when the clock is set back by
  // less than a period.
  static constexpr std::size_t kCells = 5;

  [[nodiscard]] Duration skew() const { return guard_.length(); }
  [[nodiscard]] WallTime end_for(WallTime sent) const;
  [[nodiscard]] BootTime until(const Cell& cell, Instant now) const;
  [[nodiscard]] Cell* find(BootTime stamp);
  Cell& open_cell(WallTime end, Instant now);
  void drop_dead(Instant now);

  WindowEdges edges_;
  Guard guard_;
  std::array<Cell, kCells> cells_;  // oldest first
  std::size_t size_ = 0;
};

}  // namespace weir::quota
