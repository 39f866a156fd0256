#include <gmock/gmock.h>

#include "unit/admin/admin_fixture.hpp"

namespace weir::admin {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

class RequestsTest : public Admin {
 protected:
  void end(std::string id, int status = 200, std::string error = "") {
    telemetry::RequestRecord record;
    record.at = clock_.now().wall;
    record.route = telemetry::Route::chat;
    record.request_id = std::move(id);
    record.model = "smart";
    record.status = status;
    record.error = std::move(error);
    record.served_by = "p/m";
    record.key = "main";
    record.stream = true;
    record.took = milliseconds(1800);
    record.first_byte = milliseconds(640);
    record.estimated_tokens = 900;
    record.prompt_tokens = 610;
    record.completion_tokens = 120;
    record.attempts.push_back({.target = "p/m",
                               .key = "main",
                               .outcome = "429",
                               .took = milliseconds(210),
                               .what = telemetry::AttemptClass::rate_limited});
    telemetry_.keep(std::move(record));
  }
  std::vector<std::string> ids(const std::string& query) {
    std::vector<std::string> out;
    const json all = get("/admin/v1/requests" + query);
    for (const json& one : all["requests"]) out.push_back(one["id"]);
    return out;
  }
  using Ids = std::vector<std::string>;
};

TEST_F(RequestsTest, OneThatEndedTellsAllOfItself) {
  end("a");
  const json one = get("/admin/v1/requests")["requests"][0];
  EXPECT_EQ(one["id"], "a");
  EXPECT_EQ(one["at"], "2026-11-24T00:00:00Z");
  EXPECT_EQ(one["state"], "done");
  EXPECT_EQ(one["ok"], true);
  EXPECT_EQ(one["model"], "smart");
  EXPECT_EQ(one["served_by"], "p/m");
  EXPECT_EQ(one["total_ms"], 1800);
  EXPECT_EQ(one["ttfb_ms"], 640);
  EXPECT_EQ(one["tokens"], (json{{"estimated", 900}, {"prompt", 610}, {"completion", 120}}));
  EXPECT_EQ(one["attempts"][0]["outcome"], "429");
  EXPECT_EQ(one["attempts"][0]["class"], "rate_limited");
  EXPECT_EQ(one["attempts"][0]["ms"], 210);
  EXPECT_TRUE(one["client"].is_null());
  EXPECT_TRUE(one["error"].is_null());
}

TEST_F(RequestsTest, ThoseUnderWayStandFirst) {
  end("a");
  end("b");
  telemetry::RequestRecord record;
  record.request_id = "c";
  record.model = "fast";
  telemetry::LiveRequest live(telemetry_.live(0), record, clock_.now());
  live.asked();
  live.tries("q", "m", "main");
  clock_.advance(milliseconds(70));
  const json all = get("/admin/v1/requests")["requests"];
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0]["id"], "c");
  EXPECT_EQ(all[0]["state"], "trying");
  EXPECT_EQ(all[0]["served_by"], "q/m");
  EXPECT_EQ(all[0]["total_ms"], 70);
  EXPECT_TRUE(all[0]["ok"].is_null());
  EXPECT_TRUE(all[0]["status"].is_null());
  EXPECT_EQ(all[1]["id"], "b");
  EXPECT_EQ(get("/admin/v1/requests/c")["state"], "trying");
  EXPECT_EQ(get("/admin/v1/status")["in_flight"], 1);
  EXPECT_EQ(get("/admin/v1/status")["live"][0]["id"], "c");
}

TEST_F(RequestsTest, OfTwoUnderOneIdTheNewestIsTold) {
  telemetry::RequestRecord first;
  telemetry::RequestRecord second;
  first.request_id = second.request_id = "c";
  const telemetry::LiveRequest older(telemetry_.live(0), first, clock_.now());
  clock_.advance(milliseconds(70));
  telemetry::LiveRequest newer(telemetry_.live(0), second, clock_.now());
  newer.tries("q", "m", "main");
  EXPECT_EQ(get("/admin/v1/requests/c")["state"], "trying");
}

TEST_F(RequestsTest, AreChosenByStateAndLimit) {
  end("good");
  end("bad", 502, "upstream_failed");
  end("good2");
  telemetry::RequestRecord record;
  record.request_id = "live";
  const telemetry::LiveRequest live(telemetry_.live(0), record, clock_.now());
  EXPECT_EQ(ids("?state=ok"), (Ids{"good2", "good"}));
  EXPECT_EQ(ids("?state=failed"), (Ids{"bad"}));
  EXPECT_EQ(ids("?state=live"), (Ids{"live"}));
  EXPECT_EQ(ids("?state=done"), (Ids{"good2", "bad", "good"}));
  EXPECT_EQ(ids("?limit=2"), (Ids{"live", "good2"}));
  EXPECT_EQ(ids("?state=ok&limit=1"), (Ids{"good2"}));
}

TEST_F(RequestsTest, WhatIsNoQuestionIsRefused) {
  for (const char* const query : {"?limit=0", "?limit=1001", "?limit=x", "?state=dead"})
    EXPECT_EQ(kind_of(ask("GET", std::string("/admin/v1/requests") + query)), ErrorKind::invalid_request)
        << query;
  EXPECT_EQ(kind_of(ask("GET", "/admin/v1/requests/none")), ErrorKind::model_not_found);
  EXPECT_EQ(ask("DELETE", "/admin/v1/requests").allow, "GET, HEAD");
}

TEST_F(RequestsTest, OneIsFoundByItsEscapedId) {
  end("a b/c");
  EXPECT_EQ(get("/admin/v1/requests/a%20b%2Fc")["id"], "a b/c");
}

TEST_F(RequestsTest, BytesThatAreNoTextBecomeText) {
  end("a\xFF");
  EXPECT_EQ(get("/admin/v1/requests")["requests"][0]["id"], "a\xEF\xBF\xBD");
}

}  // namespace
}  // namespace weir::admin
