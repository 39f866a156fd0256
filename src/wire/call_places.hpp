#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace weir::wire {

// Which tool call of a stream a delta belongs to, and under which index. SDKs put calls together by index
// alone: two calls under one become one with broken arguments.
class CallPlaces {
 public:
  static constexpr std::size_t kMostCalls = 256;

  // A tool call's delta as the provider sent it.
  struct Delta {
    std::uint64_t choice = 0;            // its choice's index
    std::optional<std::uint64_t> index;  // its own
    std::uint64_t position = 0;          // in its array
    bool is_alone = false;               // in its array
    std::optional<std::size_t> id;       // a digest of its id, where that isn't empty
    bool has_name = false;               // of a function
  };
  struct Place {
    std::uint64_t index = 0;
    bool begins = false;  // the first delta of its call
  };
  // Nothing where that can't be told: a piece of a call that hasn't begun, or one call too many.
  [[nodiscard]] std::optional<Place> place(const Delta& delta);

  [[nodiscard]] bool empty() const { return calls_.empty(); }
  // A call has another index than its provider gave it: its further deltas must be moved too.
  [[nodiscard]] bool has_moved() const { return has_moved_; }

 private:
  struct Call {
    std::uint64_t choice = 0;
    std::uint64_t theirs = 0;  // the provider's index, or else ours
    std::uint64_t ours = 0;
    std::optional<std::size_t> id;
  };
  [[nodiscard]] const Call* begun(const Delta& delta) const;
  [[nodiscard]] bool is_taken(std::uint64_t choice, std::uint64_t index) const;
  [[nodiscard]] std::uint64_t next_index(std::uint64_t choice) const;

  std::vector<Call> calls_;
  bool has_moved_ = false;
};

}  // namespace weir::wire
