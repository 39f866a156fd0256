#pragma once

#include "quota/window.hpp"

namespace weir::quota {

// A bucket that empties continuously, the limit's amount in one period. A cost counts less and less from the
// moment it was sent, so the wait for room is (used + cost - limit) / limit x period.
//
// The provider's bucket begins to empty when a request arrives, ours when it leaves. So from the first cost
// after it was empty ours stands still for the guard: by then one that travelled slowly has arrived.
class RefillWindow final : public Window {
 public:
  explicit RefillWindow(Duration period);

  [[nodiscard]] std::uint64_t counted(Instant now) const override;  // rounded up
  [[nodiscard]] std::uint64_t counted_with_care(Instant now) const override;
  bool take_more_care(Instant now) override;
  [[nodiscard]] BootTime falls_to(std::uint64_t allowed, Instant now) const override;
  [[nodiscard]] BootTime falls_to_with(std::uint64_t pending, std::uint64_t allowed,
                                       Instant now) const override;
  [[nodiscard]] BootTime counts_until(Instant sent) const override {
    return sent.boot + guard_.length() + period_;
  }
  [[nodiscard]] std::optional<BootTime> next_return(Instant now) const override;
  BootTime add(std::uint64_t cost, Instant now) override;
  void settle(BootTime stamp, std::uint64_t charged, std::uint64_t used, Instant now) override;
  void take_oldest(std::uint64_t cost, Instant now) override;
  void set_amount(std::uint64_t amount, Instant now) override;
  void save(Words& words) const override;
  [[nodiscard]] bool load(std::span<const std::uint64_t> words, Duration shift, Instant now) override;

 private:
  [[nodiscard]] double level(BootTime now) const;
  [[nodiscard]] BootTime level_falls_to(double from, double allowed, Instant now) const;
  void settle_down(BootTime now);

  Duration period_;
  Guard guard_;
  double rate_ = 0;           // cost a nanosecond
  double level_ = 0;          // at from_
  BootTime from_{};           // it empties from then on; may lie ahead by the guard
  BootTime filling_since_{};  // the first cost since it may have been empty at the provider's
};

}  // namespace weir::quota
