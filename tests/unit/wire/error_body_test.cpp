#include "weir/wire/error_body.hpp"

#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>
#include <string>

namespace weir::wire {
namespace {

using namespace std::string_literals;
using Json = nlohmann::ordered_json;

TEST(ErrorBody, HasTheOneShapeInWhichErrorsLeave) {
  const Error error{ErrorKind::rate_limited, "back in 12s"};
  const std::array notes{
      AttemptNote{.target = "groq/m",
                  .key = "main",
                  .outcome = "429",
                  .resets_at = "2026-11-24T08:00:00Z",
                  .ms = 210},
      AttemptNote{.target = "gemini/m", .key = "main", .outcome = "skipped: rpm", .resets_at = {}, .ms = -1},
  };
  EXPECT_EQ(error_body(error, "model", "req_1", notes),
            R"({"error":{"message":"back in 12s","type":"rate_limit_error","param":"model",)"
            R"("code":"rate_limit_exceeded",)"
            R"("weir":{"request_id":"req_1","attempts":[)"
            R"({"target":"groq/m","key":"main","outcome":"429","ms":210,"resets_at":"2026-11-24T08:00:00Z"},)"
            R"({"target":"gemini/m","key":"main","outcome":"skipped: rpm"}]}}})");
}

TEST(ErrorBody, SaysNullWhereThereIsNoParamAndNoCode) {
  const Json body = Json::parse(error_body({ErrorKind::invalid_request, "no"}, "", "req_1", {}));
  EXPECT_TRUE(body["error"]["param"].is_null());
  EXPECT_TRUE(body["error"]["code"].is_null());
  EXPECT_EQ(body["error"]["type"], "invalid_request_error");
  EXPECT_EQ(body["error"]["weir"]["attempts"], Json::array());
}

TEST(ErrorBody, IsValidJsonWhateverTheTextsHold) {
  const std::string nasty = "\"}],\\\n\x01\x7F\xFF\xC3(\xED\xA0\x80\0end"s;
  const std::array notes{
      AttemptNote{.target = nasty, .key = nasty, .outcome = nasty, .resets_at = nasty, .ms = 0}};
  const std::string text = error_body({ErrorKind::internal, nasty}, nasty, nasty, notes);
  ASSERT_TRUE(Json::accept(text)) << text;
  EXPECT_EQ(Json::parse(text)["error"]["weir"]["attempts"].size(), 1U);
}

}  // namespace
}  // namespace weir::wire
