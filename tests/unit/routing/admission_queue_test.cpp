#include "weir/routing/admission_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <thread>

#include "support/fake_clock.hpp"
#include "support/fake_random.hpp"
#include "support/providers.hpp"

namespace weir::routing {
namespace {

using test::FakeRandom;
using test::make_model;
using test::make_provider;
using namespace std::chrono_literals;

using Outcome = std::variant<Choice, NoRoom, AdmissionQueue::Full, std::unique_ptr<AdmissionQueue::Place>>;

quota::Limit fixed_requests(std::uint64_t amount) {
  return {.dimension = quota::Dimension::requests,
          .amount = amount,
          .period = quota::kMinutePeriod,
          .window = quota::WindowKind::fixed};
}

quota::Limit fixed_tokens(std::uint64_t amount) {
  return {.dimension = quota::Dimension::tokens,
          .amount = amount,
          .period = quota::kMinutePeriod,
          .window = quota::WindowKind::fixed};
}

quota::Limit at_once(std::uint64_t amount) {
  return {.dimension = quota::Dimension::in_flight,
          .amount = amount,
          .period = quota::kMinutePeriod,
          .window = quota::WindowKind::concurrency};
}

// A route "NAME" over one provider each, and "both" over all; a queue whose alarm and wake-ups the test
// plays.
class Queue {
 public:
  explicit Queue(std::map<std::string, std::vector<quota::Limit>> limits, std::uint32_t last_tier = 1)
      : catalogue(parts(std::move(limits), last_tier), ledger),
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
    void end(Instant now) { choice->reservation.settle(choice->cost, now); }
  };

