#include "weir/wire/sse.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::wire {
namespace {

struct Seen {
  std::vector<std::string> data;  // of events that have any
  std::vector<std::string> raw;
  std::string rest;
};

Seen feed_in(const std::vector<std::string_view>& pieces) {
  SseFramer framer;
  Seen seen;
  for (const std::string_view piece : pieces) {
    EXPECT_TRUE(framer.feed(piece));
    while (const auto event = framer.next()) {
      seen.raw.emplace_back(event->raw);
      if (!event->data.empty()) seen.data.emplace_back(event->data);
    }
  }
  seen.rest = framer.rest();
  return seen;
}

std::string joined(const Seen& seen) {
  std::string all;
  for (const std::string& raw : seen.raw) all += raw;
  return all + seen.rest;
}

TEST(SseFramer, HandsOutEventsAsTheyCame) {
  const Seen seen = feed_in({"data: {\"a\":1}\n\n: PING\n\ndata: [DONE]\n\ndata: half"});
  EXPECT_EQ(seen.raw, (std::vector<std::string>{"data: {\"a\":1}\n\n", ": PING\n\n", "data: [DONE]\n\n"}));
  EXPECT_EQ(seen.data, (std::vector<std::string>{"{\"a\":1}", "[DONE]"}));
  EXPECT_EQ(seen.rest, "data: half");
}

TEST(SseFramer, ReadsTheDataLinesAsTheStandardSays) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> rows = {
      {"data:x\n\n", {"x"}},
      {"data: x\n\n", {"x"}},
      {"data:  x \n\n", {" x "}},
      {"data: a\ndata: b\ndata:c\n\n", {"a\nb\nc"}},
      {"data: a\ndata\ndata: b\n\n", {"a\n\nb"}},
      {"event: error\nid: 1\nretry: 5\ndata: x\n: note\n\n", {"x"}},
      {"data: a\n:\nx\ndata: b\n\n", {"a\nb"}},
      {"data\n\n", {}},
      {"data:\n\n", {}},
      {": data: no\n\n", {}},
      {"database: x\n\n", {}},
      {"Data: x\n\n", {}},
      {" data: x\n\n", {}},
      {"\n\n\ndata: x\n\n", {"x"}},
      {"\xEF\xBB\xBF"
       "data: x\n\ndata: y\n\n",
       {"x", "y"}},
      {"data: x\n\n\xEF\xBB\xBF"
       "data: y\n\n",
       {"x", "y"}},
      {"data: a: b\n\n", {"a: b"}},
      {"data: x\n", {}},
  };
  for (const auto& [text, data] : rows) EXPECT_EQ(feed_in({text}).data, data) << text;
}

// A client's SDK would take one for a part of the first field's name, and miss the event.
TEST(SseFramer, TakesByteOrderMarksOffEvents) {
  const std::string mark = "\xEF\xBB\xBF";
  const std::vector<std::string> expected = {"data: x\n\n", ": y\r\r", "data: z\n\n", "\n\n"};
  EXPECT_EQ(feed_in({mark.substr(0, 2), mark.substr(2) + mark, "data: x\n\n" + mark + ": y\r\r",
                     "\n" + mark + "data: z\n\n" + mark + "\n\n"})
                .raw,
            expected);
}

// The same events, wherever the network cuts the bytes.
TEST(SseFramer, DoesNotCareWhereTheBytesAreCut) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    const std::string mark = "\xEF\xBB\xBF";
    const std::string text = ": hello" + end + end + "data: {\"t\":\"\xE2\x82\xAC\"}" + end + end +
                             "event: x" + end + "data:a" + end + "data: b" + end + end + end +
                             "data: [DONE]" + end + end;
    const std::vector<std::string> expected = {"{\"t\":\"\xE2\x82\xAC\"}", "a\nb", "[DONE]"};
    const std::string marked = mark + text;
    const std::string_view all = marked;
    for (std::size_t i = 0; i <= all.size(); ++i) {
      for (std::size_t j = i; j <= all.size(); ++j) {
        const Seen seen = feed_in({all.substr(0, i), all.substr(i, j - i), all.substr(j)});
        ASSERT_EQ(seen.data, expected) << i << " " << j;
        ASSERT_EQ(joined(seen), text);
      }
    }
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < all.size(); ++i) bytes.push_back(all.substr(i, 1));
    EXPECT_EQ(feed_in(bytes).data, expected);
  }
}

TEST(SseFramer, TakesMixedLineEnds) {
  EXPECT_EQ(feed_in({"data: a\r\n\ndata: b\n\r\ndata: c\r\rdata: d\n\r\r\n"}).data,
            (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(feed_in({"data: a\r", "\ndata: b\r", "\n\r", "\n"}).data, (std::vector<std::string>{"a\nb"}));
}

TEST(SseFramer, EndsAnEventAtItsCarriageReturnWithoutWaiting) {
  SseFramer framer;
  ASSERT_TRUE(framer.feed("data: a\r\n\r"));
  ASSERT_TRUE(framer.next());
  EXPECT_EQ(framer.rest(), "");
  ASSERT_TRUE(framer.feed("\ndata: b\r\n\r\n"));
  const auto event = framer.next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->raw, "\ndata: b\r\n\r\n");
  EXPECT_EQ(event->data, "b");
}

TEST(SseFramer, TakesEventsUpToTheirLimitAndNoFurther) {
  SseFramer framer;
  const std::string piece(1U << 20U, 'x');
  ASSERT_TRUE(framer.feed("data: a\n\n"));
  ASSERT_TRUE(framer.next());
  for (int i = 0; i < 16; ++i) {
    ASSERT_TRUE(framer.feed(piece));
    ASSERT_FALSE(framer.next());
  }
  const auto refused = framer.feed("x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::upstream_protocol);
}

// Not timed: a scan from the event's beginning for each piece would not end within the test's time-out.
TEST(SseFramer, StaysLinearInALongEvent) {
  SseFramer framer;
  const std::string piece(64, 'x');
  for (int i = 0; i < 200'000; ++i) {
    ASSERT_TRUE(framer.feed(piece));
    ASSERT_FALSE(framer.next());
  }
  ASSERT_TRUE(framer.feed("\n\n"));
  EXPECT_EQ(framer.next()->raw.size(), 200'000U * 64 + 2);
}

}  // namespace
}  // namespace weir::wire
