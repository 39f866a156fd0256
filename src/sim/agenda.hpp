#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "weir/base/clock.hpp"

namespace weir::sim {

// Virtual time: what is to happen, in its order, and of equal moments in the order of asking.
class Agenda {
 public:
  explicit Agenda(Instant start) : now_(start) {}

  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] std::uint64_t events() const { return done_; }

  void at(BootTime time, std::function<void()> action) {
    events_.push_back({std::max(time, now_.boot), ++asked_, std::move(action)});
    std::ranges::push_heap(events_, later);
  }
  void in(Duration time, std::function<void()> action) { at(now_.boot + time, std::move(action)); }

  // Until nothing is left to do.
  void run() {
    while (!events_.empty()) {
      std::ranges::pop_heap(events_, later);
      const Event next = std::move(events_.back());
      events_.pop_back();
      now_ = {.boot = next.time, .wall = now_.wall_at(next.time)};
      ++done_;
      next.action();
    }
  }

 private:
  struct Event {
    BootTime time;
    std::uint64_t number;
    std::function<void()> action;
  };
  [[nodiscard]] static bool later(const Event& a, const Event& b) {
    return a.time != b.time ? a.time > b.time : a.number > b.number;
  }

  Instant now_;
  std::vector<Event> events_;  // a heap, the next one first
  std::uint64_t asked_ = 0;
  std::uint64_t done_ = 0;
};

}  // namespace weir::sim
