#include "weir/net/timers.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace weir::net {
namespace {

constexpr unsigned kSlotBits = 27;  // a slot is 2^27 ns, an eighth of a second, wide

std::uint64_t slot_number(BootTime at) {
  return static_cast<std::uint64_t>(at.time_since_epoch().count()) >> kSlotBits;
}

}  // namespace

Deadline::Deadline(Timers& timers, std::function<void()> on_expiry)
    : timers_(timers), on_expiry_(std::move(on_expiry)) {}

void Deadline::arm(BootTime at) {
  at_ = at;
  expired_ = false;
  if (!is_linked() || at < placed_for_) timers_.place(*this);
  timers_.see_to(*this);
}

void Deadline::arm_after(Duration delay) {
  const BootTime now = timers_.now().boot;
  arm(delay > BootTime::max() - now ? BootTime::max() : now + delay);
}

void Deadline::disarm() noexcept {
  at_ = BootTime::max();
}

Timers::Timers(boost::asio::io_context& io, const Clock& clock, Duration resolution)
    : clock_(clock), resolution_(resolution), timer_(io), fired_until_(clock.now().boot) {}

void Timers::stop() {
  stopped_ = true;
  timer_.cancel();
}

Timers::List& Timers::slot_of(BootTime at) {
  return slots_[slot_number(at) % kSlots];
}

template <class Visit>
void Timers::for_slots(BootTime from, BootTime to, Visit visit) {
  const std::uint64_t first = slot_number(from);
  const std::uint64_t count = std::min<std::uint64_t>(slot_number(to) - first + 1, kSlots);
  for (std::uint64_t i = 0; i < count; ++i) visit(slots_[(first + i) % kSlots]);
}

void Timers::place(Deadline& deadline) {
  deadline.unlink();
  deadline.placed_for_ = deadline.at_;
  slot_of(std::max(deadline.at_, fired_until_)).push_back(deadline);
}

void Timers::see_to(const Deadline& armed) {
  if (armed.at_ < next_tick_) schedule();
}

bool Timers::any_placed() const noexcept {
  return std::ranges::any_of(slots_, [](const List& slot) { return !slot.empty(); });
}

// Of those that are due before the next look.
BootTime Timers::earliest(BootTime now) {
  BootTime first = now + resolution_;
  for_slots(fired_until_, first, [&first](const List& slot) {
    for (const Deadline& deadline : slot) first = std::min(first, deadline.at_);
  });
  return first;
}

void Timers::schedule() {
  if (stopped_ || !any_placed()) return;
  const BootTime now = clock_.now().boot;
  const Duration to_next = std::clamp<Duration>(earliest(now) - now, Duration::zero(), resolution_);
  next_tick_ = now + to_next;
  timer_.expires_after(to_next);  // cancels the pending wait, if there is one
  timer_.async_wait([this](const boost::system::error_code& ec) {
    if (!ec) tick();
  });
}

void Timers::tick() {
  next_tick_ = BootTime::max();
  try {
    fire_due();
  } catch (...) {
    schedule();  // one callback's bug must not silence the other deadlines
    throw;
  }
  if (next_tick_ == BootTime::max()) schedule();
}

// The earlier first. One that fires may end, move or arm others.
void Timers::fire_due() {
  const BootTime now = clock_.now().boot;
  List due;
  List later;
  for_slots(fired_until_, now, [&](List& slot) {
    while (!slot.empty()) {
      Deadline& deadline = slot.front();
      deadline.unlink();
      if (deadline.at_ <= now)
        due.push_back(deadline);
      else if (deadline.at_ != BootTime::max())
        later.push_back(deadline);
    }
  });
  while (!later.empty()) place(later.front());
  fired_until_ = std::max(fired_until_, now);
  due.sort([](const Deadline& a, const Deadline& b) { return a.at_ < b.at_; });
  try {
    while (!due.empty()) {
      Deadline& first = due.front();
      first.unlink();
      if (first.at_ > now) {  // disarmed or moved by one before it
        if (first.at_ == BootTime::max()) continue;
        place(first);
        see_to(first);
        continue;
      }
      first.expired_ = true;
      first.on_expiry_();
    }
  } catch (...) {
    slot_of(fired_until_).splice(slot_of(fired_until_).end(), due);
    throw;
  }
}

}  // namespace weir::net
