#include "quota/tally_window.hpp"

#include "quota/words.hpp"
#include "weir/base/arithmetic.hpp"

namespace weir::quota {

std::uint64_t TallyWindow::counted(Instant /*now*/) const {
  return sum_;
}

BootTime TallyWindow::falls_to(std::uint64_t allowed, Instant now) const {
  return sum_ <= allowed ? now.boot : counts_until(now);
}

std::optional<BootTime> TallyWindow::next_return(Instant /*now*/) const {
  return std::nullopt;
}

BootTime TallyWindow::add(std::uint64_t cost, Instant now) {
  sum_ = plus(sum_, cost);
  return now.boot;
}

void TallyWindow::settle(BootTime /*stamp*/, std::uint64_t charged, std::uint64_t used, Instant /*now*/) {
  sum_ = plus(less(sum_, charged), used);
}

void TallyWindow::take_oldest(std::uint64_t cost, Instant /*now*/) {
  sum_ = less(sum_, cost);
}

void TallyWindow::save(Words& words) const {
  put(words, sum_);
}

bool TallyWindow::load(std::span<const std::uint64_t> words, Duration /*shift*/, Instant /*now*/) {
  if (words.size() > 1) return false;
  sum_ = words.empty() ? 0 : words[0];
  return true;
}

}  // namespace weir::quota
