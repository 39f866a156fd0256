#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "weir/base/clock.hpp"

namespace weir::routing {

// How fast a model of a provider answers, as measured: a moving average in which the newest answer counts a
// fifth. Threads: any, without a lock; of two answers that end at once one may count for both.
class Speed {
 public:
  // A stream's first content came so long after its request began.
  void note_commit(Duration took) noexcept;
  // Its rest came so fast. Too little to tell is not counted.
  void note_stream(std::uint64_t tokens, Duration took) noexcept;
  // A plain answer, from the request to its last byte. A short one tells when writing begins, a long one how
  // fast it goes on.
  void note_plain(std::uint64_t tokens, Duration took) noexcept;

  // Nothing where it has never been measured.
  [[nodiscard]] std::optional<Duration> to_commit() const noexcept;
  [[nodiscard]] std::optional<double> tokens_per_second() const noexcept;
  // Until so many tokens have come; what isn't known of it is left out. Nothing where nothing is known.
  [[nodiscard]] std::optional<Duration> expected(std::uint64_t output_tokens) const noexcept;

  // Whether nothing is known and nobody has set out to learn it within the last ten seconds.
  [[nodiscard]] bool is_unexplored(BootTime now) const noexcept;
  // The same, and whoever is told so is taken at his word to set out now.
  [[nodiscard]] bool explore(BootTime now) noexcept;

 private:
  static constexpr std::int64_t kNever = INT64_MIN;

  [[nodiscard]] bool is_due(std::int64_t explored_at, BootTime now) const noexcept;

  std::atomic<double> to_commit_{-1};  // seconds; below 0: unknown
  std::atomic<double> rate_{-1};       // tokens a second
  std::atomic<std::int64_t> explored_at_{kNever};
};

// The speeds of all models by provider/model. They stay where they are. Threads: any.
class SpeedTable {
 public:
  [[nodiscard]] Speed& of(std::string_view target);

 private:
  std::mutex mutex_;
  std::map<std::string, Speed, std::less<>> speeds_;
};

}  // namespace weir::routing
