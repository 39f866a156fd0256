#include <gmock/gmock.h>

#include <array>
#include <set>

#include "component/gateway/gateway_fixture.hpp"

namespace weir::test {
namespace {

using namespace std::chrono_literals;

// A conversation that begins with that question, after so many turns; `more` are members of the request.
std::string turns(std::string_view question, int count, std::string_view more = "") {
  std::string body = R"({"model":"smart",)" + std::string(more) +
                     R"("messages":[{"role":"user","content":")" + std::string(question) + R"("})";
  for (int i = 1; i < count; ++i)
    body += R"(,{"role":"assistant","content":"a)" + std::to_string(i) + R"("},{"role":"user","content":"q)" +
            std::to_string(i) + R"("})";
  return body + "]}";
}

constexpr std::array<std::string_view, 8> kQuestions{"one",  "two", "three", "four",
                                                     "five", "six", "seven", "eight"};

// Two providers that are drawn by chance, each about as often.
class StickyConversation : public GatewayTest {
 protected:
  StickyConversation() { chance_ = {0.0, 0.6, 0.2, 0.9, 0.4, 0.7, 0.1}; }
  void start_two(std::vector<quota::Limit> first_limits = {}) {
    first_limits_ = std::move(first_limits);
    start_with(settings());
  }
  gateway::Settings settings() {
    gateway::Settings out = settings_for(
        {provider_at("first", first_.port(), first_limits_), provider_at("second", second_.port())});
    out.routes[0].strategy = routing::Strategy::weighted;
    out.routing.sticky = sticky_;
    return out;
  }
  std::string served(std::string_view body, std::string_view fields = "") {
    return chat(body, fields).field("x-weir-served-by");
  }
  // By whom so many requests are served.
  std::set<std::string> served_times(int times, std::string_view body) {
    std::set<std::string> by;
    for (int i = 0; i < times; ++i) by.insert(served(body));
    return by;
  }

  // A question whose conversation has begun with that provider.
  std::string_view begun_at(std::string_view target) {
    for (const std::string_view question : kQuestions)
      if (served(turns(question, 1)) == target) return question;
    ADD_FAILURE() << "no conversation began at " << target;
    return "";
  }

  routing::Sticky sticky_ = routing::Sticky::conversation;
  std::vector<quota::Limit> first_limits_;
  RawProvider first_{serves()};
  RawProvider second_{serves()};
};

TEST_F(StickyConversation, StaysWithItsTargetHoweverItGrows) {
  start_two();
  std::set<std::string> all;
  for (const std::string_view question : kQuestions) {
    std::set<std::string> by;
    for (int count = 1; count < 6; ++count) by.insert(served(turns(question, count)));
    EXPECT_EQ(by.size(), 1U) << question;
    all.insert(by.begin(), by.end());
  }
  EXPECT_EQ(all.size(), 2U);  // and yet they are spread
}

TEST_F(StickyConversation, IsSpreadLikeAnyRequestWhereThatIsOff) {
  sticky_ = routing::Sticky::off;
  start_two();
  EXPECT_EQ(served_times(8, turns("one", 1)).size(), 2U);
}

TEST_F(StickyConversation, IsKnownByItsPromptCacheKey) {
  start_two();
  std::set<std::string> by;
  for (const std::string_view question : kQuestions)
    by.insert(served(turns(question, 1, R"("prompt_cache_key":"k",)")));
  EXPECT_EQ(by.size(), 1U);
}

TEST_F(StickyConversation, MovesWhereItsTargetHasNoRoomAndStaysThere) {
  start_two({requests_per_minute(2)});
  const std::string_view question = begun_at("first/m");
  EXPECT_EQ(served(turns(question, 2)), "first/m");
  EXPECT_EQ(served(turns(question, 3)), "second/m");
  advance(61s);
  for (int count = 4; count < 10; ++count) EXPECT_EQ(served(turns(question, count)), "second/m");
}

TEST_F(StickyConversation, IsForgottenTenMinutesAfterItWasServedLast) {
  start_two();
  const std::string first = served(turns("one", 1));
  for (int i = 0; i < 3; ++i) {
    advance(9min);
    EXPECT_EQ(served(turns("one", 1)), first);
  }
  advance(10min);
  std::set<std::string> by;
  for (int i = 0; i < 8; ++i) {
    by.insert(served(turns("one", 1)));
    advance(10min);
  }
  EXPECT_EQ(by.size(), 2U);
}

TEST_F(StickyConversation, OutlivesAReload) {
  start_two();
  for (const std::string_view question : {"one", "two", "three"}) {
    const std::string before = served(turns(question, 1));
    gateway_->configure(settings());
    EXPECT_EQ(served(turns(question, 2)), before);
  }
}

TEST_F(StickyConversation, OfOneClientIsNotAnothers) {
  gateway::Settings two = settings();
  two.client_keys = {{.name = "a", .digest = sha256("ka"), .models = {"*"}},
                     {.name = "b", .digest = sha256("kb"), .models = {"*"}}};
  start_with(std::move(two));
  int apart = 0;
  for (const std::string_view question : kQuestions) {
    const std::string of_a = served(turns(question, 1), "authorization: Bearer ka\r\n");
    const std::string of_b = served(turns(question, 1), "authorization: Bearer kb\r\n");
    apart += of_a == of_b ? 0 : 1;
    EXPECT_EQ(served(turns(question, 2), "authorization: Bearer ka\r\n"), of_a);
    EXPECT_EQ(served(turns(question, 2), "authorization: Bearer kb\r\n"), of_b);
  }
  EXPECT_GT(apart, 0);
}

TEST_F(StickyConversation, GoesOnWhereItFellBackTo) {
  RawProvider fails(answers(500, "{}"));
  gateway::Settings settings =
      settings_for({provider_at("fails", fails.port()), provider_at("second", second_.port())});
  settings.routes[0].strategy = routing::Strategy::weighted;
  start_with(std::move(settings));
  std::string_view question;
  for (std::size_t i = 0; i < kQuestions.size() && fails.requests() == 0; ++i) {
    question = kQuestions[i];
    EXPECT_EQ(served(turns(question, 1)), "second/m");
  }
  ASSERT_EQ(fails.requests(), 1U);
  for (int count = 2; count < 9; ++count) EXPECT_EQ(served(turns(question, count)), "second/m");
  EXPECT_EQ(fails.requests(), 1U);
}

}  // namespace
}  // namespace weir::test
