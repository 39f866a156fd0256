#include "quota/fixed_window.hpp"

#include "quota/words.hpp"
#include "weir/base/arithmetic.hpp"

namespace weir::quota {
namespace {

Duration offset_of(Instant now) {
  return now.wall.time_since_epoch() - now.boot.time_since_epoch();
}

Duration magnitude(Duration duration) {
  return duration < Duration::zero() ? -duration : duration;
}

}  // namespace

std::uint64_t FixedWindow::counted(Instant now) const {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < size_; ++i)
    if (until(cells_[i], now) > now.boot) sum += cells_[i].cost;
  return sum;
}

std::uint64_t FixedWindow::counted_with_care(Instant now) const {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < size_; ++i)
    if (until(cells_[i], now) + skew() > now.boot) sum += cells_[i].cost;
  return sum;
}

BootTime FixedWindow::falls_to(std::uint64_t allowed, Instant now) const {
  std::uint64_t left = counted(now);
  BootTime at = now.boot;
  while (left > allowed) {
    // The cells needn't end in their order once the clock has been set.
    BootTime next = BootTime::max();
    for (std::size_t i = 0; i < size_; ++i) {
      const BootTime end = until(cells_[i], now);
      if (end > at) next = std::min(next, end);
    }
    if (next == BootTime::max()) return at;
    at = next;
    left = 0;
    for (std::size_t i = 0; i < size_; ++i)
      if (until(cells_[i], now) > at) left += cells_[i].cost;
  }
  return at;
}

std::optional<BootTime> FixedWindow::next_return(Instant now) const {
  std::optional<BootTime> first;
  for (std::size_t i = 0; i < size_; ++i) {
    const BootTime end = until(cells_[i], now);
    if (cells_[i].cost > 0 && end > now.boot) first = std::min(first.value_or(end), end);
  }
  return first;
}

BootTime FixedWindow::add(std::uint64_t cost, Instant now) {
  guard_.relax(now);
  drop_dead(now);
  if (cost == 0) return now.boot;
  const WallTime end = end_for(now.wall);
  Cell& cell = size_ > 0 && cells_[size_ - 1].end == end ? cells_[size_ - 1] : open_cell(end, now);
  cell.until = std::max(cell.until, now.boot_at(end));
  cell.newest = std::max(cell.newest, now.boot);
  cell.offset = offset_of(now);
  cell.cost += cost;
  return cell.newest;
}

void FixedWindow::settle(BootTime stamp, std::uint64_t charged, std::uint64_t used, Instant now) {
  Cell* const found = find(stamp);
  if (used < charged) {
    if (found != nullptr) found->cost = less(found->cost, charged - used);
  } else if (found != nullptr) {
    found->cost += used - charged;
  } else if (same_window(stamp, now)) {
    add(used - charged, now);
  }
}

void FixedWindow::take_oldest(std::uint64_t cost, Instant now) {
  for (std::size_t i = 0; i < size_ && cost > 0; ++i) {
    if (until(cells_[i], now) <= now.boot) continue;
    const std::uint64_t taken = std::min(cells_[i].cost, cost);
    cells_[i].cost -= taken;
    cost -= taken;
  }
}

bool FixedWindow::same_window(BootTime stamp, Instant now) const {
  return end_for(now.wall_at(stamp)) == end_for(now.wall);
}

std::optional<Stretch> FixedWindow::current(Instant now) const {
  const CivilWindow window = edges_.around(now.wall);
  return Stretch{.begin = now.boot_at(window.start), .end = now.boot_at(window.end)};
}

// The end of the last window that may take what is sent then, by a clock that is the skew behind ours.
WallTime FixedWindow::end_for(WallTime sent) const {
  return edges_.around(sent + skew()).end + skew();
}

BootTime FixedWindow::until(const Cell& cell, Instant now) const {
  // A smaller step is what the skew is there for, and the two clocks are never read at quite the same moment.
  if (magnitude(offset_of(now) - cell.offset) <= skew()) return cell.until;
  return std::max(cell.until, now.boot_at(end_for(now.wall_at(cell.newest))));
}

FixedWindow::Cell* FixedWindow::find(BootTime stamp) {
  for (std::size_t i = size_; i > 0; --i)
    if (cells_[i - 1].oldest <= stamp && stamp <= cells_[i - 1].newest) return &cells_[i - 1];
  return nullptr;
}

FixedWindow::Cell& FixedWindow::open_cell(WallTime end, Instant now) {
  if (size_ == kCells) {
    // Only a clock that is set again and again comes here. The two oldest end together, at the later end.
    cells_[1].until = std::max(cells_[0].until, cells_[1].until);
    cells_[1].oldest = cells_[0].oldest;
    cells_[1].cost += cells_[0].cost;
    std::ranges::move(cells_.begin() + 1, cells_.end(), cells_.begin());
    --size_;
  }
  Cell& cell = cells_[size_++];
  cell = {
      .end = end, .until = now.boot_at(end), .oldest = now.boot, .newest = now.boot, .offset = {}, .cost = 0};
  return cell;
}

// By no clock does a window last longer than the longest and the skew on both sides after its newest cost;
// what has just come back is remembered.
void FixedWindow::drop_dead(Instant now) {
  const auto dead = [this, now](const Cell& cell) {
    return cell.until + skew() <= now.boot && cell.newest + edges_.longest() + 2 * skew() <= now.boot;
  };
  std::size_t gone = 0;
  while (gone < size_ && dead(cells_[gone])) ++gone;
  if (gone == 0) return;
  std::ranges::move(cells_.begin() + static_cast<std::ptrdiff_t>(gone),
                    cells_.begin() + static_cast<std::ptrdiff_t>(size_), cells_.begin());
  size_ -= gone;
}

void FixedWindow::save(Words& words) const {
  guard_.save(words);
  for (std::size_t i = 0; i < size_; ++i) {
    put(words, cells_[i].end);
    put(words, cells_[i].until);
    put(words, cells_[i].oldest);
    put(words, cells_[i].newest);
    put(words, cells_[i].offset);
    put(words, cells_[i].cost);
  }
}

bool FixedWindow::load(std::span<const std::uint64_t> words, Duration shift, Instant now) {
  constexpr std::size_t kWords = 6;
  if (words.size() % kWords != 2 || words.size() / kWords > kCells) return false;
  WordReader reader(words);
  guard_.load(reader, shift, now);
  for (size_ = 0; size_ < words.size() / kWords; ++size_) {
    Cell& cell = cells_[size_];
    cell.end = reader.wall_time();
    cell.until = std::min(reader.boot_time() + shift, now.boot + edges_.longest() + 2 * skew());
    cell.oldest = moved(reader.boot_time(), shift, now);
    cell.newest = moved(reader.boot_time(), shift, now);
    cell.offset = reader.duration() - shift;
    cell.cost = reader.number();
  }
  return true;
}

}  // namespace weir::quota
