#include "quota/sliding_window.hpp"

#include <algorithm>

#include "quota/words.hpp"
#include "weir/base/arithmetic.hpp"

namespace weir::quota {

SlidingWindow::SlidingWindow(Duration period)
    : period_(std::max(period, Duration(1))),
      guard_(slot_guard(period)),
      cell_((std::max(period, Duration(1)) + Duration(kExact - 1)) / static_cast<Duration::rep>(kExact)) {}

std::uint64_t SlidingWindow::counted(Instant now) const {
  std::uint64_t left = sum_;
  for (std::size_t i = 0; i < size_ && expired(slot(i), now); ++i) left -= slot(i).cost;
  return left;
}

std::uint64_t SlidingWindow::counted_with_care(Instant now) const {
  std::uint64_t left = sum_;
  for (std::size_t i = 0; i < size_ && forgettable(slot(i), now); ++i) left -= slot(i).cost;
  return left;
}

BootTime SlidingWindow::falls_to(std::uint64_t allowed, Instant now) const {
  std::uint64_t left = sum_;
  BootTime at = now.boot;
  for (std::size_t i = 0; i < size_; ++i) {
    if (!expired(slot(i), now)) {
      if (left <= allowed) return at;
      at = slot(i).newest + held();
    }
    left -= slot(i).cost;
  }
  return at;
}

std::optional<BootTime> SlidingWindow::next_return(Instant now) const {
  for (std::size_t i = 0; i < size_; ++i)
    if (slot(i).cost > 0 && !expired(slot(i), now)) return slot(i).newest + held();
  return std::nullopt;
}

BootTime SlidingWindow::add(std::uint64_t cost, Instant now) {
  return add_at(now.boot, cost, now);
}

BootTime SlidingWindow::add_at(BootTime sent, std::uint64_t cost, Instant now) {
  guard_.relax(now);
  while (size_ > 0 && forgettable(slot(0), now)) drop_first();
  if (cost == 0) return now.boot;
  if (slots_ == nullptr) slots_ = std::make_unique<std::array<Slot, kSlots>>();
  make_space(now);
  // Threads may arrive in another order than they read the clock. Later is safe.
  const BootTime at = size_ > 0 ? std::max(sent, slot(size_ - 1).newest) : sent;
  sum_ += cost;
  if (size_ > 0) {
    Slot& last = slot(size_ - 1);
    if (last.newest == at || (by_cell_ && cell_of(last.newest) == cell_of(at)) || size_ == kSlots) {
      last.newest = at;
      last.cost += cost;
      return at;
    }
  }
  slot(size_++) = {.oldest = at, .newest = at, .cost = cost};
  return at;
}

// Wherever it belongs among the others, for they are in their order; but no second one in a cell.
void SlidingWindow::add_until(std::uint64_t cost, BootTime until, Instant now) {
  if (cost == 0 || until <= now.boot) return;
  const BootTime at = std::min(until - period_, now.boot);
  make_space(now);
  if (size_ == 0 || slot(size_ - 1).newest <= at) {
    add_at(at, cost, now);
    return;
  }
  std::size_t place = 0;
  while (slot(place).newest < at) ++place;  // the last isn't
  const auto is_of_its_cell = [&](const Slot& slot) {
    return by_cell_ && cell_of(slot.newest) == cell_of(at);
  };
  sum_ += cost;
  if (slot(place).oldest <= at || is_of_its_cell(slot(place)) || size_ == kSlots) {
    slot(place).cost += cost;
  } else if (place > 0 && is_of_its_cell(slot(place - 1))) {
    slot(place - 1).newest = at;
    slot(place - 1).cost += cost;
  } else {
    for (std::size_t i = size_++; i > place; --i) slot(i) = slot(i - 1);
    slot(place) = {.oldest = at, .newest = at, .cost = cost};
  }
}

void SlidingWindow::settle(BootTime stamp, std::uint64_t charged, std::uint64_t used, Instant now) {
  if (stamp + held() <= now.boot || charged == used) return;
  Slot* const found = find(stamp);
  if (used > charged) {
    if (found == nullptr) {
      add(used - charged, now);
      return;
    }
    found->cost += used - charged;
    sum_ += used - charged;
  } else if (found != nullptr) {
    const std::uint64_t back = std::min(found->cost, charged - used);
    found->cost -= back;
    sum_ -= back;
  }
}

void SlidingWindow::take_oldest(std::uint64_t cost, Instant now) {
  for (std::size_t i = 0; i < size_ && cost > 0; ++i) {
    if (expired(slot(i), now)) continue;
    const std::uint64_t taken = std::min(slot(i).cost, cost);
    slot(i).cost -= taken;
    sum_ -= taken;
    cost -= taken;
  }
}

SlidingWindow::Slot* SlidingWindow::find(BootTime stamp) {
  std::size_t low = 0;
  std::size_t high = size_;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (slot(middle).newest < stamp) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < size_ && slot(low).oldest <= stamp ? &slot(low) : nullptr;
}

void SlidingWindow::set_period(Duration period) {
  if (period == period_) return;
  period_ = period;
  guard_ = slot_guard(period);
}

void SlidingWindow::drop_first() {
  sum_ -= slot(0).cost;
  first_ = (first_ + 1) % kSlots;
  --size_;
}

// Cells begin when the exact slots are used up and end when half of them are free again, so that merging,
// which looks at every slot, happens at most once in 128 costs.
void SlidingWindow::make_space(Instant now) {
  if (!by_cell_ && size_ == kExact)
    while (size_ > 0 && expired(slot(0), now)) drop_first();
  if (!by_cell_ && size_ == kExact) drop_empty();
  if (!by_cell_ && size_ == kExact) {
    merge_cells();
    by_cell_ = size_ > kExact / 2;
  } else if (by_cell_ && size_ <= kExact / 2) {
    by_cell_ = false;
  }
}

// What was given back in full needs no slot.
void SlidingWindow::drop_empty() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < size_; ++i)
    if (slot(i).cost > 0) slot(kept++) = slot(i);
  size_ = kept;
}

