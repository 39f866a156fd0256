#pragma once

#include <memory>
#include <variant>

#include "weir/net/awaitable.hpp"
#include "weir/net/cancellation.hpp"
#include "weir/net/loop.hpp"
#include "weir/routing/admission_queue.hpp"

namespace weir::gateway {

// How a request comes to room: taken at once, or waited for in the queue. Loop's thread only.
class Turn {
 public:
  using Outcome = std::variant<routing::Choice, routing::NoRoom, routing::AdmissionQueue::Full,
                               std::unique_ptr<routing::AdmissionQueue::Place>>;

  // All outlive the turn.
  Turn(routing::AdmissionQueue& queue, net::Loop& loop, RandomSource& random);

  // What there is, without waiting.
  [[nodiscard]] Outcome begin(routing::AdmissionQueue::Want want);
  // Leaves the queue, or what was taken.
  void give_back(Outcome& outcome);
  // Until the place's outcome is there, the deadline has come or the cancellation is requested; then what is
  // in the way.
  [[nodiscard]] net::Awaitable<std::variant<routing::Choice, routing::NoRoom>> wait(
      routing::AdmissionQueue::Place& place, BootTime deadline, net::Cancellation& cancellation);

 private:
  // Set from whatever thread gives the turn; outlives both ends of that.
  struct Bell;

  routing::AdmissionQueue& queue_;
  net::Loop& loop_;
  RandomSource& random_;
  std::shared_ptr<Bell> bell_;
};

}  // namespace weir::gateway
