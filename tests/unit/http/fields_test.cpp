#include "weir/http/fields.hpp"

#include <gtest/gtest.h>

#include <string>

#include "weir/http/filter.hpp"

namespace weir::http {
namespace {

TEST(Fields, NamesAreLowerCaseAndValuesTrimmed) {
  Fields fields;
  fields.add("X-Request-ID", " \t abc \t");
  ASSERT_EQ(fields.size(), 1U);
  EXPECT_EQ(fields[0].name, "x-request-id");
  EXPECT_EQ(fields[0].value, "abc");
  EXPECT_EQ(fields.get("x-request-id"), "abc");
}

TEST(Fields, OnlyCapitalsChangeWhereverTheyStand) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool capital = byte >= 'A' && byte <= 'Z';
    const char low = capital ? static_cast<char>(c + 32) : c;
    for (std::size_t before = 0; before < 18; ++before) {
      Fields fields;
      fields.add(std::string(before, 'Z') + c + "@[", "V");
      EXPECT_EQ(fields[0].name, std::string(before, 'z') + low + "@[") << byte << " at " << before;
      EXPECT_EQ(fields[0].value, "V");
    }
  }
}

TEST(Fields, KeepOrderAndFindTheFirst) {
  Fields fields;
  fields.add("a", "1");
  fields.add("b", "2");
  fields.add("A", "3");
  EXPECT_EQ(fields.get("a"), "1");
  EXPECT_EQ(fields.count("a"), 2U);
  EXPECT_EQ(fields[2].value, "3");
  EXPECT_FALSE(fields.find("c").has_value());
  EXPECT_EQ(fields.get("c"), "");
}

TEST(Fields, AnEmptyValueIsNotAMissingField) {
  Fields fields;
  fields.add("x", "   ");
  ASSERT_TRUE(fields.find("x").has_value());
  EXPECT_EQ(*fields.find("x"), "");
}

TEST(Fields, ClearedAndFilledAgainNothingOfTheOldRemains) {
  Fields fields;
  fields.add("authorization", "Bearer secret");
  fields.clear();
  EXPECT_TRUE(fields.empty());
  fields.add("host", "localhost");
  EXPECT_EQ(fields.size(), 1U);
  EXPECT_EQ(fields.get("authorization"), "");
  EXPECT_EQ(fields.get("host"), "localhost");
}

TEST(Filter, NothingThatIdentifiesTheClientGoesUp) {
  const Fields request;
  EXPECT_TRUE(passes_upstream("traceparent", request));
  for (const char* name : {"authorization",
                           "x-api-key",
                           "cookie",
                           "host",
                           "connection",
                           "transfer-encoding",
                           "content-length",
                           "accept-encoding",
                           "forwarded",
                           "x-forwarded-for",
                           "x-weir-provider",
                           "x-weir-no-training",
                           "x-weir-no-cache",
                           "x-weir-priority",
                           "x-weir-timeout-ms",
                           "origin",
                           "openai-organization",
                           "user-agent",
                           "x-request-id",
                           "expect",
                           "te",
                           "upgrade",
                           "proxy-authorization",
                           ""}) {
    EXPECT_FALSE(passes_upstream(name, request)) << name;
  }
}

TEST(Filter, WhatConnectionNamesIsForUsAlone) {
  Fields request;
  request.add("connection", "keep-alive ,Trace-Context");
  request.add("connection", "close, TraceParent");
  EXPECT_FALSE(passes_upstream("traceparent", request));
  EXPECT_TRUE(passes_upstream("tracestate", request));
}

TEST(Filter, NoFramingCookieOrLimitOfAProviderComesDown) {
  EXPECT_TRUE(passes_downstream("content-type"));
  for (const char* name :
       {"set-cookie", "connection", "transfer-encoding", "content-length", "content-encoding", "server",
        "date", "access-control-allow-origin", "x-ratelimit-remaining-requests", "retry-after",
        "x-request-id", "strict-transport-security", "alt-svc", "location", "www-authenticate", ""}) {
    EXPECT_FALSE(passes_downstream(name)) << name;
  }
}

}  // namespace
}  // namespace weir::http
