#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "weir/base/clock.hpp"
#include "weir/quota/limit.hpp"
#include "weir/quota/state.hpp"

namespace weir::quota {

// What use shows of a limit that nobody told, or told wrong. A refusal lowers it at once, to what had been
// accepted; where more was wanted and nothing was refused for a while it rises, by steps that double. After
// each refusal it waits twice as long before it tries again, so that a limit that is known well is hardly
// ever tested. Not synchronised.
class Learner {
 public:
  [[nodiscard]] std::optional<std::uint64_t> learnt() const noexcept { return learnt_; }
  [[nodiscard]] WallTime learnt_at() const noexcept { return learnt_at_; }

  struct Evidence {
    std::uint64_t accepted = 0;  // had been, when this was refused
    std::uint64_t in_force = 0;  // what the limit was thought to be
    Duration period{};
    BootTime sent{};
  };
  // Whether that was a lesson.
  bool refused(const Evidence& evidence, Instant now) noexcept;
  // Whether the amount has been raised and not been refused since.
  [[nodiscard]] bool is_trying() const noexcept { return step_ > 0; }
  // By how much it was raised last.
  [[nodiscard]] std::uint64_t step() const noexcept { return step_; }
  // Someone had to wait because of this limit. Whether that is new since it was last changed.
  bool pressed() noexcept { return !std::exchange(is_pressed_, true); }
  // A request was served under it. `most` is what configuration allows. Whether the amount rose.
  bool served(std::uint64_t in_force, std::uint64_t most, Duration period, Instant now) noexcept;
  // One cost alone was as large as that, and served. Whether the amount rose.
  bool accepted(std::uint64_t cost, Instant now) noexcept;
  // Another amount has been told: what was learnt of the old one is over.
  void forget() noexcept { *this = {}; }

  void save(Words& words) const;
  [[nodiscard]] bool load(std::span<const std::uint64_t> words, std::optional<std::uint64_t> learnt,
                          WallTime learnt_at, Duration shift, Instant now);

 private:
  static constexpr std::uint64_t kPatience = 2;  // periods without a refusal before the first try
  static constexpr std::uint64_t kPatienceMax = 64;
  static constexpr std::uint64_t kFirstStep = 32;  // a part of the amount

  std::optional<std::uint64_t> learnt_;
  WallTime learnt_at_{};
  std::optional<BootTime> since_;  // nothing has changed and nothing was refused
  std::optional<BootTime> refused_at_;
  std::uint64_t step_ = 0;  // of the last rise; 0: the next is the first
  std::uint64_t patience_ = kPatience;
  std::uint64_t next_patience_ = 2 * kPatience;
  bool is_pressed_ = false;
  bool was_served_ = true;  // since the last refusal
};

}  // namespace weir::quota
