#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/routing/route.hpp"

// What came of a simulated run.
namespace weir::sim {

// What happened at one provider, or at all, while it was measured.
struct Counts {
  std::uint64_t sent = 0;
  std::uint64_t refused = 0;   // for quota
  std::uint64_t accepted = 0;  // charged by the provider
  std::uint64_t accepted_tokens = 0;
  std::uint64_t grantable = 0;  // what an oracle was granted
  std::uint64_t grantable_tokens = 0;

  Counts& operator+=(const Counts& other);
  [[nodiscard]] double refused_per_thousand() const;
};

struct Report {
  std::string model;  // what was asked for
  // Of the whole run: every arrival ends in one of the three ways.
  std::uint64_t arrivals = 0;
  std::uint64_t served = 0;
  std::uint64_t turned_away = 0;
  std::uint64_t lost = 0;
  std::vector<Duration> waits;  // for room, of those that were sent in the end; sorted
  std::array<std::vector<Duration>, routing::kPriorities> waits_of;  // the same by class
  std::vector<std::uint64_t> sent_by_hour;                           // of the run

  struct Row {
    std::string provider;
    Counts counts;
    bool limits_requests = false;  // or how many are in flight
    bool limits_tokens = false;

    // What was used of what could have been granted for this demand, in the measure that is limited; where
    // both are, in the one of which more was used.
    [[nodiscard]] double share() const;
  };
  std::vector<Row> rows;
  double demand = 0;    // requests a second
  double capacity = 0;  // requests a second; infinite: nobody knows
  Duration time{};
  std::uint64_t events = 0;

  [[nodiscard]] Counts all() const;
  // Of all providers, each by what it could have granted.
  [[nodiscard]] double share() const;
  [[nodiscard]] Duration wait_at(double quantile) const;
  [[nodiscard]] Duration wait_at(double quantile, routing::Priority priority) const;

  friend bool operator==(const Report&, const Report&);
};

// Tables for people.
[[nodiscard]] std::string format(const Report& report);

}  // namespace weir::sim
