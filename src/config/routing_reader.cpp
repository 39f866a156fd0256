#include "config/routing_reader.hpp"

#include <array>
#include <chrono>

#include "config/day_reader.hpp"
#include "weir/base/units.hpp"

namespace weir::config {
namespace {

constexpr Duration kShortest = std::chrono::milliseconds(1);
constexpr Duration kLongest = std::chrono::hours(24);
constexpr Duration kLongestOpen = std::chrono::minutes(10);  // where its doubling ends
constexpr Range kAttempts{.least = 1, .most = 5};
constexpr Range kFailures{.least = 0, .most = 1000};
constexpr Range kOutput{.least = 1, .most = 1'000'000'000};
constexpr std::uint64_t kLongestQueue = 100'000;
constexpr std::string_view kSameAsDeadline = "deadline";

void read_longest_wait(Reading& reading, const Field& field, std::optional<Duration>& wait) {
  if (is_word(reading, field, kSameAsDeadline)) {
    wait.reset();
    return;
  }
  if (const auto given = read_duration(reading, field, Duration::zero(), kLongest)) wait = *given;
}

void read_waiting(MapReader& routing, routing::RoutingConfig& config) {
  constexpr std::array kClasses{
      Choice<routing::Priority>{"interactive", routing::Priority::interactive},
      Choice<routing::Priority>{"normal", routing::Priority::normal},
      Choice<routing::Priority>{"batch", routing::Priority::batch},
  };
  routing.duration("tier_patience", config.tier_patience, Duration::zero(), kLongest);
  routing.word<routing::Priority>("default_class", config.default_class, kClasses);
  const auto field = routing.take("queue");
  if (!field) return;
  MapReader queue(routing.reading(), *field, "a map like {max_wait: 30s, max_length: 1000}");
  if (const auto wait = queue.take("max_wait"))
    read_longest_wait(routing.reading(), *wait, config.queue_wait);
  queue.count("max_length", config.queue_length, {.least = 0, .most = kLongestQueue});
  queue.finish();
}

void read_sticky(Reading& reading, const Field& field, routing::RoutingConfig& config) {
  constexpr std::array kWords{Choice<routing::Sticky>{"conversation", routing::Sticky::conversation},
                              Choice<routing::Sticky>{"off", routing::Sticky::off}};
  MapReader sticky(reading, field, "a map like {by: conversation, ttl: 10m}");
  sticky.word<routing::Sticky>("by", config.sticky, kWords);
  sticky.duration("ttl", config.sticky_ttl, kShortest, kLongest);
  sticky.finish();
}

void read_breaker(Reading& reading, const Field& field, quota::BreakerRule& rule) {
  MapReader breaker(reading, field);
  breaker.count("failures", rule.failures, kFailures);
  breaker.duration("open_for", rule.open_for, kShortest, kLongestOpen);
  breaker.finish();
}

}  // namespace

void read_routing(MapReader& routing, routing::RoutingConfig& config) {
  Reading& reading = routing.reading();
  routing.count("max_attempts", config.max_attempts, kAttempts);
  routing.duration("deadline", config.deadline, kShortest, kLongest);
  routing.flag("allow_paid", config.allow_paid);
  read_waiting(routing, config);
  routing.flag("no_training", config.no_training);
  routing.flag("fit_max_tokens", config.fit_max_tokens);
  routing.count("min_output", config.min_output, kOutput);
  if (const auto sticky = routing.take("sticky")) read_sticky(reading, *sticky, config);
  if (const auto breaker = routing.take("breaker")) read_breaker(reading, *breaker, config.breaker);
  read_day(routing, config);
}

}  // namespace weir::config
