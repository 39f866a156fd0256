#include "gateway/turn.hpp"

#include <utility>

#include "weir/net/event.hpp"
#include "weir/net/timers.hpp"

namespace weir::gateway {

using routing::AdmissionQueue;
using routing::Choice;
using routing::NoRoom;

struct Turn::Bell {
  explicit Bell(net::Loop& loop) : rung(loop.io()) {}
  net::Event rung;
};

Turn::Turn(AdmissionQueue& queue, net::Loop& loop, RandomSource& random)
    : queue_(queue), loop_(loop), random_(random) {}

Turn::Outcome Turn::begin(AdmissionQueue::Want want) {
  const Instant now = loop_.now();
  if (auto choice = queue_.take(want, now, random_)) return *std::move(choice);
  bell_ = std::make_shared<Bell>(loop_);
  net::Loop* const loop = &loop_;
  return queue_.join(
      std::move(want), [loop, bell = bell_] { loop->post([bell] { bell->rung.set(); }); }, now);
}

void Turn::give_back(Outcome& outcome) {
  if (auto* const choice = std::get_if<Choice>(&outcome)) choice->reservation.refund(loop_.now());
  outcome = NoRoom{};
}

net::Awaitable<std::variant<Choice, NoRoom>> Turn::wait(AdmissionQueue::Place& place, BootTime deadline,
                                                        net::Cancellation& cancellation) {
  const std::shared_ptr<Bell> bell = bell_;
  net::Deadline ends(loop_.timers(), [bell] { bell->rung.set(); });
  ends.arm(deadline);
  {
    const net::Cancellation::Registration leaving(cancellation, [bell] { bell->rung.set(); });
    co_await bell->rung.wait();
  }
  co_return place.leave(loop_.now());
}

}  // namespace weir::gateway
