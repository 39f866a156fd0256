#include "weir/telemetry/request_ring.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "unit/telemetry/records.hpp"

namespace weir::telemetry {
namespace {

using test::make_record;

std::vector<std::string> ids(const std::vector<RequestRecord>& records) {
  std::vector<std::string> out;
  for (const RequestRecord& record : records) out.push_back(record.request_id);
  return out;
}

TEST(RequestRing, TheNewestStandsFirst) {
  RequestRing ring(10);
  for (const char* id : {"a", "b", "c"}) ring.put(make_record(id));
  EXPECT_EQ(ids(ring.last(10)), (std::vector<std::string>{"c", "b", "a"}));
  EXPECT_EQ(ids(ring.last(2)), (std::vector<std::string>{"c", "b"}));
}

TEST(RequestRing, ForgetsTheOldest) {
  RequestRing ring(2);
  for (const char* id : {"a", "b", "c"}) ring.put(make_record(id));
  EXPECT_EQ(ids(ring.last(10)), (std::vector<std::string>{"c", "b"}));
  EXPECT_EQ(ring.written(), 3U);
}

TEST(RequestRing, TellsWhatCameSince) {
  RequestRing ring(10);
  ring.put(make_record("a"));
  const std::uint64_t seen = ring.written();
  EXPECT_TRUE(ring.last(10, seen).empty());
  ring.put(make_record("b"));
  EXPECT_EQ(ids(ring.last(10, seen)), (std::vector<std::string>{"b"}));
}

TEST(RequestRing, ChoosesBeforeItCounts) {
  RequestRing ring(10);
  for (const char* id : {"a", "b", "a"}) ring.put(make_record(id));
  const auto is_b = [](const RequestRecord& record) { return record.request_id == "b"; };
  EXPECT_EQ(ids(ring.last(1, 0, is_b)), (std::vector<std::string>{"b"}));
}

TEST(RequestRing, LongNamesAndTrailsAreCut) {
  RequestRing ring(1);
  RequestRecord record = make_record(std::string(5000, 'i'));
  record.model = std::string(5000, 'm');
  record.attempts.resize(100);
  ring.put(std::move(record));
  const auto kept = ring.last(1);
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].request_id.size(), 200U);
  EXPECT_EQ(kept[0].model.size(), 200U);
  EXPECT_EQ(kept[0].attempts.size(), 16U);
}

TEST(RequestRing, ManyWriteWhileOneReads) {
  constexpr int kEach = 5000;
  RequestRing ring(50);
  std::atomic<int> writing{3};
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 3; ++writer)
    writers.emplace_back([&ring, &writing] {
      for (int i = 0; i < kEach; ++i) ring.put(make_record("a request's id that is longer than a short one"));
      --writing;
    });
  while (writing > 0)
    for (const RequestRecord& record : ring.last(50))
      EXPECT_EQ(record.request_id, "a request's id that is longer than a short one");
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(ring.written(), 3U * kEach);
  EXPECT_EQ(ring.last(100).size(), 50U);
}

}  // namespace
}  // namespace weir::telemetry
