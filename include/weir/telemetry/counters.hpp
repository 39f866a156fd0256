#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

// What is counted on the path of a request: no lock, no allocation, no read-modify-write that other cores
// would notice. Each is written by one thread; any may read it, and adds up those of all threads.
namespace weir::telemetry {

class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }
  void add(const Counter& other) noexcept { add(other.value()); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

template <std::size_t kSize>
void add_all(std::array<Counter, kSize>& sums, const std::array<Counter, kSize>& more) noexcept {
  for (std::size_t i = 0; i < kSize; ++i) sums[i].add(more[i]);
}

// The scales of histograms: upper bounds in whole units, and how many of them make the unit that is told.
struct OperationTime {  // nanoseconds: 10 ms doubling to 81.92 s
  static constexpr std::uint64_t kUnit = 1'000'000'000;
  static constexpr auto kBounds = [] {
    std::array<std::uint64_t, 14> bounds{};
    for (std::size_t i = 0; i < bounds.size(); ++i) bounds[i] = 10'000'000ULL << i;
    return bounds;
  }();
};
struct OwnTime {  // nanoseconds: 25 us doubling to 51.2 ms
  static constexpr std::uint64_t kUnit = 1'000'000'000;
  static constexpr auto kBounds = [] {
    std::array<std::uint64_t, 12> bounds{};
    for (std::size_t i = 0; i < bounds.size(); ++i) bounds[i] = 25'000ULL << i;
    return bounds;
  }();
};
struct TokenCount {  // 1, 4, 16 ... 67108864
  static constexpr std::uint64_t kUnit = 1;
  static constexpr auto kBounds = [] {
    std::array<std::uint64_t, 14> bounds{};
    for (std::size_t i = 0; i < bounds.size(); ++i) bounds[i] = 1ULL << (2 * i);
    return bounds;
  }();
};
struct Ratio {  // thousandths
  static constexpr std::uint64_t kUnit = 1000;
  static constexpr std::array<std::uint64_t, 10> kBounds{250,  500,  750,  900,  1000,
                                                         1100, 1250, 1500, 2000, 4000};
};

template <class Scale>
class Histogram {
 public:
  static constexpr std::size_t kBuckets = Scale::kBounds.size() + 1;  // the last has no bound

  void observe(std::uint64_t value) noexcept {
    std::size_t i = 0;
    while (i < Scale::kBounds.size() && value > Scale::kBounds[i]) ++i;
    counts_[i].add();
    sum_.add(value);
  }
  void add(const Histogram& other) noexcept {
    add_all(counts_, other.counts_);
    sum_.add(other.sum_);
  }
  [[nodiscard]] const std::array<Counter, kBuckets>& counts() const noexcept { return counts_; }
  [[nodiscard]] double sum() const noexcept {
    return static_cast<double>(sum_.value()) / static_cast<double>(Scale::kUnit);
  }
  [[nodiscard]] std::uint64_t total() const noexcept {
    std::uint64_t total = 0;
    for (const Counter& count : counts_) total += count.value();
    return total;
  }

 private:
  std::array<Counter, kBuckets> counts_;
  Counter sum_;
};

// Times from a quarter of a millisecond to four minutes, each known to 6 %: for medians of a moment.
inline constexpr std::size_t kFineBuckets = 160;
[[nodiscard]] constexpr std::size_t fine_bucket(std::uint64_t nanoseconds) noexcept {
  const std::uint64_t x = nanoseconds >> 18U;
  if (x < 8) return static_cast<std::size_t>(x);
  const auto octave = static_cast<std::size_t>(std::bit_width(x) - 1);
  const std::size_t bucket = 8 * (octave - 2) + ((x >> (octave - 3)) & 7U);
  return bucket < kFineBuckets ? bucket : kFineBuckets - 1;
}
// The middle of a bucket, in milliseconds.
[[nodiscard]] constexpr double fine_middle_ms(std::size_t bucket) noexcept {
  constexpr double kStepMs = 0.262144;
  if (bucket < 8) return (static_cast<double>(bucket) + 0.5) * kStepMs;
  const std::size_t octave = bucket / 8 + 2;
  const auto width = static_cast<double>(1ULL << (octave - 3));
  return (static_cast<double>(8 + bucket % 8) + 0.5) * width * kStepMs;
}

}  // namespace weir::telemetry
