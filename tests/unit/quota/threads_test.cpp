// Real threads on one account.

#include <atomic>
#include <barrier>
#include <thread>

#include "quota_fixture.hpp"

namespace weir::quota {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

constexpr int kThreads = 8;

// Runs the same work on several threads that start at once.
template <class Work>
void on_threads(const Work& work) {
  std::barrier start(kThreads);
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&start, &work, i] {
      start.arrive_and_wait();
      work(i);
    });
}

using Threads = QuotaTest;

TEST_F(Threads, WithRoomForSoManySendExactlySoMany) {
  constexpr std::uint64_t kRoom = 13'700;
  const Limits account{rpm(kRoom), rpd(1'000'000), tpm(1'000'000)};
  const Pool pools[] = {ledger_.bind("a", "first", account, {}, {}),
                        ledger_.bind("a", "second", account, {}, {})};
  std::atomic<std::uint64_t> sent{0};
  on_threads([&](int thread) {
    for (int i = 0; i < 3000; ++i) {
      auto outcome = pools[(thread + i) % 2].reserve(tokens(10), now());
      if (auto* const one = std::get_if<Reservation>(&outcome)) {
        one->send(now());
        ++sent;
        one->settle(tokens(10), now());
      }
    }
  });
  EXPECT_EQ(sent, kRoom);
  EXPECT_EQ(view(pools[0], "rpm").used, kRoom);
  EXPECT_EQ(view(pools[0], "tpm").used, 10 * kRoom);
}

TEST_F(Threads, LoseNothingOfWhatIsGivenBack) {
  constexpr std::uint64_t kRoom = 2000;
  const Pool pool = bind({rpm(kRoom), tpm(kRoom * 10), concurrency(kThreads)});
  std::atomic<std::uint64_t> sent{0};
  on_threads([&](int thread) {
    for (int i = 0; i < 3000; ++i) {
      auto outcome = pool.reserve(tokens(10), now());
      auto* const one = std::get_if<Reservation>(&outcome);
      if (one == nullptr) continue;
      switch ((thread + i) % 4) {
        case 0:
          one->refund(now());
          break;
        case 1:
          one->send(now()), one->refuse(now());
          break;
        case 2:
          *one = Reservation();
          break;
        default:
          one->send(now()), one->settle(tokens(10), now()), ++sent;
          break;
      }
    }
  });
  EXPECT_LE(sent, kRoom);
  EXPECT_EQ(view(pool, "rpm").used, sent);
  EXPECT_EQ(view(pool, "rpm").reserved, 0U);
  EXPECT_EQ(view(pool, "concurrency").used + view(pool, "concurrency").reserved, 0U);
  EXPECT_EQ(view(pool, "rpm").left, kRoom - sent);
}

TEST_F(Threads, MayLookObserveCoolDownAndReloadMeanwhile) {
  const Limits limits{rpm(1'000'000), tpm(1'000'000'000)};
  const Pool pool = bind(limits);
  on_threads([&](int thread) {
    for (int i = 0; i < 200; ++i) {
      clock_.advance(milliseconds(1));
      auto outcome = pool.reserve(tokens(10), now());
      if (auto* const one = std::get_if<Reservation>(&outcome)) {
        const Observation head = heard(Dimension::requests, kDayPeriod, 1'000'000, 999'000);
        one->observe({&head, 1}, now());
        one->settle(tokens(5), now());
      }
      switch (thread) {
        case 0:
          pool.cool_down_model({CooldownCause::failing, now().boot + milliseconds(1)}, now());
          break;
        case 1:
          pool.end_cooldowns(now());
          break;
        case 2:
          (void)ledger_.bind("account", "model", {}, limits, {});
          break;
        case 3:
          (void)pool.view(now());
          break;
        default:
          (void)pool.headroom(tokens(10), now());
          break;
      }
    }
  });
  EXPECT_EQ(view(pool, "rpm").reserved, 0U);
}

}  // namespace
}  // namespace weir::quota
