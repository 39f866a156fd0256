#pragma once

#include <cstdint>

namespace weir {

// A source of chance. One a thread: implementations are not synchronised.
class RandomSource {
 public:
  virtual ~RandomSource() = default;
  [[nodiscard]] virtual double unit() = 0;         // in [0, 1)
  [[nodiscard]] virtual std::uint64_t bits() = 0;  // 64 even bits
};

// splitmix64, seeded by the system. Not for secrets.
class SystemRandom final : public RandomSource {
 public:
  SystemRandom();
  [[nodiscard]] double unit() override;
  [[nodiscard]] std::uint64_t bits() override;

 private:
  std::uint64_t state_;
};

}  // namespace weir
