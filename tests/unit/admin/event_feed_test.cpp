#include <gmock/gmock.h>

#include "unit/admin/admin_fixture.hpp"
#include "weir/base/log.hpp"

namespace weir::admin {
namespace {

using nlohmann::json;
using std::chrono::seconds;

struct Event {
  std::string name;
  json data;
};

std::vector<Event> events_of(std::string_view text) {
  std::vector<Event> events;
  while (text.starts_with("event: ")) {
    const auto line = text.find('\n');
    const auto end = text.find("\n\n");
    events.push_back(
        {std::string(text.substr(7, line - 7)), json::parse(text.substr(line + 7, end - line - 7))});
    text.remove_prefix(end + 2);
  }
  EXPECT_EQ(text, "");
  return events;
}

class EventFeedTest : public Admin {
 protected:
  void SetUp() override { feed_ = api_.listen().value(); }
  std::string next() { return feed_->next(context(), clock_.now()); }
  // What came as the only event.
  json only(std::string_view name) {
    const auto events = events_of(next());
    EXPECT_EQ(events.size(), 1U);
    if (events.empty()) return {};
    EXPECT_EQ(events[0].name, name);
    return events[0].data;
  }
  void end_request(std::string id) {
    telemetry::RequestRecord record;
    record.route = telemetry::Route::chat;
    record.request_id = std::move(id);
    record.status = 200;
    telemetry_.count(0, record);
    telemetry_.keep(std::move(record));
  }

  std::unique_ptr<gateway::EventFeed> feed_;
};

TEST_F(EventFeedTest, BeginsWithAllThereIs) {
  end_request("a");
  const json snapshot = only("snapshot");
  EXPECT_EQ(snapshot["cards"].size(), 4U);
  EXPECT_EQ(snapshot["requests"][0]["id"], "a");
  EXPECT_TRUE(snapshot["events"].is_array());
  EXPECT_EQ(snapshot["sentence"], "all 2 providers ready");
}

TEST_F(EventFeedTest, NothingNewIsNothing) {
  (void)next();
  EXPECT_EQ(next(), "");
  EXPECT_EQ(next(), "");
}

TEST_F(EventFeedTest, ThatTimePassesIsNothingNew) {
  pool(0).cool_down_key({quota::CooldownCause::rate_limited, clock_.now().boot + seconds(60)}, clock_.now());
  auto taken = pool(4).reserve({}, clock_.now());
  std::get<quota::Reservation>(taken).send(clock_.now());
  (void)next();
  clock_.advance(seconds(5));
  EXPECT_EQ(next(), "");
}

TEST_F(EventFeedTest, SilenceIsBrokenByACommentSometimes) {
  (void)next();
  clock_.advance(seconds(14));
  EXPECT_EQ(next(), "");
  clock_.advance(seconds(1));
  EXPECT_EQ(next(), ": \n\n");
  EXPECT_EQ(next(), "");
}

TEST_F(EventFeedTest, ACardThatChangedComesAlone) {
  (void)next();
  auto taken = pool(4).reserve({}, clock_.now());
  std::get<quota::Reservation>(taken).send(clock_.now());
  const json delta = only("delta");
  ASSERT_EQ(delta["cards"].size(), 1U);
  EXPECT_EQ(delta["cards"][0]["provider"], "q");
  EXPECT_EQ(delta["cards"][0]["windows"][0]["used"], 1);
  EXPECT_TRUE(delta.contains("as_of"));
  EXPECT_FALSE(delta.contains("sentence"));
  EXPECT_FALSE(delta.contains("gone"));
  EXPECT_EQ(next(), "");
}

TEST_F(EventFeedTest, RequestsThatEndedComeOnceOldestFirst) {
  end_request("a");
  (void)next();
  end_request("b");
  end_request("c");
  const json delta = only("delta");
  ASSERT_EQ(delta["requests"].size(), 2U);
  EXPECT_EQ(delta["requests"][0]["id"], "b");
  EXPECT_EQ(delta["requests"][1]["id"], "c");
  EXPECT_EQ(delta["totals"]["requests"], 3);
  EXPECT_EQ(next(), "");
}

TEST_F(EventFeedTest, RequestsUnderWayComeWholeWhereTheyChanged) {
  (void)next();
  telemetry::RequestRecord record;
  record.request_id = "live";
  {
    telemetry::LiveRequest live(telemetry_.live(0), record, clock_.now());
    EXPECT_EQ(only("delta")["live"][0]["id"], "live");
    clock_.advance(seconds(2));
    EXPECT_EQ(next(), "");
    live.tries("p", "m", "main");
    EXPECT_EQ(only("delta")["live"][0]["state"], "trying");
  }
  EXPECT_EQ(only("delta")["live"], json::array());
}

TEST_F(EventFeedTest, AStepOfTheSeriesComesWhenItIsOver) {
  (void)next();
  clock_.advance(seconds(15));
  history_.sample(clock_.now());
  const json delta = only("delta");
  EXPECT_EQ(delta["series"]["15m"]["requests"].size(), 1U);
  EXPECT_FALSE(delta["series"].contains("24h"));
}

TEST_F(EventFeedTest, WhatIsLoggedComesAsItHappens) {
  (void)next();
  log::warn("key_refused", {{"provider", "p"}, {"key", "main"}});
  log::access("request", {{"path", "/v1"}});
  const json event = only("event");
  EXPECT_EQ(event["event"], "key_refused");
  EXPECT_EQ(event["level"], "warn");
  EXPECT_EQ(event["fields"]["key"], "main");
  EXPECT_EQ(next(), "");
}

TEST_F(EventFeedTest, AReaderWhoComesLaterHearsWhatWasLogged) {
  log::info("reloaded", {{"config", "x"}});
  const json snapshot = only("snapshot");
  EXPECT_EQ(snapshot["events"].back()["event"], "reloaded");
}

TEST_F(EventFeedTest, OtherCardsAfterAReloadComeAllTogether) {
  (void)next();
  routing::Catalogue::Parts few = parts();
  few.providers.pop_back();
  const routing::Catalogue other(few, ledger_);
  const gateway::AdminContext here{
      .catalogue = other, .routing = routing_, .telemetry = telemetry_, .history = history_, .room = room_};
  const auto events = events_of(feed_->next(here, clock_.now()));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].data["gone"], true);
  EXPECT_EQ(events[0].data["cards"].size(), 2U);
}

TEST_F(EventFeedTest, ReadersAreFewAtOnce) {
  std::vector<std::unique_ptr<gateway::EventFeed>> feeds;
  for (int i = 1; i < 16; ++i) feeds.push_back(api_.listen().value());
  const auto refused = api_.listen();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::overloaded);
  feeds.pop_back();
  EXPECT_TRUE(api_.listen());
}

}  // namespace
}  // namespace weir::admin
