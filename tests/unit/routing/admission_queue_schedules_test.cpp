// The admission queue under whatever order of events: random schedules, and many threads.

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "queue_fixture.hpp"

namespace weir::routing {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

using Outcome = std::variant<Choice, NoRoom, AdmissionQueue::Full, std::unique_ptr<AdmissionQueue::Place>>;

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
        choice->reservation.settle(choice->fitted.cost, now);
        ++served;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(served, kThreads * kEach);
  EXPECT_LE(most, 3);
  EXPECT_EQ(q.queue.waiting(), 0U);
}

}  // namespace
}  // namespace weir::routing
