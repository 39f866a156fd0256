#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "weir/base/random.hpp"

namespace weir::test {

// Chance as the test wants it: the given units in turn, again and again.
class FakeRandom final : public RandomSource {
 public:
  explicit FakeRandom(std::vector<double> units) : units_(std::move(units)) {}
  [[nodiscard]] double unit() override { return units_[next_++ % units_.size()]; }
  [[nodiscard]] std::uint64_t bits() override { return static_cast<std::uint64_t>(unit() * 0x1.0p63) << 1U; }

 private:
  std::vector<double> units_;
  std::size_t next_ = 0;
};

// Chance that is the same in every run.
class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  [[nodiscard]] double unit() override { return static_cast<double>(engine_() >> 11U) * 0x1.0p-53; }
  [[nodiscard]] std::uint64_t bits() override { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace weir::test
