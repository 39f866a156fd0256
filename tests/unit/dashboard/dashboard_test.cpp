#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <initializer_list>
#include <utility>

#include "dashboard/assets.hpp"

namespace weir::dashboard {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::array kAssets{
    Asset{"/", "text/html; charset=utf-8", "aa", "<html>", "page in gzip"},
    Asset{"/assets/app.bb.js", "text/javascript; charset=utf-8", "bb", "code", "code in gzip"},
};
constexpr std::string_view kBrowser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

using Extra = std::initializer_list<std::pair<std::string_view, std::string_view>>;

std::optional<Page> ask(std::string target, Extra fields = {}, std::string method = "GET") {
  http::RequestHead head{.method = std::move(method), .target = std::move(target), .fields = {}};
  for (const auto& [name, value] : fields) head.fields.add(name, value);
  return answer_from(kAssets, head);
}

std::string_view field(const std::optional<Page>& page, std::string_view name) {
  return page ? page->head.fields.get(name) : "no page";
}

TEST(Dashboard, ABrowserGetsThePageAndWhoeverWantsAnythingElseDoesNot) {
  const auto page = ask("/", {{"accept", kBrowser}});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->head.status, 200);
  EXPECT_EQ(page->body, "<html>");
  EXPECT_EQ(field(page, "content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(ask("/?x=1", {{"accept", "Text/HTML"}})->body, "<html>");
  for (const std::string_view accept : {"", "*/*", "application/json", "text/html;q=0", "text/html; q=0.0"})
    EXPECT_FALSE(ask("/", {{"accept", accept}})) << accept;
  EXPECT_TRUE(ask("/", {{"accept", "text/html;q=0.1"}}));
}

TEST(Dashboard, OnlyItsOwnPathsAreAnswered) {
  EXPECT_TRUE(ask("/assets/app.bb.js"));
  for (const char* target :
       {"/assets/app.aa.js", "/assets/", "/assets/../app.bb.js", "/index.html", "/v1/models"})
    EXPECT_FALSE(ask(target, {{"accept", kBrowser}})) << target;
  EXPECT_FALSE(ask("/assets/app.bb.js", {}, "POST"));
  EXPECT_TRUE(ask("/assets/app.bb.js", {}, "HEAD"));
}

TEST(Dashboard, ItIsCompressedForWhoeverTakesThat) {
  const auto zipped = ask("/assets/app.bb.js", {{"accept-encoding", "br, gzip;q=0.5"}});
  EXPECT_EQ(zipped->body, "code in gzip");
  EXPECT_EQ(field(zipped, "content-encoding"), "gzip");
  for (const std::string_view encoding : {"", "identity", "gzip;q=0", "br"}) {
    const auto plain = ask("/assets/app.bb.js", {{"accept-encoding", encoding}});
    EXPECT_EQ(plain->body, "code") << encoding;
    EXPECT_EQ(field(plain, "content-encoding"), "") << encoding;
    EXPECT_THAT(field(plain, "vary"), HasSubstr("accept-encoding"));
  }
}

TEST(Dashboard, WhoeverHasItIsToldSoAndSentNothing) {
  for (const std::string_view encoding : {"", "gzip"}) {
    const auto first = ask("/", {{"accept", kBrowser}, {"accept-encoding", encoding}});
    const std::string tag(field(first, "etag"));
    for (const std::string& known : {tag, "\"other\", " + tag, "W/" + tag, std::string("*")}) {
      const auto again =
          ask("/", {{"accept", kBrowser}, {"accept-encoding", encoding}, {"if-none-match", known}});
      EXPECT_EQ(again->head.status, 304) << known;
      EXPECT_EQ(again->body, "");
      EXPECT_EQ(field(again, "etag"), tag);
    }
    EXPECT_EQ(ask("/", {{"accept", kBrowser}, {"if-none-match", "\"other\""}})->head.status, 200);
  }
  // The two forms are two things to a cache.
  EXPECT_NE(field(ask("/assets/app.bb.js"), "etag"),
            field(ask("/assets/app.bb.js", {{"accept-encoding", "gzip"}}), "etag"));
}

TEST(Dashboard, ThePageIsLookedAtEachTimeAndWhatItNamesIsKept) {
  EXPECT_EQ(field(ask("/", {{"accept", kBrowser}}), "cache-control"), "no-cache");
  EXPECT_THAT(field(ask("/assets/app.bb.js"), "cache-control"), HasSubstr("immutable"));
}

TEST(Dashboard, NothingOfOthersRunsInItAndNobodyFramesIt) {
  const auto page = ask("/", {{"accept", kBrowser}});
  const std::string_view policy = field(page, "content-security-policy");
  EXPECT_THAT(policy,
              HasSubstr("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"));
  EXPECT_THAT(policy, HasSubstr("base-uri 'none'; form-action 'none'; frame-ancestors 'none'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_EQ(field(page, "x-content-type-options"), "nosniff");
  EXPECT_EQ(field(page, "referrer-policy"), "no-referrer");
}

}  // namespace
}  // namespace weir::dashboard
