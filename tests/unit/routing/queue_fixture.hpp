#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_clock.hpp"
#include "support/fake_random.hpp"
#include "support/providers.hpp"
#include "weir/routing/admission_queue.hpp"

namespace weir::routing::test {

using namespace std::chrono_literals;
using weir::test::FakeClock;
using weir::test::FakeRandom;
using weir::test::make_model;
using weir::test::make_provider;

inline quota::Limit fixed_requests(std::uint64_t amount) {
  return {.dimension = quota::Dimension::requests,
          .amount = amount,
          .period = quota::kMinutePeriod,
          .window = quota::WindowKind::fixed};
}

inline quota::Limit fixed_tokens(std::uint64_t amount) {
  return {.dimension = quota::Dimension::tokens,
          .amount = amount,
          .period = quota::kMinutePeriod,
          .window = quota::WindowKind::fixed};
}

inline quota::Limit refilled_tokens(std::uint64_t amount) {
  return {.dimension = quota::Dimension::tokens,
          .amount = amount,
          .period = quota::kMinutePeriod,
          .window = quota::WindowKind::refill};
}

inline quota::Limit at_once(std::uint64_t amount) {
  return {.dimension = quota::Dimension::in_flight,
          .amount = amount,
          .period = quota::kMinutePeriod,
          .window = quota::WindowKind::concurrency};
}

// A route "rNAME" over the model "m" of one provider each, and "both" over all; a queue whose alarm and
// wake-ups the test plays. A `neighbour` is one more model of each provider, with the route "NEIGHBOUR/NAME".
class Queue {
 public:
  explicit Queue(std::map<std::string, std::vector<quota::Limit>> limits, std::uint32_t last_tier = 1,
                 const std::string& neighbour = "")
      : catalogue(parts(std::move(limits), last_tier, neighbour), ledger),
        queue(std::make_unique<FakeRandom>(std::vector<double>{0.0}), [this](BootTime at) { alarm = at; }) {
    ledger.listen(&queue);
  }
  ~Queue() { ledger.listen(nullptr); }

  struct Client {
    std::unique_ptr<AdmissionQueue::Place> place;
    std::optional<Choice> choice;
    std::optional<NoRoom> refused;
    bool full = false;
    bool woken = false;

    [[nodiscard]] bool waits() {
      if (place && woken) hear();
      return place != nullptr;
    }
    [[nodiscard]] bool served() {
      if (place && woken) hear();
      return choice.has_value();
    }
    void hear() {
      auto outcome = place->outcome();
      if (!outcome) return;
      if (auto* const given = std::get_if<Choice>(&*outcome))
        choice = std::move(*given);
      else
        refused = std::get<NoRoom>(std::move(*outcome));
      place.reset();
    }
    // The provider has it: the quota is spent for good.
    void send(Instant now) { choice->reservation.send(now); }
    void end(Instant now) { choice->reservation.settle(choice->fitted.cost, now); }
  };

  std::unique_ptr<Client> come(std::string_view route, Ask ask = {}, Priority priority = Priority::normal,
                               Duration patience = 120s, std::optional<BootTime> arrived = {}) {
    auto client = std::make_unique<Client>();
    const Instant now = clock.now();
    Client* const raw = client.get();
    auto outcome = queue.join(
        {.route = catalogue.find(route),
         .ask = ask,
         .priority = priority,
         .excluded = {},
         .arrived = arrived.value_or(now.boot),
         .deadline = now.boot + patience},
        [raw] { raw->woken = true; }, now);
    if (auto* const choice = std::get_if<Choice>(&outcome)) client->choice = std::move(*choice);
    if (auto* const none = std::get_if<NoRoom>(&outcome)) client->refused = std::move(*none);
    client->full = std::holds_alternative<AdmissionQueue::Full>(outcome);
    if (auto* const place = std::get_if<std::unique_ptr<AdmissionQueue::Place>>(&outcome))
      client->place = std::move(*place);
    return client;
  }
  // One that is served at once and whose quota stays spent.
  void spend(std::string_view route, Ask ask = {}) {
    auto client = come(route, ask);
    ASSERT_TRUE(client->served());
    client->send(clock.now());
    client->end(clock.now());
  }
  // Time passes up to the alarm, which rings, again and again until all of `by` has passed.
  void pass(Duration by) {
    const BootTime end = clock.now().boot + by;
    while (alarm <= end) {
      clock.advance(std::max(alarm - clock.now().boot, Duration::zero()));
      alarm = BootTime::max();
      queue.ring(clock.now());
    }
    clock.advance(end - clock.now().boot);
  }

  FakeClock clock;
  quota::Ledger ledger;
  Catalogue catalogue;
  BootTime alarm = BootTime::max();
  AdmissionQueue queue;

 private:
  static Catalogue::Parts parts(std::map<std::string, std::vector<quota::Limit>> limits,
                                std::uint32_t last_tier, const std::string& neighbour) {
    Catalogue::Parts parts;
    RouteSpec both{.name = "both", .strategy = Strategy::priority, .targets = {}};
    for (auto& [name, list] : limits) {
      parts.routes.push_back({.name = "r" + name, .targets = {{.provider = name, .model = "m"}}});
      both.targets.push_back({.provider = name,
                              .model = "m",
                              .weight = std::nullopt,
                              .tier = name == limits.rbegin()->first ? last_tier : 1});
      std::vector<providers::Model> models = {make_model("m")};
      if (!neighbour.empty()) {
        models.push_back(make_model(neighbour));
        parts.routes.push_back(
            {.name = neighbour + "/" + name, .targets = {{.provider = name, .model = neighbour}}});
      }
      parts.providers.push_back(make_provider(name, std::move(models), std::move(list)));
    }
    parts.routes.push_back(std::move(both));
    return parts;
  }
};

inline quota::Limit of_model(quota::Limit limit, const std::string& model) {
  limit.models = {model};
  return limit;
}

inline Ask tokens(std::uint64_t count) {
  return {.prompt_tokens = count, .output_tokens = 0, .max_tokens = {}};
}

}  // namespace weir::routing::test