void SlidingWindow::merge_cells() {
  std::size_t last = 0;
  for (std::size_t i = 1; i < size_; ++i) {
    const Slot next = slot(i);
    if (cell_of(slot(last).newest) == cell_of(next.newest)) {
      slot(last).newest = next.newest;
      slot(last).cost += next.cost;
    } else {
      slot(++last) = next;
    }
  }
  size_ = last + 1;
}

void SlidingWindow::save(Words& words) const {
  put(words, std::uint64_t{by_cell_});
  guard_.save(words);
  for (std::size_t i = 0; i < size_; ++i) {
    if (slot(i).cost == 0) continue;
    put(words, slot(i).oldest);
    put(words, slot(i).newest);
    put(words, slot(i).cost);
  }
}

bool SlidingWindow::load(std::span<const std::uint64_t> words, Duration shift, Instant now) {
  const std::size_t count = words.size() / 3 - 1;
  if (words.empty() || words.size() % 3 != 0 || count > kSlots) return false;
  WordReader reader(words);
  by_cell_ = reader.number() != 0;
  guard_.load(reader, shift, now);
  first_ = size_ = 0;
  sum_ = 0;
  if (count == 0) return true;
  slots_ = std::make_unique<std::array<Slot, kSlots>>();
  BootTime latest = BootTime::min();
  for (; size_ < count; ++size_) {
    const BootTime oldest = moved(reader.boot_time(), shift, now);
    latest = std::max(latest, moved(reader.boot_time(), shift, now));  // in their order, whatever was written
    slot(size_) = {.oldest = std::min(oldest, latest), .newest = latest, .cost = reader.number()};
    sum_ = plus(sum_, slot(size_).cost);
  }
  return true;
}

void IntervalWindow::set_amount(std::uint64_t amount, Instant /*now*/) {
  const auto parts = static_cast<Duration::rep>(std::clamp<std::uint64_t>(amount, 1, 1'000'000'000));
  set_period(Duration((whole_.count() + parts - 1) / parts));
}

}  // namespace weir::quota
