#include "config/queue_reader.hpp"

#include <array>
#include <chrono>

#include "weir/base/units.hpp"

namespace weir::config {
namespace {

constexpr Duration kLongestWait = std::chrono::hours(24);
constexpr std::uint64_t kLongestQueue = 100'000;
constexpr std::string_view kSameAsDeadline = "deadline";

void read_longest_wait(Reading& reading, const Field& field, std::optional<Duration>& wait) {
  if (field.node->kind == Node::Kind::scalar && field.node->text == kSameAsDeadline) {
    wait.reset();
    return;
  }
  if (const auto given = read_duration(reading, field, Duration::zero(), kLongestWait)) wait = *given;
}

}  // namespace

void read_waiting(MapReader& routing, routing::RoutingConfig& config) {
  constexpr std::array kClasses{
      Choice<routing::Priority>{"interactive", routing::Priority::interactive},
      Choice<routing::Priority>{"normal", routing::Priority::normal},
      Choice<routing::Priority>{"batch", routing::Priority::batch},
  };
  routing.duration("tier_patience", config.tier_patience, Duration::zero(), kLongestWait);
  routing.word<routing::Priority>("default_class", config.default_class, kClasses);
  const auto field = routing.take("queue");
  if (!field) return;
  MapReader queue(routing.reading(), *field, "a map like {max_wait: 30s, max_length: 1000}");
  if (const auto wait = queue.take("max_wait"))
    read_longest_wait(routing.reading(), *wait, config.queue_wait);
  queue.count("max_length", config.queue_length, {.least = 0, .most = kLongestQueue});
  queue.finish();
}

}  // namespace weir::config
