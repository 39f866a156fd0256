#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/telemetry/telemetry.hpp"

namespace weir::telemetry {

// What happened in one step of time.
struct Point {
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;
  std::uint64_t prompt_tokens = 0;
  std::uint64_t completion_tokens = 0;
  double ttfb_p50_ms = -1;  // of streams; below 0: none was served
  double ttfb_p95_ms = -1;
  double plain_p50_ms = -1;  // of answers that come whole, when they had come
  double plain_p95_ms = -1;

  friend bool operator==(const Point&, const Point&) = default;
};

struct Series {
  Duration step{};
  WallTime end{};             // of the last point
  std::vector<Point> points;  // oldest first
};

// The last quarter of an hour in steps of 15 s, and the last day in steps of 10 min. Threads: any.
class History {
 public:
  static constexpr Duration kStep = std::chrono::seconds(15);
  static constexpr std::size_t kFinePoints = 60;
  static constexpr std::size_t kCoarsePoints = 144;
  static constexpr std::size_t kFineInCoarse = 40;

  // Counts from here on.
  History(const Telemetry& telemetry, Instant now);

  // To be called when a step is over; later is as good. What was counted since belongs to the first step that
  // has ended.
  void sample(Instant now);
  [[nodiscard]] BootTime next_at() const;

  [[nodiscard]] Series recent() const;
  [[nodiscard]] Series day() const;
  // Rises with each step that ends.
  [[nodiscard]] std::uint64_t steps() const;

  // What a restart needs, as text: the step under way too. Differs only where a request has ended since.
  [[nodiscard]] std::string save() const;
  [[nodiscard]] std::uint64_t ended_requests() const;
  // What an earlier run saved, before anything is counted here. The time between has empty steps; what is
  // older than a day, from a later time than now or not written by save() is left out: false.
  bool restore(std::string_view saved);

 private:
  struct Sums {
    Point counts;
    std::array<std::uint64_t, kFineBuckets> first_byte{};
    std::array<std::uint64_t, kFineBuckets> plain{};
  };

  [[nodiscard]] static Sums read(const Telemetry& telemetry);
  [[nodiscard]] static Point point_between(const Sums& before, const Sums& after);
  struct Saved;
  [[nodiscard]] static std::optional<Saved> parse(std::string_view text);
  void close_step(const Point& point, const Sums& sums);

  const Telemetry& telemetry_;
  mutable std::mutex mutex_;  // guards all below
  BootTime step_ended_at_;
  WallTime ended_at_;
  WallTime coarse_ended_at_{};
  std::uint64_t steps_ = 0;
  Sums at_step_;
  Sums at_coarse_step_;
  std::deque<Point> fine_;
  std::deque<Point> coarse_;
};

}  // namespace weir::telemetry
