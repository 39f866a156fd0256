#include "app/raw_answer.hpp"

#include <gtest/gtest.h>

namespace weir::app {
namespace {

TEST(RawAnswerTest, HeadsOfInterimAnswersAndOfAProxysTunnelAreSkipped) {
  for (const char* before : {"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 Connection established\r\n\r\n",
                             "HTTP/1.0 200 OK\r\nproxy-agent: x\r\n\r\nHTTP/2 103\r\nlink: y\r\n\r\n"}) {
    const auto answer = read_raw_answer(std::string(before) + "HTTP/2 429 \r\nretry-after: 7\r\n\r\n{}");
    ASSERT_TRUE(answer) << before;
    EXPECT_EQ(answer->status, 429) << before;
    EXPECT_EQ(answer->fields.get("retry-after"), "7");
    EXPECT_FALSE(answer->fields.get("proxy-agent") == "x");
    EXPECT_EQ(answer->body, "{}");
  }
}

TEST(RawAnswerTest, ABodyThatOnlySpeaksOfHttpIsABody) {
  const auto answer = read_raw_answer("HTTP/1.1 502 Bad Gateway\n\nHTTP/1.1 is all that I speak");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 502);
  EXPECT_EQ(answer->body, "HTTP/1.1 is all that I speak");
}

TEST(RawAnswerTest, WhatComesAfterAnInterimAnswerMustBeAnAnswer) {
  EXPECT_FALSE(read_raw_answer("HTTP/1.1 100 Continue\r\n\r\n{}"));
}

}  // namespace
}  // namespace weir::app
