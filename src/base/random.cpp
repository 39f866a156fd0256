#include "weir/base/random.hpp"

#include <random>

namespace weir {

SystemRandom::SystemRandom() {
  std::random_device device;
  state_ = (static_cast<std::uint64_t>(device()) << 32) ^ device();
}

std::uint64_t SystemRandom::bits() {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

double SystemRandom::unit() {
  return static_cast<double>(bits() >> 11) * 0x1.0p-53;
}

}  // namespace weir
