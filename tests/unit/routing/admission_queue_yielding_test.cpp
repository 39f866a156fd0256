// Who gives way to one before: it is found out by taking room and giving it back, which is written down.

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
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

// Beside the refilled target one for a request a minute, which is spent; or one for small requests only.
class YieldingAmongTwo : public ::testing::Test {
 protected:
  static std::unique_ptr<Queue> queue(quota::Limit other, std::uint32_t last_tier = 1) {
    return std::make_unique<Queue>(
        std::map<std::string, std::vector<quota::Limit>>{{"a", {std::move(other)}},
                                                         {"b", {refilled_tokens(6000)}}},
        last_tier);
  }
};

TEST_F(YieldingAmongTwo, TakesWhatOpensElsewhere) {
  for (const std::uint32_t last_tier : {1U, 2U}) {
    SCOPED_TRACE(last_tier);
    const auto q = queue(fixed_requests(1), last_tier);
    q->pass(45s);
    q->spend("ra");
    q->spend("rb", tokens(3000));
    const auto first = q->come("rb", tokens(5900));
    const auto before = q->come("both", tokens(10));
    Ask patient = tokens(11);
    patient.patience = last_tier == 1 ? 0s : 20s;
    const auto one = q->come("both", patient);
    EXPECT_TRUE(before->waits() && one->waits());
    q->pass(16s);  // the minute is over
    EXPECT_TRUE(before->served() || one->served());
    EXPECT_TRUE(first->waits());
  }
}

TEST_F(YieldingAmongTwo, WhoAsksForLessIsTriedAsEver) {
  const auto q = queue(refilled_tokens(50));
  q->spend("rb", tokens(3000));
  const auto first = q->come("rb", tokens(5000));
  const auto large = q->come("both", tokens(100));  // too large for the other
  EXPECT_TRUE(first->waits() && large->waits());
  EXPECT_TRUE(q->come("both", tokens(10))->served());
}

TEST_F(YieldingAmongTwo, WhoAsksElsewhereIsTriedAsEver) {
  const auto q = queue(refilled_tokens(6000));
  q->spend("rb", tokens(3000));
  const auto first = q->come("rb", tokens(5000));
  const auto second = q->come("rb", tokens(100));
  EXPECT_TRUE(first->waits() && second->waits());
  EXPECT_TRUE(q->come("ra", tokens(100))->served());
}

TEST(YieldingAmongThree, WhoIsNotPatientIsTriedWhereOnesPatienceKeptItFrom) {
  Queue q({{"a", {refilled_tokens(6000)}}, {"b", {fixed_requests(1)}}, {"c", {}}}, 2);
  q.pass(45s);
  q.spend("ra", tokens(3000));
  q.spend("rb");
  const auto first = q.come("ra", tokens(5000));
  Ask patient = tokens(100);
  patient.patience = 20s;  // the second target of the first tier is back in 15
  const auto second = q.come("both", patient);
  EXPECT_TRUE(first->waits() && second->waits());
  EXPECT_TRUE(q.come("both", tokens(100))->served());
}

}  // namespace
}  // namespace weir::routing
