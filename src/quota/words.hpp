#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>

#include "weir/base/clock.hpp"
#include "weir/quota/state.hpp"

// How values become the words of a state and come back.
namespace weir::quota {

inline void put(Words& words, std::uint64_t value) {
  words.push_back(value);
}
inline void put(Words& words, double value) {
  words.push_back(std::bit_cast<std::uint64_t>(value));
}
inline void put(Words& words, Duration value) {
  words.push_back(std::bit_cast<std::uint64_t>(value.count()));
}
inline void put(Words& words, BootTime value) {
  put(words, value.time_since_epoch());
}
inline void put(Words& words, WallTime value) {
  put(words, value.time_since_epoch());
}

// A boot time of before a restart as this boot has it. Never later than now: what was sent has been sent.
[[nodiscard]] inline BootTime moved(BootTime time, Duration shift, Instant now) {
  return std::min(time + shift, now.boot);
}

// Reads in the order of writing. Past the end everything is zero; ok() says whether it came to that.
class WordReader {
 public:
  explicit WordReader(std::span<const std::uint64_t> words) : words_(words) {}

  [[nodiscard]] std::uint64_t number() {
    if (at_ < words_.size()) return words_[at_++];
    ok_ = false;
    return 0;
  }
  [[nodiscard]] double real() { return std::bit_cast<double>(number()); }
  // Within 95 years: of damaged words, too, three may be added up. "Never" comes back as long ago.
  [[nodiscard]] Duration duration() {
    constexpr std::int64_t kMost = 3'000'000'000'000'000'000;
    return Duration(std::clamp(std::bit_cast<std::int64_t>(number()), -kMost, kMost));
  }
  [[nodiscard]] BootTime boot_time() { return BootTime(duration()); }
  [[nodiscard]] WallTime wall_time() { return WallTime(duration()); }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t left() const { return words_.size() - at_; }

 private:
  std::span<const std::uint64_t> words_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace weir::quota
