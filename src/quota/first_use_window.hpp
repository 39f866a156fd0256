#pragma once

#include <array>
#include <cstddef>

#include "quota/window.hpp"

namespace weir::quota {

// A window that begins with the first request after the one before was over, and gives everything back at its
// end. Where the request that began it turns out not to have counted, it began with the next one: the first
// 63 are remembered for that. Around its end, by the guard, nothing may be sent: a request counted on the
// other side than we think would shift all windows that follow.
class FirstUseWindow final : public Window {
 public:
  explicit FirstUseWindow(Duration period);

  [[nodiscard]] std::uint64_t counted(Instant now) const override;
  [[nodiscard]] std::uint64_t counted_with_care(Instant now) const override;
  bool take_more_care(Instant now) override { return guard_.grow(now); }
  [[nodiscard]] BootTime falls_to(std::uint64_t allowed, Instant now) const override;
  [[nodiscard]] BootTime counts_until(Instant sent) const override;
  [[nodiscard]] std::optional<BootTime> next_return(Instant now) const override;
  BootTime add(std::uint64_t cost, Instant now) override;
  void settle(BootTime stamp, std::uint64_t charged, std::uint64_t used, Instant now) override;
  void take_oldest(std::uint64_t cost, Instant now) override;
  void clear(Instant /*now*/) override { size_ = last_sum_ = 0; }
  [[nodiscard]] bool same_window(BootTime stamp, Instant now) const override;
  [[nodiscard]] std::optional<Stretch> current(Instant now) const override;
  [[nodiscard]] bool is_closed(Instant now) const override;
  void save(Words& words) const override;
  [[nodiscard]] bool load(std::span<const std::uint64_t> words, Duration shift, Instant now) override;

 private:
  struct Part {
    BootTime since;  // its first cost
    std::uint64_t cost = 0;
  };
  static constexpr std::size_t kParts = 64;  // the last holds all that came after it

  [[nodiscard]] bool is_over(Instant now) const { return size_ == 0 || end() <= now.boot; }
  [[nodiscard]] Duration held() const { return period_ + guard_.length(); }
  [[nodiscard]] BootTime end() const { return parts_[0].since + held(); }
  [[nodiscard]] std::uint64_t sum() const;
  [[nodiscard]] Part* find(BootTime stamp);
  void drop_empty();

  Duration period_;
  Guard guard_;
  std::array<Part, kParts> parts_{};
  std::size_t size_ = 0;
  BootTime last_end_ = BootTime::min();  // of the window before
  std::uint64_t last_sum_ = 0;
};

}  // namespace weir::quota
