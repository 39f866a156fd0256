#include "weir/net/timers.hpp"

#include <algorithm>
#include <utility>

namespace weir::net {

Deadline::Deadline(Timers& timers, std::function<void()> on_expiry)
    : timers_(timers), on_expiry_(std::move(on_expiry)) {}

void Deadline::arm(BootTime at) {
  unlink();
  at_ = at;
  expired_ = false;
  timers_.add(*this);
}

void Deadline::arm_after(Duration delay) {
  const BootTime now = timers_.now().boot;
  arm(delay > BootTime::max() - now ? BootTime::max() : now + delay);
}

void Deadline::disarm() noexcept {
  unlink();
}

Timers::Timers(boost::asio::io_context& io, const Clock& clock, Duration resolution)
    : clock_(clock), resolution_(resolution), timer_(io) {}

void Timers::stop() {
  stopped_ = true;
  timer_.cancel();
}

void Timers::add(Deadline& deadline) {
  armed_.insert(deadline);
  if (deadline.at_ < next_tick_) schedule();
}

void Timers::schedule() {
  if (stopped_ || armed_.empty()) return;
  const BootTime now = clock_.now().boot;
  const Duration to_next = std::clamp<Duration>(armed_.begin()->at_ - now, Duration::zero(), resolution_);
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

void Timers::fire_due() {
  const BootTime now = clock_.now().boot;
  while (!armed_.empty() && armed_.begin()->at_ <= now) {
    Deadline& due = *armed_.begin();
    due.unlink();
    due.expired_ = true;
    due.on_expiry_();
  }
}

}  // namespace weir::net
