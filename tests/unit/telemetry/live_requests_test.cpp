#include "weir/telemetry/live_requests.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include "support/fake_clock.hpp"
#include "unit/telemetry/records.hpp"

namespace weir::telemetry {
namespace {

using std::chrono::seconds;
using test::make_attempt;
using test::make_record;

std::vector<LiveView> views_of(const LiveRequests& all, Instant now) {
  std::vector<LiveView> views;
  all.append_to(views, now);
  return views;
}

TEST(LiveRequests, ARequestIsThereUntilItEnds) {
  const test::FakeClock clock;
  LiveRequests all;
  RequestRecord first = make_record("a");
  RequestRecord second = make_record("b");
  RequestRecord third = make_record("c");
  std::optional<LiveRequest> one(std::in_place, all, first, clock.now());
  std::optional<LiveRequest> two(std::in_place, all, second, clock.now());
  std::optional<LiveRequest> three(std::in_place, all, third, clock.now());
  EXPECT_EQ(all.count(), 3U);
  two.reset();
  auto views = views_of(all, clock.now());
  ASSERT_EQ(views.size(), 2U);
  EXPECT_EQ(views[0].request_id, "a");
  EXPECT_EQ(views[1].request_id, "c");
  one.reset();
  views = views_of(all, clock.now());
  ASSERT_EQ(views.size(), 1U);
  EXPECT_EQ(views[0].request_id, "c");
  three.reset();
  EXPECT_TRUE(views_of(all, clock.now()).empty());
}

TEST(LiveRequests, ShowsWhereARequestIs) {
  test::FakeClock clock;
  LiveRequests all;
  RequestRecord record = make_record("a");
  LiveRequest live(all, record, clock.now());
  record.model = "smart";
  EXPECT_EQ(views_of(all, clock.now())[0].model, "");  // not asked for yet
  live.asked();
  live.waits();
  EXPECT_EQ(views_of(all, clock.now())[0].state, LiveState::waiting);
  record.estimated_tokens = 90;
  live.tries("p", "vendor/m", "main");
  live.add(make_attempt(1, "p/vendor/m", AttemptClass::timeout));
  clock.advance(seconds(2));
  const LiveView view = views_of(all, clock.now())[0];
  EXPECT_EQ(view.state, LiveState::trying);
  EXPECT_EQ(view.model, "smart");
  EXPECT_EQ(view.target, "p/vendor/m");
  EXPECT_EQ(view.key, "main");
  EXPECT_EQ(view.estimated_tokens, 90U);
  EXPECT_EQ(view.age, seconds(2));
  ASSERT_EQ(view.attempts.size(), 1U);
  EXPECT_EQ(view.attempts[0].what, AttemptClass::timeout);
  live.waits();
  EXPECT_EQ(views_of(all, clock.now())[0].target, "");
  live.answers();
  EXPECT_EQ(views_of(all, clock.now())[0].state, LiveState::answering);
}

TEST(LiveRequests, OthersLookWhileItsThreadGoesOn) {
  const test::FakeClock clock;
  LiveRequests all;
  std::atomic<bool> done = false;
  std::thread thread([&] {
    for (int i = 0; i < 5000; ++i) {
      RequestRecord record = make_record("a request's id that is longer than a short one");
      LiveRequest live(all, record, clock.now());
      record.model = "a model's name that is longer than a short one";
      live.asked();
      live.tries("provider", "model", "key");
      for (int attempt = 0; attempt < 3; ++attempt) live.add(make_attempt(1, "provider/model"));
    }
    done = true;
  });
  while (!done)
    for (const LiveView& view : views_of(all, clock.now())) EXPECT_LE(view.attempts.size(), 3U);
  thread.join();
  EXPECT_EQ(all.count(), 0U);
}

}  // namespace
}  // namespace weir::telemetry
