#pragma once

#include "quota/window.hpp"

namespace weir::quota {

// A plain sum that time doesn't lower.
class TallyWindow : public Window {
 public:
  [[nodiscard]] std::uint64_t counted(Instant now) const override;
  [[nodiscard]] BootTime falls_to(std::uint64_t allowed, Instant now) const override;
  [[nodiscard]] std::optional<BootTime> next_return(Instant now) const override;
  BootTime add(std::uint64_t cost, Instant now) override;
  void settle(BootTime stamp, std::uint64_t charged, std::uint64_t used, Instant now) override;
  void take_oldest(std::uint64_t cost, Instant now) override;
  void save(Words& words) const override;
  [[nodiscard]] bool load(std::span<const std::uint64_t> words, Duration shift, Instant now) override;

 private:
  std::uint64_t sum_ = 0;
};

// Requests in flight: each counts from its reservation until that ends.
class InFlightWindow final : public TallyWindow {
 public:
  // Nobody can know when the next answer ends; whoever waits looks again after that.
  static constexpr Duration kLookAgain = std::chrono::seconds(1);

  [[nodiscard]] BootTime counts_until(Instant sent) const override { return sent.boot + kLookAgain; }
  // What was in flight has ended with the process.
  void save(Words& /*words*/) const override {}
};

// A pool that doesn't come back. After the start of the day on which it expires it is worth nothing.
class CreditWindow final : public TallyWindow {
 public:
  explicit CreditWindow(std::optional<std::chrono::sys_days> expires) : expires_(expires) {}

  [[nodiscard]] BootTime counts_until(Instant /*sent*/) const override { return BootTime::max(); }
  [[nodiscard]] bool ended(Instant now) const override { return expires_ && now.wall >= *expires_; }

 private:
  std::optional<std::chrono::sys_days> expires_;
};

}  // namespace weir::quota
