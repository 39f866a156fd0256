#include <gmock/gmock.h>

#include <atomic>
#include <string>

#include "gateway_fixture.hpp"

namespace weir::test {
namespace {

using namespace std::chrono_literals;

constexpr providers::Preset kWithList = [] {
  providers::Preset preset = kBlankPreset;
  preset.endpoints =
      providers::endpoints_of({providers::Endpoint::chat_completions, providers::Endpoint::models});
  return preset;
}();

// A provider whose model is there or not, and in its list or not, as the test says.
struct ModelGone : GatewayTest {
  ModelGone()
      : provider([this](RawConnection& peer) {
          while (const auto request = peer.read_request()) peer.send(answer_to(request->line()));
        }) {}
  ~ModelGone() override { stop(); }

  void start_it() {
    providers::Provider one = provider_at("one", provider.port());
    one.preset = &kWithList;
    start({one});
    take_turns(*loop_);
    idle_tasks = loop_->tasks();
  }
  std::string answer_to(std::string_view line) {
    if (!line.starts_with("GET /v1/models ")) {
      ++chats;
      return there ? RawProvider::answer(200, kGoodAnswer)
                   : RawProvider::answer(404, R"({"error":{"message":"gone","code":"model_not_found"}})");
    }
    ++lists;
    if (list_broken) return RawProvider::answer(500, "<html>");
    return RawProvider::answer(200,
                               listed ? R"({"data":[{"id":"x"},{"id":"upstream-m"}]})" : R"({"data":[]})");
  }
  // So many lists have been asked for, and what they say has been heard.
  void expect_lists(int count) {
    EXPECT_TRUE(eventually([&] { return lists == count && loop_->tasks() == idle_tasks; })) << lists;
  }

  std::size_t idle_tasks = 0;
  std::atomic<int> chats = 0;
  std::atomic<int> lists = 0;
  std::atomic<bool> there = false;
  std::atomic<bool> listed = false;
  std::atomic<bool> list_broken = false;
  RawProvider provider;
};

TEST_F(ModelGone, AnUnlistedModelIsAskedForInTheListAndByNoRequest) {
  start_it();
  EXPECT_NE(ask().status, 200);
  EXPECT_EQ(chats, 1);
  EXPECT_THAT(ask().body, testing::HasSubstr("no longer has this model"));
  expect_lists(1);
  for (int hours = 0; hours < 24; ++hours) {
    advance(1h);
    const int before = lists;
    EXPECT_NE(ask().status, 200);
    expect_lists(before + 1);
  }
  EXPECT_EQ(chats, 1);
}

TEST_F(ModelGone, OneThatIsListedAgainServesWithTheNextRequest) {
  start_it();
  EXPECT_NE(ask().status, 200);
  EXPECT_NE(ask().status, 200);
  expect_lists(1);
  there = listed = true;
  advance(5min);
  EXPECT_NE(ask().status, 200);  // begins the look
  expect_lists(2);
  EXPECT_EQ(ask().status, 200);
}

// Some providers list what they don't serve: a listing alone sends no request more than there would have
// been.
TEST_F(ModelGone, OneThatWasListedAllTheTimeIsProbedEverMoreSeldom) {
  listed = true;
  start_it();
  EXPECT_NE(ask().status, 200);
  for (int minutes = 0; minutes < 120; minutes += 5) {
    EXPECT_NE(ask().status, 200);
    EXPECT_TRUE(eventually([&] { return loop_->tasks() == idle_tasks; }));
    advance(5min);
  }
  EXPECT_EQ(chats, 4);  // and after 10, 30 and 70 minutes
}

TEST_F(ModelGone, AListThatCannotBeReadSaysNothing) {
  list_broken = true;
  start_it();
  EXPECT_NE(ask().status, 200);
  EXPECT_NE(ask().status, 200);
  expect_lists(1);
  there = true;
  advance(10min);
  EXPECT_EQ(ask().status, 200);
}

}  // namespace
}  // namespace weir::test
