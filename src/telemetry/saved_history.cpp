// How the series outlive the process: as a line of numbers parted by spaces.

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include "weir/telemetry/history.hpp"

namespace weir::telemetry {
namespace {

constexpr std::string_view kLayout = "1";
constexpr std::string_view kEmpty = "_";  // most steps of a quiet day
constexpr double kLargest = 1e15;

using std::chrono::seconds;

std::int64_t epoch_seconds(WallTime at) {
  return std::chrono::round<seconds>(at.time_since_epoch()).count();
}

class Writer {
 public:
  void word(std::string_view word) { out_.append(out_.empty() ? "" : " ").append(word); }
  void number(double value) {
    std::array<char, 32> text{};
    constexpr int kDigits = 15;
    const auto end = std::to_chars(text.begin(), text.end(), value, std::chars_format::general, kDigits).ptr;
    word({text.begin(), end});
  }
  void number(std::uint64_t value) { number(static_cast<double>(value)); }
  void point(const Point& point) {
    if (point == Point{}) return word(kEmpty);
    for (const std::uint64_t count :
         {point.requests, point.errors, point.prompt_tokens, point.completion_tokens})
      number(count);
    for (const double ms : {point.ttfb_p50_ms, point.ttfb_p95_ms, point.plain_p50_ms, point.plain_p95_ms})
      number(ms);
  }
  template <class Points>
  void points(const Points& points) {
    number(std::uint64_t{points.size()});
    for (const Point& each : points) point(each);
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// Each read fails for good where something else stands there.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool at_end() const { return good_ && rest_.empty(); }
  bool take_word(std::string_view word) {
    const std::string_view next = peek();
    if (next != word) return false;
    rest_.remove_prefix(std::min(next.size() + 1, rest_.size()));
    return true;
  }
  double number(double least = 0) {
    const std::string_view text = peek();
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    good_ = good_ && error == std::errc() && end == text.data() + text.size() && value >= least &&
            value < kLargest;
    rest_.remove_prefix(std::min(text.size() + 1, rest_.size()));
    return good_ ? value : 0;
  }
  std::uint64_t count(std::uint64_t most = 1ULL << 50U) {
    const double value = number();
    good_ = good_ && value == std::floor(value) && value <= static_cast<double>(most);
    return good_ ? static_cast<std::uint64_t>(value) : 0;
  }
  Point point() {
    if (take_word(kEmpty)) return {};
    Point point;
    for (std::uint64_t* const value :
         {&point.requests, &point.errors, &point.prompt_tokens, &point.completion_tokens})
      *value = count();
    for (double* const ms :
         {&point.ttfb_p50_ms, &point.ttfb_p95_ms, &point.plain_p50_ms, &point.plain_p95_ms})
      *ms = number(-1);
    return point;
  }
  std::deque<Point> points(std::size_t most) {
    std::deque<Point> all;
    for (std::uint64_t left = count(most); left > 0 && good_; --left) all.push_back(point());
    return all;
  }

 private:
  [[nodiscard]] std::string_view peek() const { return rest_.substr(0, rest_.find(' ')); }

  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

struct History::Saved {
  WallTime end{};  // of the last whole step
  std::uint64_t phase = 0;
  std::deque<Point> fine;
  std::deque<Point> coarse;
  Point open;        // the step under way
  Sums coarse_sums;  // of the coarse step under way
};

std::string History::save() const {
  const std::lock_guard lock(mutex_);
  const Sums sums = read(telemetry_);
  Writer out;
  out.word(kLayout);
  out.number(static_cast<double>(epoch_seconds(ended_at_)));
  out.number(steps_ % kFineInCoarse);
  out.points(fine_);
  out.points(coarse_);
  out.point(point_between(at_step_, sums));
  Point counts = point_between(at_coarse_step_, sums);
  for (const std::uint64_t count :
       {counts.requests, counts.errors, counts.prompt_tokens, counts.completion_tokens})
    out.number(count);
  const auto bucket = [&out](std::size_t place, std::uint64_t count) {
    if (count == 0) return;
    out.number(std::uint64_t{place});
    out.number(count);
  };
  for (std::size_t i = 0; i < kFineBuckets; ++i) {
    bucket(i, sums.first_byte[i] - at_coarse_step_.first_byte[i]);
    bucket(kFineBuckets + i, sums.plain[i] - at_coarse_step_.plain[i]);
  }
  return out.take();
}

std::optional<History::Saved> History::parse(std::string_view text) {
  Reader in(text);
  if (!in.take_word(kLayout)) return std::nullopt;
  Saved saved;
  saved.end = WallTime(seconds(static_cast<std::int64_t>(in.count())));
  saved.phase = in.count(kFineInCoarse - 1);
  saved.fine = in.points(kFinePoints);
  saved.coarse = in.points(kCoarsePoints);
  saved.open = in.point();
  Point& counts = saved.coarse_sums.counts;
  for (std::uint64_t* const value :
       {&counts.requests, &counts.errors, &counts.prompt_tokens, &counts.completion_tokens})
    *value = in.count();
  while (in.good() && !in.at_end()) {
    const std::uint64_t place = in.count(2 * kFineBuckets - 1);
    Sums& sums = saved.coarse_sums;
    (place < kFineBuckets ? sums.first_byte : sums.plain)[place % kFineBuckets] = in.count();
  }
  return in.good() ? std::optional(std::move(saved)) : std::nullopt;
}

bool History::restore(std::string_view text) {
  auto saved = parse(text);
  if (!saved) return false;
  const std::lock_guard lock(mutex_);
  constexpr Duration kKept = static_cast<std::int64_t>(kCoarsePoints * kFineInCoarse) * kStep;
  const WallTime here = ended_at_;
  if (saved->end > here + kStep || here - saved->end >= kKept) return false;
  auto missed =
      static_cast<std::int64_t>(std::lround(std::chrono::duration<double>(here - saved->end) / kStep));
  // What was under way is a step of its own, however soon the next run began.
  if (saved->open != Point{}) missed = std::max<std::int64_t>(missed, 1);
  fine_ = std::move(saved->fine);
  coarse_ = std::move(saved->coarse);
  steps_ = saved->phase;
  coarse_ended_at_ = saved->end - static_cast<std::int64_t>(saved->phase) * kStep;
  // What was counted before counts as if it had been here: the difference of two sums is the same.
  const Sums& before = saved->coarse_sums;
  at_coarse_step_.counts.requests -= before.counts.requests;
  at_coarse_step_.counts.errors -= before.counts.errors;
  at_coarse_step_.counts.prompt_tokens -= before.counts.prompt_tokens;
  at_coarse_step_.counts.completion_tokens -= before.counts.completion_tokens;
  for (std::size_t i = 0; i < kFineBuckets; ++i) {
    at_coarse_step_.first_byte[i] -= before.first_byte[i];
    at_coarse_step_.plain[i] -= before.plain[i];
  }
  for (std::int64_t i = 0; i < missed; ++i) {
    ended_at_ = saved->end + (i + 1) * kStep;
    close_step(i == 0 ? saved->open : Point{}, at_step_);
  }
  ended_at_ = here;
  return true;
}

std::uint64_t History::ended_requests() const {
  return read(telemetry_).counts.requests;
}

}  // namespace weir::telemetry