  std::unique_ptr<Client> come(std::string_view route, Ask ask = {}, Priority priority = Priority::normal,
                               Duration patience = 120s) {
    auto client = std::make_unique<Client>();
    const Instant now = clock.now();
    Client* const raw = client.get();
    auto outcome = queue.join(
        {.route = catalogue.find(route),
         .ask = ask,
         .priority = priority,
         .excluded = {},
         .arrived = now.boot,
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

  test::FakeClock clock;
  quota::Ledger ledger;
  Catalogue catalogue;
  BootTime alarm = BootTime::max();
  AdmissionQueue queue;

 private:
  static Catalogue::Parts parts(std::map<std::string, std::vector<quota::Limit>> limits,
                                std::uint32_t last_tier) {
    Catalogue::Parts parts;
    RouteSpec both{.name = "both", .strategy = Strategy::priority, .targets = {}};
    for (auto& [name, list] : limits) {
      parts.routes.push_back({.name = "r" + name, .targets = {{.provider = name, .model = "m"}}});
      both.targets.push_back({.provider = name,
                              .model = "m",
                              .weight = std::nullopt,
                              .tier = name == limits.rbegin()->first ? last_tier : 1});
      parts.providers.push_back(make_provider(name, {make_model("m")}, std::move(list)));
    }
    parts.routes.push_back(std::move(both));
    return parts;
  }
};

Ask tokens(std::uint64_t count) {
  return {.prompt_tokens = count, .output_tokens = 0, .max_tokens = {}};
}

TEST(AdmissionQueue, WaitsForTheExactMoment) {
  Queue q({{"a", {fixed_requests(1)}}});
  q.pass(20s);
  q.spend("ra");
  const auto client = q.come("ra");
  ASSERT_TRUE(client->waits());
  const BootTime due = q.alarm;
  EXPECT_GE(due, q.clock.now().boot + 40s);  // the minute's end, and the care that is taken at its edge
  EXPECT_LE(due, q.clock.now().boot + 42s);
  q.pass(due - q.clock.now().boot - 1ns);
  EXPECT_FALSE(client->served());
  q.pass(1ns);
  EXPECT_TRUE(client->served());
  EXPECT_EQ(q.queue.waiting(), 0U);
}

TEST(AdmissionQueue, WhatIsFreedServesWhoWaitsAtOnce) {
  Queue q({{"a", {at_once(1)}}});
  const auto first = q.come("ra");
  const auto second = q.come("ra");
  const auto third = q.come("ra");
  ASSERT_TRUE(first->served());
  first->send(q.clock.now());
  EXPECT_TRUE(second->waits() && third->waits());
  first->end(q.clock.now());
  EXPECT_TRUE(second->served());
  EXPECT_FALSE(third->served());
  second->choice.reset();  // dropped before it was sent
  EXPECT_TRUE(third->served());
}

TEST(AdmissionQueue, ServesByClassAndThenByArrival) {
  Queue q({{"a", {at_once(1)}}});
  auto running = q.come("ra");
  std::vector<std::unique_ptr<Queue::Client>> clients;
  const std::vector<Priority> classes = {Priority::batch, Priority::normal, Priority::interactive,
                                         Priority::batch, Priority::normal, Priority::interactive};
  for (const Priority priority : classes) {
    q.pass(1ms);
    clients.push_back(q.come("ra", {}, priority));
  }
  std::vector<std::size_t> order;
  for (std::size_t turn = 0; turn < classes.size(); ++turn) {
    running->send(q.clock.now());
    running->end(q.clock.now());
    for (std::size_t i = 0; i < clients.size(); ++i) {
      if (clients[i] == nullptr || !clients[i]->served()) continue;
      order.push_back(i);
      running = std::move(clients[i]);
      break;
    }
  }
  EXPECT_EQ(order, (std::vector<std::size_t>{2, 5, 1, 4, 0, 3}));
}

TEST(AdmissionQueue, EachClassGetsOneGrantInTwenty) {
  Queue q({{"a", {at_once(1)}}});
  auto running = q.come("ra");
  const auto batch = q.come("ra", {}, Priority::batch, 1h);
  const auto normal = q.come("ra", {}, Priority::normal, 1h);
  int grants = 0;
  std::optional<int> batch_at;
  std::optional<int> normal_at;
  auto next = q.come("ra", {}, Priority::interactive, 1h);
  while (!batch_at || !normal_at) {
    ASSERT_LT(grants, 100);
    auto after = q.come("ra", {}, Priority::interactive, 1h);  // there is always another
    running->send(q.clock.now());
    running->end(q.clock.now());
    ++grants;
    if (!batch_at && batch->served()) {
      batch_at = grants;
      running->choice = std::move(batch->choice);
    } else if (!normal_at && normal->served()) {
      normal_at = grants;
      running->choice = std::move(normal->choice);
    } else {
      ASSERT_TRUE(next->served());
      running = std::move(next);
      next = std::move(after);
      continue;
    }
    after.reset();
  }
  EXPECT_LE(*batch_at, 21);
  EXPECT_LE(*normal_at, 21);
}

TEST(AdmissionQueue, NobodyPassesWhoWouldWaitLongerForIt) {
  Queue q({{"a", {fixed_tokens(1000)}}});
  q.spend("ra", tokens(600));
  const auto large = q.come("ra", tokens(800));  // not in this minute
  ASSERT_TRUE(large->waits());
  // What is left of this minute is no use to it, and the next minute begins anew.
  const auto small = q.come("ra", tokens(300));
  EXPECT_TRUE(small->served());
  small->send(q.clock.now());
  small->end(q.clock.now());
  q.pass(62s);
  EXPECT_TRUE(large->served());
}

TEST(AdmissionQueue, ASmallRequestDoesNotDelayALargeOne) {
  Queue q({{"a",
            {{.dimension = quota::Dimension::tokens,
              .amount = 6000,
              .period = quota::kMinutePeriod,
              .window = quota::WindowKind::refill}}}});
  q.spend("ra", tokens(6000));
  const auto large = q.come("ra", tokens(3000));  // in half a minute
  ASSERT_TRUE(large->waits());
  std::vector<std::unique_ptr<Queue::Client>> small;
  for (int second = 0; second < 29; ++second) {
    q.pass(1s);
    small.push_back(q.come("ra", tokens(50)));  // would fit any time
    EXPECT_TRUE(small.back()->waits()) << second;
  }
  q.pass(2s);
  EXPECT_TRUE(large->served());
  large->send(q.clock.now());
  for (int half = 0; half < 60; ++half) {
    q.pass(500ms);
    for (const auto& client : small)
      if (client->served()) client->send(q.clock.now());
  }
  for (const auto& client : small) EXPECT_TRUE(client->served());
}

TEST(AdmissionQueue, WhoWaitsForOneTargetIsNoneOfAnothersBusiness) {
  Queue q({{"a", {fixed_requests(1)}}, {"b", {fixed_requests(5)}}});
  q.spend("ra");
  const auto waits = q.come("ra");
  EXPECT_TRUE(waits->waits());
  EXPECT_TRUE(q.come("rb")->served());
  EXPECT_TRUE(q.come("both")->served());
}

TEST(AdmissionQueue, WhatCannotBeBeforeTheDeadlineIsRefusedAtOnceWithTheTime) {
  Queue q({{"a", {fixed_requests(1)}}});
  q.spend("ra");
  const auto hasty = q.come("ra", {}, Priority::normal, 30s);
  ASSERT_TRUE(hasty->refused);
  const Skip* const first = hasty->refused->first_back();
  ASSERT_NE(first, nullptr);
  EXPECT_GE(first->available_at - q.clock.now().boot, 60s);
  EXPECT_LE(first->available_at - q.clock.now().boot, 62s);
  EXPECT_EQ(q.queue.waiting(), 0U);
}

TEST(AdmissionQueue, CountsThoseWhoWaitBefore) {
  Queue q({{"a", {fixed_requests(2)}}});
  q.spend("ra");
  q.spend("ra");
  std::vector<std::unique_ptr<Queue::Client>> waiting;
  for (int i = 0; i < 2; ++i) waiting.push_back(q.come("ra", {}, Priority::normal, 70s));
  for (const auto& client : waiting) EXPECT_TRUE(client->waits());
  // The next minute is theirs.
  const auto late = q.come("ra", {}, Priority::normal, 70s);
  ASSERT_TRUE(late->refused);
  EXPECT_GE(late->refused->first_back()->available_at - q.clock.now().boot, 80s);
  // A better class does not wait behind them, and one with more time may.
  EXPECT_TRUE(q.come("ra", {}, Priority::interactive, 70s)->waits());
  EXPECT_TRUE(q.come("ra", {}, Priority::normal, 200s)->waits());
}

TEST(AdmissionQueue, WhoseWaitHasBecomePointlessHearsItAtOnce) {
  Queue q({{"a", {fixed_requests(1)}}});
  q.spend("ra");
  const auto client = q.come("ra");
  ASSERT_TRUE(client->waits());
  q.catalogue.targets()[0].pool.cool_down_model(
      {quota::CooldownCause::quota_exhausted, q.clock.now().boot + 5h}, q.clock.now());
  EXPECT_FALSE(client->waits());
  ASSERT_TRUE(client->refused);
  EXPECT_EQ(client->refused->first_back()->available_at, q.clock.now().boot + 5h);
}

TEST(AdmissionQueue, WhoLeavesMakesWay) {
  Queue q({{"a", {fixed_tokens(1000)}}});
  q.spend("ra", tokens(500));
  auto head = q.come("ra", tokens(1000));
  ASSERT_TRUE(head->waits());
  // They would fit, and would take nothing from the head: a new minute is a new minute.
  EXPECT_TRUE(q.come("ra", tokens(100))->served());
  Queue r({{"a",
            {{.dimension = quota::Dimension::tokens,
              .amount = 1000,
              .period = quota::kMinutePeriod,
              .window = quota::WindowKind::refill}}}});
  r.spend("ra", tokens(500));
  head = r.come("ra", tokens(1000));
  const auto behind = r.come("ra", tokens(100));
  EXPECT_TRUE(behind->waits());
  (void)head->place->leave(r.clock.now());
  EXPECT_TRUE(behind->served());
}

TEST(AdmissionQueue, WhatWasGrantedToSomeoneWhoLeftGoesToTheNext) {
  Queue q({{"a", {at_once(1)}}});
  auto running = q.come("ra");
  auto first = q.come("ra");
  const auto second = q.come("ra");
  running->send(q.clock.now());
  running->end(q.clock.now());
  EXPECT_TRUE(first->woken);
  first.reset();  // without having looked
  EXPECT_TRUE(second->served());
}

TEST(AdmissionQueue, IsFullWhereTooManyWait) {
  Queue q({{"a", {fixed_requests(1)}}});
  q.queue.set_max_length(2);
  q.spend("ra");
  const auto first = q.come("ra", {}, Priority::normal, 10min);
  const auto second = q.come("ra", {}, Priority::normal, 10min);
  EXPECT_TRUE(first->waits() && second->waits());
  EXPECT_TRUE(q.come("ra", {}, Priority::normal, 10min)->full);
  EXPECT_EQ(q.queue.waiting(), 2U);
}

TEST(AdmissionQueue, ATierIsWaitedForAsLongAsPatienceLasts) {
  Queue q({{"a", {at_once(1)}}, {"b", {}}}, 2);
  auto running = q.come("both");
  ASSERT_TRUE(running->served());
  EXPECT_EQ(running->choice->target->provider->name, "a");
  // Nobody knows when it ends; it is taken to be within a second.
  Ask patient;
  patient.patience = 2s;
  auto waits = q.come("both", patient);
  auto other = q.come("both", patient);
  EXPECT_TRUE(waits->waits() && other->waits());
  running->send(q.clock.now());
  running->end(q.clock.now());
  ASSERT_TRUE(waits->served());
  EXPECT_EQ(waits->choice->target->provider->name, "a");
  q.pass(2s);
  ASSERT_TRUE(other->served());
  EXPECT_EQ(other->choice->target->provider->name, "b");
  // Without patience the second tier serves at once.
  EXPECT_TRUE(q.come("both")->served());
}

TEST(AdmissionQueue, ATierThatWillBeDryForLongIsNotWaitedFor) {
  Queue q({{"a", {fixed_requests(1)}}, {"b", {}}}, 2);
  q.spend("both");
  Ask patient;
  patient.patience = 1s;
  const auto client = q.come("both", patient);
  ASSERT_TRUE(client->served());
  EXPECT_EQ(client->choice->target->provider->name, "b");
}

// Random schedules: nobody is forgotten, nobody barges, nothing is used twice.
TEST(AdmissionQueue, NobodyStarvesAndNobodyIsForgottenWhateverHappens) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto upto = [&](std::uint64_t most) { return random() % (most + 1); };
    Queue q({{"a", {fixed_requests(1 + upto(5)), fixed_tokens(2000)}},
             {"b", {at_once(1 + upto(2))}},
             {"c",
              {{.dimension = quota::Dimension::tokens,
                .amount = 3000,
                .period = quota::kMinutePeriod,
                .window = quota::WindowKind::refill}}}});
    const std::vector<std::string> routes = {"ra", "rb", "rc", "both"};
    std::vector<std::unique_ptr<Queue::Client>> waiting;
    std::vector<std::unique_ptr<Queue::Client>> running;
    int served = 0;
    for (int step = 0; step < 600; ++step) {
      switch (upto(3)) {
        case 0:
          waiting.push_back(q.come(routes[upto(3)], tokens(1 + upto(900)), static_cast<Priority>(upto(2)),
                                   1s * (1 + static_cast<int>(upto(300)))));
          break;
        case 1:
          if (!running.empty()) {
            const std::size_t i = upto(running.size() - 1);
            running[i]->end(q.clock.now());
            running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
          }
          break;
        case 2:
          if (!waiting.empty() && upto(5) == 0)
            waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(upto(waiting.size() - 1)));
          break;
        default:
          q.pass(1ms * static_cast<int>(upto(5000)));
      }
      for (auto& client : waiting) {
        if (!client->served()) continue;
        client->send(q.clock.now());
        running.push_back(std::move(client));
        ++served;
      }
      std::erase_if(waiting, [](auto& client) { return client == nullptr || !client->waits(); });
      ASSERT_EQ(q.queue.waiting(), waiting.size());
      // Whoever is first of all that wait has no room now: else it would have been granted.
      if (!waiting.empty() && q.alarm == BootTime::max() && running.empty()) {
        ADD_FAILURE() << "somebody waits, and nothing will wake it";
        return;
      }
    }
    EXPECT_GT(served, 50);
    // Without newcomers all of them are served once the running ones end.
    while (!running.empty() || !waiting.empty()) {
      for (auto& client : running) client->end(q.clock.now());
      running.clear();
      q.pass(61s);
      for (auto& client : waiting)
        if (client->served()) {
          client->send(q.clock.now());
          running.push_back(std::move(client));
        }
      const std::size_t before = waiting.size();
      std::erase_if(waiting, [](auto& client) { return client == nullptr || !client->waits(); });
      ASSERT_TRUE(waiting.size() < before || before == 0)
          << "nobody of " << before << " was served in a minute";
    }
  }
}

// Many threads at once: exactly as many are under way as may be, all are served, and no wake-up is lost.
TEST(AdmissionQueue, ManyThreadsLoseNoWakeUp) {
  constexpr int kThreads = 8;
  constexpr int kEach = 300;
  Queue q({{"a", {at_once(3)}}});
  std::atomic<int> under_way = 0;
  std::atomic<int> most = 0;
  std::atomic<int> served = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        std::atomic<bool> woken = false;
        const Instant now = q.clock.now();
        Outcome outcome = q.queue.join(
            {.route = q.catalogue.find("ra"),
             .ask = {},
             .priority = static_cast<Priority>(t % 3),
             .excluded = {},
             .arrived = now.boot,
             .deadline = now.boot + 1h},
            [&woken] {
              woken = true;
              woken.notify_one();
            },
            now);
        std::optional<Choice> choice;
        if (auto* const at_once = std::get_if<Choice>(&outcome)) choice = std::move(*at_once);
        if (auto* const place = std::get_if<std::unique_ptr<AdmissionQueue::Place>>(&outcome)) {
          woken.wait(false);
          auto later = (*place)->outcome();
          if (later) choice = std::get<Choice>(std::move(*later));
        }
        if (!choice) continue;
        const int running = ++under_way;
        for (int seen = most; seen < running && !most.compare_exchange_weak(seen, running);) continue;
        choice->reservation.send(now);
        --under_way;
        choice->reservation.settle(choice->cost, now);
        ++served;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(served, kThreads * kEach);
  EXPECT_LE(most, 3);
  EXPECT_EQ(q.queue.waiting(), 0U);
}

TEST(Priorities, HaveNames) {
  for (const Priority priority : {Priority::interactive, Priority::normal, Priority::batch})
    EXPECT_EQ(priority_named(name(priority)), priority);
  EXPECT_FALSE(priority_named("urgent"));
}

}  // namespace
}  // namespace weir::routing
