// Who gives way to one before: it is found out by taking room and giving it back, which is written down.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "queue_fixture.hpp"
#include "weir/quota/intent_log.hpp"

namespace weir::routing {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

class Yielding : public ::testing::Test {
 protected:
  // Half of it is spent, and the first of the queue waits for nearly all.
  void SetUp() override {
    q_.ledger.journal_to(&log_);
    q_.spend("ra", tokens(3000));
    waiting_.push_back(q_.come("ra", tokens(5000)));
    ASSERT_TRUE(waiting_[0]->waits());
  }
  [[nodiscard]] std::uint64_t records_of_a_look() {
    const std::uint64_t before = log_.position();
    q_.queue.ring(q_.clock.now());
    return log_.position() - before;
  }

  std::vector<std::uint64_t> memory_ = std::vector<std::uint64_t>(8 * 1024);
  quota::IntentLog log_{std::as_writable_bytes(std::span(memory_)), 1};
  Queue q_{{{"a", {refilled_tokens(6000)}}}};
  std::vector<std::unique_ptr<Queue::Client>> waiting_;
};

TEST_F(Yielding, IsTriedOnceForAllWhoAskForNoLess) {
  for (std::uint64_t i = 0; i < 100; ++i) waiting_.push_back(q_.come("ra", tokens(10 + i % 7)));
  EXPECT_EQ(records_of_a_look(), 2U);  // of the first: held and given back
  EXPECT_EQ(q_.queue.waiting(), 101U);
  // Whom they gave way to is served, and then they are.
  q_.pass(30s);
  EXPECT_TRUE(waiting_[0]->served());
  waiting_[0]->send(q_.clock.now());
  q_.pass(30s);
  for (const auto& client : waiting_) EXPECT_TRUE(client->served());
}

TEST_F(Yielding, EndsForAllWhenWhomTheyGaveWayToLeaves) {
  for (int i = 0; i < 20; ++i) waiting_.push_back(q_.come("ra", tokens(10)));
  waiting_[0].reset();
  for (std::size_t i = 1; i < waiting_.size(); ++i) EXPECT_TRUE(waiting_[i]->served());
}

TEST_F(Yielding, IsNotTakenForRoomWhereThereIsNone) {
  waiting_.push_back(q_.come("ra", tokens(10)));
  EXPECT_TRUE(waiting_.back()->waits());
  EXPECT_TRUE(q_.come("ra", tokens(6001))->refused);                        // no window is that large
  EXPECT_TRUE(q_.come("ra", tokens(5500), Priority::normal, 5s)->refused);  // nor free before
}

}  // namespace
}  // namespace weir::routing
