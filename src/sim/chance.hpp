#pragma once

#include <cmath>
#include <cstdint>

#include "weir/base/clock.hpp"
#include "weir/base/random.hpp"

namespace weir::sim {

// splitmix64 with a seed: the same numbers on every machine. Each part of a run draws from one of its own, so
// that what one part does never changes what comes in another.
class SeededRandom final : public RandomSource {
 public:
  SeededRandom(std::uint64_t seed, std::uint64_t part) : state_(seed * 0x9e3779b97f4a7c15U + part) {
    state_ = bits();
  }

  [[nodiscard]] std::uint64_t bits() override {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  [[nodiscard]] double unit() override { return static_cast<double>(bits() >> 11U) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

[[nodiscard]] inline Duration seconds_to_duration(double seconds) {
  return Duration(static_cast<Duration::rep>(seconds * 1e9));
}
[[nodiscard]] inline Duration upto(Duration most, RandomSource& random) {
  return seconds_to_duration(random.unit() * static_cast<double>(most.count()) * 1e-9);
}
// The pause to the next of events that come independently, so many a second.
[[nodiscard]] inline Duration pause(double rate, RandomSource& random) {
  return seconds_to_duration(-std::log(1 - random.unit()) / rate);
}
// From half of it to one and a half.
[[nodiscard]] inline double around(double mean, RandomSource& random) {
  return mean * (0.5 + random.unit());
}

}  // namespace weir::sim
