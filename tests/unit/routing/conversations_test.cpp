#include "weir/routing/conversations.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "support/fake_clock.hpp"

namespace weir::routing {
namespace {

using namespace std::chrono_literals;

// Even over shards and buckets, as digests are.
ConversationId id_of(std::uint64_t n) {
  return {n * 0x9E3779B97F4A7C15U >> 17U, n * 0xD1B54A32D192ED03U >> 13U};
}

TEST(Conversations, StayWhereTheyWereKeptLast) {
  test::FakeClock clock;
  Conversations table;
  EXPECT_EQ(table.find(id_of(1), 10min, clock.now().boot), std::nullopt);
  table.keep(id_of(1), 7, clock.now().boot);
  table.keep(id_of(2), 8, clock.now().boot);
  EXPECT_EQ(table.find(id_of(1), 10min, clock.now().boot), 7U);
  table.keep(id_of(1), 9, clock.now().boot);
  EXPECT_EQ(table.find(id_of(1), 10min, clock.now().boot), 9U);
  EXPECT_EQ(table.find(id_of(2), 10min, clock.now().boot), 8U);
  EXPECT_EQ(table.size(), 2U);
}

TEST(Conversations, AreForgottenWhenTheirTimeIsOverAndEachUseRenewsIt) {
  test::FakeClock clock;
  Conversations table;
  table.keep(id_of(1), 7, clock.now().boot);
  clock.advance(10min - 1ns);
  EXPECT_EQ(table.find(id_of(1), 10min, clock.now().boot), 7U);
  table.keep(id_of(1), 7, clock.now().boot);
  clock.advance(10min - 1ns);
  EXPECT_EQ(table.find(id_of(1), 10min, clock.now().boot), 7U);
  clock.advance(1ns);
  EXPECT_EQ(table.find(id_of(1), 10min, clock.now().boot), std::nullopt);
}

TEST(Conversations, AreBoundedAndTheLongestUnusedMakesRoom) {
  test::FakeClock clock;
  Conversations table;
  table.keep(id_of(0), 1, clock.now().boot);
  for (std::uint64_t n = 1; n <= 3 * Conversations::kMost; ++n) {
    clock.advance(1ms);
    table.keep(id_of(n), 2, clock.now().boot);
    if (n % 100 == 0) table.keep(id_of(0), 1, clock.now().boot);  // always in use
  }
  EXPECT_LE(table.size(), Conversations::kMost);
  EXPECT_EQ(table.find(id_of(0), 24h, clock.now().boot), 1U);
  EXPECT_EQ(table.find(id_of(1), 24h, clock.now().boot), std::nullopt);
  for (std::uint64_t n = 3 * Conversations::kMost; n > 3 * Conversations::kMost - 1000; --n)
    EXPECT_EQ(table.find(id_of(n), 24h, clock.now().boot), 2U);
}

// One shard and one bucket take all of these.
TEST(Conversations, ThatFallIntoOnePlaceAreToldApart) {
  test::FakeClock clock;
  Conversations table;
  const auto alike = [](std::uint64_t n) { return ConversationId{n * 64, n * 1024}; };
  for (std::uint64_t n = 0; n < 5000; ++n) {
    table.keep(alike(n), n, clock.now().boot);
    EXPECT_EQ(table.find(alike(n), 1h, clock.now().boot), n);
  }
  EXPECT_EQ(table.size(), 1024U);
  EXPECT_EQ(table.find(alike(3975), 1h, clock.now().boot), std::nullopt);
  EXPECT_EQ(table.find(alike(3976), 1h, clock.now().boot), 3976U);
}

TEST(Conversations, MayBeUsedByManyThreads) {
  test::FakeClock clock;
  Conversations table;
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (std::uint64_t n = 0; n < 20'000; ++n) {
          const std::uint64_t which = n % 500 + t * 250;  // half of them shared
          table.keep(id_of(which), which, clock.now().boot);
          if (table.find(id_of(which), 1h, clock.now().boot) != which) ++wrong;
        }
      });
  }
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace weir::routing
