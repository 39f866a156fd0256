#include "quota/first_use_window.hpp"

#include "quota/words.hpp"
#include "weir/base/arithmetic.hpp"

namespace weir::quota {

FirstUseWindow::FirstUseWindow(Duration period)
    : period_(std::max(period, Duration(1))), guard_(slot_guard(period_)) {}

std::uint64_t FirstUseWindow::sum() const {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < size_; ++i) sum = plus(sum, parts_[i].cost);
  return sum;
}

std::uint64_t FirstUseWindow::counted(Instant now) const {
  return is_over(now) ? 0 : sum();
}

std::uint64_t FirstUseWindow::counted_with_care(Instant now) const {
  const auto last = [&](BootTime ended, std::uint64_t sum) {
    return now.boot - guard_.length() < ended ? sum : 0;
  };
  if (is_over(now)) return size_ == 0 ? last(last_end_, last_sum_) : last(end(), sum());
  return plus(sum(), last(last_end_, last_sum_));
}

BootTime FirstUseWindow::falls_to(std::uint64_t allowed, Instant now) const {
  return counted(now) <= allowed && !is_closed(now) ? now.boot : end();
}

BootTime FirstUseWindow::counts_until(Instant sent) const {
  return is_over(sent) ? sent.boot + held() : end();
}

std::optional<BootTime> FirstUseWindow::next_return(Instant now) const {
  if (counted(now) == 0) return std::nullopt;
  return end();
}

BootTime FirstUseWindow::add(std::uint64_t cost, Instant now) {
  if (cost == 0) return now.boot;
  guard_.relax(now);
  if (size_ > 0 && is_over(now)) {
    last_end_ = end();
    last_sum_ = sum();
    size_ = 0;
  }
  if (size_ > 0 && (size_ == kParts || parts_[size_ - 1].since == now.boot)) {
    parts_[size_ - 1].cost = plus(parts_[size_ - 1].cost, cost);
  } else {
    parts_[size_++] = {.since = now.boot, .cost = cost};
  }
  return now.boot;
}

void FirstUseWindow::settle(BootTime stamp, std::uint64_t charged, std::uint64_t used, Instant now) {
  Part* const found = is_over(now) ? nullptr : find(stamp);
  if (found == nullptr) return;  // its window is over
  found->cost = used > charged ? plus(found->cost, used - charged) : less(found->cost, charged - used);
  drop_empty();
}

void FirstUseWindow::take_oldest(std::uint64_t cost, Instant now) {
  if (is_over(now)) return;
  // When the window began is known; only how much it holds isn't. So the first keeps its place.
  for (std::size_t i = size_; i > 0 && cost > 0; --i) {
    const std::uint64_t spared = i == 1 ? 1 : 0;
    const std::uint64_t taken = std::min(less(parts_[i - 1].cost, spared), cost);
    parts_[i - 1].cost -= taken;
    cost -= taken;
  }
  drop_empty();
}

bool FirstUseWindow::same_window(BootTime stamp, Instant now) const {
  return !is_over(now) && stamp >= parts_[0].since;
}

bool FirstUseWindow::is_closed(Instant now) const {
  return !is_over(now) && now.boot >= end() - 2 * guard_.length();
}

std::optional<Stretch> FirstUseWindow::current(Instant now) const {
  const BootTime begin = is_over(now) ? now.boot : parts_[0].since;
  return Stretch{.begin = begin, .end = begin + held()};
}

FirstUseWindow::Part* FirstUseWindow::find(BootTime stamp) {
  for (std::size_t i = size_; i > 0; --i)
    if (parts_[i - 1].since <= stamp) return &parts_[i - 1];
  return nullptr;
}

void FirstUseWindow::drop_empty() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < size_; ++i)
    if (parts_[i].cost > 0) parts_[kept++] = parts_[i];
  size_ = kept;
}

void FirstUseWindow::save(Words& words) const {
  guard_.save(words);
  put(words, last_end_);
  put(words, last_sum_);
  for (std::size_t i = 0; i < size_; ++i) {
    put(words, parts_[i].since);
    put(words, parts_[i].cost);
  }
}

bool FirstUseWindow::load(std::span<const std::uint64_t> words, Duration shift, Instant now) {
  constexpr std::size_t kHead = 4;
  if (words.size() < kHead || words.size() % 2 != 0 || words.size() / 2 - kHead / 2 > kParts) return false;
  WordReader reader(words);
  guard_.load(reader, shift, now);
  last_end_ = moved(reader.boot_time(), shift, now);
  last_sum_ = reader.number();
  for (size_ = 0; size_ < (words.size() - kHead) / 2; ++size_) {
    const BootTime since = reader.boot_time();
    parts_[size_] = {.since = moved(since, shift, now), .cost = reader.number()};
  }
  return true;
}

}  // namespace weir::quota
