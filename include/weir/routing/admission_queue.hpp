#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/base/random.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/routing/planner.hpp"

namespace weir::routing {

// Where requests wait for room: one queue for all routes. A request takes what it may only if that moves the
// earliest moment of nobody before it; of twenty grants each class that waits gets at least one. Whatever
// frees room is heard of by the ledger, and what time brings by an alarm: nothing polls.
//
// Threads: any; one lock, which is never held over anything that waits. `wake` and `set_alarm` are called
// under it, and must do no more than post to another thread or note something.
class AdmissionQueue final : public quota::RoomListener {
 public:
  // When ring() is to be called next; a later call replaces an earlier one.
  using SetAlarm = std::function<void(BootTime)>;
  AdmissionQueue(std::unique_ptr<RandomSource> random, SetAlarm set_alarm);

  // How many may wait at once.
  void set_max_length(std::size_t length) noexcept { max_length_ = length; }

  struct Want {
    const Route* route = nullptr;  // outlives the wait, as do its targets
    Ask ask;
    Priority priority = Priority::normal;
    std::vector<const Target*> excluded;  // had their turn
    BootTime arrived{};                   // the request's arrival: its place in its class
    BootTime deadline{};                  // of the wait; what comes later is refused at once
  };
  class Place;
  // What there is room for where nobody waits: the way of almost every request, without the queue's lock.
  [[nodiscard]] std::optional<Choice> take(const Want& want, Instant now, RandomSource& random);
  struct Full {};  // as many wait as may
  // Takes room now, or a place in the queue, or neither: then nothing will fit before the deadline, even if
  // all that is under way ended now, and the skips say when it would, by what is known of those who wait
  // before. The decision and the place are one step. `wake` is called once, when the place's outcome is
  // there.
  [[nodiscard]] std::variant<Choice, NoRoom, Full, std::unique_ptr<Place>> join(Want want,
                                                                                std::function<void()> wake,
                                                                                Instant now);
  // The alarm's time has come.
  void ring(Instant now);
  void room_changed(const quota::Account* account, Instant now) override;

  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }

  // A place in the queue. Its end leaves the queue; what was granted and not taken goes back.
  class Place {
   public:
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    // Nothing while it still waits. A choice is handed out once; NoRoom where it can't be before the deadline
    // any more.
    [[nodiscard]] std::optional<std::variant<Choice, NoRoom>> outcome();
    // Gives the place up: what may have been granted meanwhile, or is there now, is the outcome all the same;
    // else what is in the way, and until when.
    [[nodiscard]] std::variant<Choice, NoRoom> leave(Instant now);

    struct Waiter;
    // Made by join().
    Place(AdmissionQueue& queue, std::unique_ptr<Waiter> waiter);

   private:
    [[nodiscard]] std::variant<Choice, NoRoom> what_came();

    AdmissionQueue& queue_;
    const std::unique_ptr<Waiter> waiter_;
  };

 private:
  using Waiter = Place::Waiter;
  class Pass;
  // How much is to go before a newcomer at one target's windows, by class: what those who wait expect to take
  // there.
  struct Backlog {
    quota::Pool pool;
    std::array<quota::Cost, kPriorities> ahead;
  };

  void insert(Waiter& waiter);
  void remove(Waiter& waiter);
  void let_go(Waiter& waiter, Instant now);
  // Looks at those for whom something may have changed, in order, and lets go who may. Who they are: all
  // whose moment has come, and those who could use the account.
  void look(const quota::Account* changed, Instant now);
  struct Expected {
    BootTime at;                 // by what is charged now
    BootTime hoped;              // if what is under way ends at once: before this no wait helps
    bool waits_for_key = false;  // and not for the target: nobody is behind it there
  };
  [[nodiscard]] Expected expected_at(const Waiter& waiter, const Target& target, Instant now) const;
  [[nodiscard]] bool expects_room(Waiter& waiter, Instant now);
  [[nodiscard]] NoRoom in_the_way_of(const Waiter& waiter, Instant now) const;
  [[nodiscard]] quota::Cost ahead_of(Priority priority, const quota::Pool& pool) const;
  [[nodiscard]] Backlog& backlog_of(const quota::Pool& pool);
  void grant(Waiter& waiter, Choice choice);
  void refuse(Waiter& waiter, NoRoom none);
  void set_alarm(Instant now);
  [[nodiscard]] std::size_t favoured() const;
  [[nodiscard]] bool wants_a_turn(std::size_t index) const;

  const std::unique_ptr<RandomSource> random_;
  const SetAlarm set_alarm_;
  std::atomic<std::size_t> max_length_ = 1000;
  std::atomic<std::size_t> waiting_ = 0;

  std::mutex mutex_;  // guards all below
  std::array<std::list<Waiter*>, kPriorities> lines_;
  std::array<std::uint32_t, kPriorities> passed_over_{};  // grants to others since one's own, while one waits
  std::vector<Backlog> backlogs_;
  BootTime alarm_ = BootTime::max();
  Instant latest_{};  // of the last look
};

}  // namespace weir::routing
