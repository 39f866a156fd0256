#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <vector>

#include "weir/routing/admission_queue.hpp"

// Who waits, and one look at the queue.
namespace weir::routing {

// How soon it is looked again where nothing says when.
inline constexpr Duration kSoon = std::chrono::milliseconds(1);

struct Planned {
  quota::Pool pool;
  quota::Cost cost;
};

struct AdmissionQueue::Place::Waiter {
  enum class State : std::uint8_t { waiting, granted, refused };

  Want want;
  std::function<void()> wake;  // nothing while it joins
  State state = State::waiting;
  std::optional<Choice> choice;
  NoRoom none;

  BootTime earliest = BootTime::min();  // when it has room, as far as was known at the last look
  BootTime look_at = BootTime::min();   // when time alone may have changed something
  bool gives_way = false;               // there is room, but taking it would move one before it
  bool is_held_back = false;            // there is room, but its class's pace or hours keep it waiting
  std::vector<Planned> planned;         // what it is expected to take

  [[nodiscard]] bool uses(const quota::Account* account) const {
    if (want.ask.client != nullptr && want.ask.client->account() == account) return true;
    return std::ranges::any_of(want.route->candidates, [account](const Candidate& candidate) {
      return candidate.target->pool.account() == account;
    });
  }
  [[nodiscard]] Ask ask_at(Instant now) const {
    Ask ask = want.ask;
    ask.patience = std::max(want.arrived + want.ask.patience - now.boot, Duration::zero());
    return ask;
  }
};

// One look at the queue, from its head on.
class AdmissionQueue::Pass {
 public:
  Pass(AdmissionQueue& queue, const quota::Account* changed, Instant now)
      : queue_(queue), changed_(changed), now_(now) {}

  void run();

 private:
  // An ask that no target of its route has room for.
  struct Hopeless {
    const Waiter* waiter;
    BootTime earliest;
    BootTime hoped;  // before this no wait helps; where nobody had to ask, the earliest
  };
  // So many that give way are compared with who comes behind them: more help little, as few ask for the
  // least.
  static constexpr std::size_t kYieldingMax = 32;
  // One that may have been moved, and its moment with what was taken.
  struct Suspect {
    Waiter* waiter;
    BootTime earliest;
  };

  [[nodiscard]] Waiter* next();
  [[nodiscard]] bool is_due(const Waiter& waiter) const;
  [[nodiscard]] const Hopeless* as_hopeless(const Waiter& waiter) const;
  [[nodiscard]] const Waiter* as_yielding(const Waiter& waiter) const;
  void serve(Waiter& waiter);
  [[nodiscard]] static bool has_tried_all(const Waiter& waiter, const Ask& ask);
  void give_way(Waiter& waiter, BootTime look_at);
  void find_no_room(Waiter& waiter, NoRoom none);
  [[nodiscard]] BootTime first_to_open(const NoRoom& none) const;
  [[nodiscard]] std::vector<Suspect> suspects(const Choice& choice, std::size_t most) const;
  [[nodiscard]] const Waiter* first_moved(const std::vector<Suspect>& suspects) const;

  AdmissionQueue& queue_;
  const quota::Account* const changed_;
  const Instant now_;
  std::array<std::list<Waiter*>::iterator, kPriorities> at_{};
  std::vector<Waiter*> before_;  // who was looked at and waits on
  std::vector<Hopeless> hopeless_;
  std::vector<const Waiter*> yielding_;  // each would move one before it at every target that has room
};

}  // namespace weir::routing
