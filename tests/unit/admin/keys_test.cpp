#include <gmock/gmock.h>

#include "unit/admin/admin_fixture.hpp"
#include "weir/base/log.hpp"

namespace weir::admin {
namespace {

using nlohmann::json;

using KeysTest = Admin;

TEST_F(KeysTest, OneIsSwitchedOffAndOnAgain) {
  EXPECT_TRUE(ask("PATCH", "/admin/v1/keys/p/second", R"({"enabled": false})").json);
  EXPECT_FALSE(catalogue_.targets()[0].is_off());
  EXPECT_TRUE(catalogue_.targets()[2].is_off());
  EXPECT_TRUE(catalogue_.targets()[3].is_off());
  const json card = get("/admin/v1/status")["cards"][1];
  EXPECT_EQ(card["state"], "disabled");
  EXPECT_EQ(card["enabled"], false);
  EXPECT_EQ(card["models_ready"], 0);
  EXPECT_TRUE(ask("PATCH", "/admin/v1/keys/p/second", R"({"enabled": true})").json);
  EXPECT_FALSE(catalogue_.targets()[2].is_off());
}

TEST_F(KeysTest, AllOfAProviderAreMeantByAStar) {
  EXPECT_TRUE(ask("PATCH", "/admin/v1/keys/q/*", R"({"enabled": false})").json);
  EXPECT_TRUE(catalogue_.targets()[4].is_off());
  EXPECT_TRUE(catalogue_.targets()[5].is_off());
  EXPECT_EQ(get("/admin/v1/status")["sentence"], "1 of 2 providers ready; q is disabled");
}

TEST_F(KeysTest, WhoWaitsForRoomIsToldThatThereIsSome) {
  EXPECT_TRUE(ask("PATCH", "/admin/v1/keys/q/main", R"({"enabled": true})").json);
  EXPECT_EQ(room_.told, 1);
}

TEST_F(KeysTest, ItIsLoggedOnceAKey) {
  const std::uint64_t before = log::last_kept();
  EXPECT_TRUE(ask("PATCH", "/admin/v1/keys/p/main", R"({"enabled": false})").json);
  const auto kept = log::kept_since(before);
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].event, "key_disabled");
  EXPECT_EQ(json::parse(kept[0].fields), (json{{"provider", "p"}, {"key", "main"}}));
}

TEST_F(KeysTest, OtherBodiesAreRefused) {
  for (const char* const body : {"", "{}", "true", R"({"enabled": 0})", R"({"enabled": false, "x": 1})"})
    EXPECT_EQ(kind_of(ask("PATCH", "/admin/v1/keys/p/main", body)), ErrorKind::invalid_request) << body;
  EXPECT_EQ(kind_of(ask("PATCH", "/admin/v1/keys/p/none", R"({"enabled": false})")),
            ErrorKind::model_not_found);
  EXPECT_EQ(ask("GET", "/admin/v1/keys/p/main").allow, "PATCH");
  EXPECT_FALSE(catalogue_.targets()[0].is_off());
}

TEST_F(KeysTest, OrdersThatNobodyCanCarryOutAreRefused) {
  EXPECT_EQ(kind_of(ask("POST", "/admin/v1/reload")), ErrorKind::invalid_request);
  EXPECT_EQ(ask("GET", "/admin/v1/drain").allow, "POST");
}

TEST_F(KeysTest, OrdersForTheDaemonAreHandedOn) {
  int reloads = 0;
  AdminApi api(store_, {.reload = [&reloads] { ++reloads; }, .drain = {}, .alert = {}, .libraries = {}});
  head_.method = "POST";
  head_.target = "/admin/v1/reload";
  const transport::Request request{.head = &head_, .body = {}, .arrived = clock_.now(), .peer = kHere};
  const auto answer = api.answer(request, context(), clock_.now());
  ASSERT_TRUE(answer.json);
  EXPECT_EQ(json::parse(*answer.json), (json{{"ordered", "reload"}}));
  EXPECT_EQ(reloads, 1);
}

}  // namespace
}  // namespace weir::admin
